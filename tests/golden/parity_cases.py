"""Writes parity/*.json: training steps of CCVC in double precision, by PyTorch, and how far its single precision strays.

    python3 tests/golden/parity_cases.py && deno fmt tests/golden/parity    # all files of parity/
    python3 tests/golden/parity_cases.py CASE.json OUT.json                 # one of one's own; CASE.json needs only "case"

Written from the method's description alone, apart from Crossview's own code. It reproduces the two published cases to 1e-13.
Weights, images, labels and boxes come from the integer hash of the published cases. It takes about five minutes.
"""
import json
import math
import os
import sys

import numpy as np
import torch
import torch.nn.functional as F

# The small one is Crossview's own.
BLOCKS = {"resnet50": [3, 4, 6, 3], "resnet101": [3, 4, 23, 3], "resnet14": [1, 1, 1, 1]}
M = np.uint64(0xFFFFFFFF)


def mix(x):
    x = np.asarray(x, dtype=np.uint64) & M
    x = x ^ (x >> np.uint64(16)); x = (x * np.uint64(0x7FEB352D)) & M
    x = x ^ (x >> np.uint64(15)); x = (x * np.uint64(0x846CA68B)) & M
    return x ^ (x >> np.uint64(16))


def hashed(salt, name, index):
    h = 0x811C9DC5
    for b in (salt + name).encode("utf8"):
        h = ((h ^ b) * 0x01000193) & 0xFFFFFFFF
    return mix(np.asarray(index, dtype=np.uint64) ^ mix(h)).astype(np.float64) / 2**32


def image(salt, name, B, S):
    nb = -(-S // 8)
    b, c, y, x = np.meshgrid(np.arange(B), np.arange(3), np.arange(S), np.arange(S), indexing="ij")
    block = ((b * 3 + c) * nb + (y >> 3)) * nb + (x >> 3)
    pixel = ((b * 3 + c) * S + y) * S + x
    v = 2 * hashed(salt, name + ":block", block) - 1 + 0.5 * hashed(salt, name + ":pixel", pixel)
    return v.astype(np.float32)


def labels(salt, name, B, S, K):
    nb = -(-S // 16)
    b, y, x = np.meshgrid(np.arange(B), np.arange(S), np.arange(S), indexing="ij")
    v = hashed(salt, name, (b * nb + (y >> 4)) * nb + (x >> 4))
    return np.where(v < 0.03, 255, np.floor(v * K)).astype(np.int64)


def ignore_map(B, S):
    m = np.zeros((B, S, S), np.int64)
    if B > 1: m[1, :, S - 10:] = 255
    if B > 2: m[2, S - 7:, :] = 255
    return m


def boxes(B, S):
    m = np.zeros((B, S, S), bool)
    for b in range(B):
        m[b, 3 * b + 5:3 * b + 5 + 30 - 4 * b, 4 * b + 2:4 * b + 2 + 20 + 3 * b] = True
    return m


class Net:
    """Both branches' tensors by name; `shapes` in the order of the state dict."""

    def __init__(self, case, dtype):
        self.case, self.dtype = case, dtype
        self.city = case["dataset"] == "cityscapes"
        self.K = 19 if self.city else 21
        # The small backbone of Crossview: narrow, no multi-grid, rates 1, 2, 3.
        self.small = case["backbone"] == "resnet14"
        self.stem = (32, 32, 32) if self.small else (64, 64, 128)
        self.widths = (32, 32, 64, 64) if self.small else (64, 128, 256, 512)
        self.A, self.L = (32, 32) if self.small else (256, 48)
        self.p, self.buf = {}, {}
        for k in (1, 2):
            self.branch(f"branch{k}.", mapping=(k == 2 or case["mapping"] == "both"))

    def conv(self, name, o, i, s):
        n = o * i * s * s
        u = hashed(self.case["salt"], name + ".weight", np.arange(n))
        v = ((2 * u - 1) * math.sqrt(6 / (i * s * s))).astype(np.float32)
        self.put(name + ".weight", v.reshape(o, i, s, s))

    def put(self, name, v):
        self.p[name] = torch.from_numpy(v).to(self.dtype).requires_grad_(True)

    def bias(self, name, c):
        u = hashed(self.case["salt"], name + ".bias", np.arange(c))
        self.put(name + ".bias", (0.1 * (2 * u - 1)).astype(np.float32))

    def bn(self, name, c):
        u = hashed(self.case["salt"], name + ".weight", np.arange(c))
        self.put(name + ".weight", (1 + 0.1 * (2 * u - 1)).astype(np.float32))
        self.bias(name, c)
        self.buf[name + ".running_mean"] = torch.zeros(c, dtype=self.dtype)
        self.buf[name + ".running_var"] = torch.ones(c, dtype=self.dtype)

    def branch(self, pre, mapping):
        K, b, A = self.K, pre + "backbone.", self.A
        s0, s1, s2 = self.stem
        self.conv(b + "conv1.0", s0, 3, 3); self.bn(b + "conv1.1", s0)
        self.conv(b + "conv1.3", s1, s0, 3); self.bn(b + "conv1.4", s1)
        self.conv(b + "conv1.6", s2, s1, 3); self.bn(b + "bn1", s2)
        inp = s2
        for s, n in enumerate(BLOCKS[self.case["backbone"]]):
            w = self.widths[s]
            for i in range(n):
                q = f"{b}layer{s + 1}.{i}."
                self.conv(q + "conv1", w, inp, 1); self.bn(q + "bn1", w)
                self.conv(q + "conv2", w, w, 3); self.bn(q + "bn2", w)
                self.conv(q + "conv3", 4 * w, w, 1); self.bn(q + "bn3", 4 * w)
                if i == 0:
                    self.conv(q + "downsample.0", 4 * w, inp, 1); self.bn(q + "downsample.1", 4 * w)
                inp = 4 * w
        h = pre + "head."
        high, low, join = 4 * self.widths[3], 4 * self.widths[0], A + self.L
        self.conv(h + "b0.0", A, high, 1); self.bn(h + "b0.1", A)
        for i in (1, 2, 3):
            self.conv(f"{h}b{i}.0", A, high, 3); self.bn(f"{h}b{i}.1", A)
        self.conv(h + "b4.gap.1", A, high, 1); self.bn(h + "b4.gap.2", A)
        self.conv(h + "project.0", A, 5 * A, 1); self.bn(h + "project.1", A)
        self.conv(pre + "reduce.0", self.L, low, 1); self.bn(pre + "reduce.1", self.L)
        if mapping:
            self.conv(pre + "mapping.0", join, join, 1); self.bn(pre + "mapping.1", join)
        self.conv(pre + "fuse.0", A, join, 3); self.bn(pre + "fuse.1", A)
        self.conv(pre + "fuse.3", A, A, 3); self.bn(pre + "fuse.4", A)
        self.conv(pre + "classifier", K, A, 1); self.bias(pre + "classifier", K)

    def c(self, x, name, stride=1, dil=1, pad=None):
        w = self.p[name + ".weight"]
        y = F.conv2d(x, w, self.p.get(name + ".bias"), stride, dil * (w.shape[2] // 2), dil)
        return y

    def n(self, x, name, relu=True, add=None):
        y = F.batch_norm(x, self.buf[name + ".running_mean"], self.buf[name + ".running_var"],
                         self.p[name + ".weight"], self.p[name + ".bias"], self.training, 0.1, 1e-5)
        if add is not None: y = y + add
        if relu: y = F.relu(y)
        return y

    def one(self, pre, x):
        return self.decode(pre, *self.taps(pre, x), x.shape[2:])

    def taps(self, pre, x):
        b = pre + "backbone."
        x = self.n(self.c(x, b + "conv1.0", 2), b + "conv1.1")
        x = self.n(self.c(x, b + "conv1.3"), b + "conv1.4")
        x = self.n(self.c(x, b + "conv1.6"), b + "bn1")
        x = F.max_pool2d(x, 3, 2, 1)
        taps = []
        strides = [1, 2, 1, 1] if self.city else [1, 2, 2, 1]
        for s, n in enumerate(BLOCKS[self.case["backbone"]]):
            for i in range(n):
                if self.city:
                    d = [1, 1, 1 if i == 0 else 2, (2 if self.small else [4, 8, 16][i]) if s == 3 else 0][s]
                else:
                    d = [1, 1, 1, 1 if i == 0 else 2][s]
                st = strides[s] if i == 0 else 1
                q = f"{b}layer{s + 1}.{i}."
                r = x
                if i == 0: r = self.n(self.c(x, q + "downsample.0", st), q + "downsample.1", relu=False)
                y = self.n(self.c(x, q + "conv1"), q + "bn1")
                y = self.n(self.c(y, q + "conv2", st, d), q + "bn2")
                x = self.n(self.c(y, q + "conv3"), q + "bn3", add=r)
            taps.append(x)
        self.middle = taps[2]
        return taps[0], taps[3]

    def join(self, pre, low, high):
        """What enters the fuse convolutions."""
        h = pre + "head."
        rates = [1, 2, 3] if self.small else [12, 24, 36] if self.city else [6, 12, 18]
        feats = [self.n(self.c(high, h + "b0.0"), h + "b0.1")]
        for i, d in enumerate(rates):
            feats.append(self.n(self.c(high, f"{h}b{i + 1}.0", 1, d), f"{h}b{i + 1}.1"))
        g = high.mean((2, 3), keepdim=True)
        g = self.n(self.c(g, h + "b4.gap.1"), h + "b4.gap.2")
        feats.append(g.expand(-1, -1, *high.shape[2:]))
        y = self.n(self.c(torch.cat(feats, 1), h + "project.0"), h + "project.1")
        y = F.interpolate(y, low.shape[2:], mode="bilinear", align_corners=True)
        f = torch.cat([self.n(self.c(low, pre + "reduce.0"), pre + "reduce.1"), y], 1)
        if pre + "mapping.0.weight" in self.p:
            f = self.n(self.c(f, pre + "mapping.0"), pre + "mapping.1")
        return f

    def scores(self, pre, f):
        """Class scores at the decoder's size."""
        y = self.n(self.c(f, pre + "fuse.0"), pre + "fuse.1")
        y = self.n(self.c(y, pre + "fuse.3"), pre + "fuse.4")
        return self.c(y, pre + "classifier")

    def decode(self, pre, low, high, S):
        f = self.join(pre, low, high)
        return F.interpolate(self.scores(pre, f), S, mode="bilinear", align_corners=True), f

    def __call__(self, x, training=True):
        self.training = training
        z1, f1 = self.one("branch1.", x)
        z2, f2 = self.one("branch2.", x)
        return (z1, z2), (f1, f2)


def discrepancy(f):
    a = F.cosine_similarity(f[0].detach(), f[1], dim=1, eps=1e-6).mean()
    b = F.cosine_similarity(f[0], f[1].detach(), dim=1, eps=1e-6).mean()
    return 1 + (a + b) / 2


def weights(mode, z, tau, wc, wu):
    """Per-pixel weight of the labeling direction k = 0, 1, from logits."""
    y = [t.argmax(1) for t in z]
    out = []
    for k in (0, 1):
        conflict = y[0] != y[1]
        m = z[k].max(1)[0] > tau
        s = z[k].softmax(1).max(1)[0] > tau
        one = torch.ones_like(z[k][:, 0])
        if mode == "normal": w = torch.where(s, one, 0 * one)
        elif mode == "soft": w = torch.where(m, one, wu * one)
        elif mode == "vote": w = torch.where(conflict, wc * one, one)
        elif mode == "vote_threshold": w = torch.where(conflict & m, wc * one, one)
        elif mode == "vote_soft": w = torch.where(conflict, torch.where(m, wc * one, wu * one), one)
        else: w = one
        out.append(w)
    return out


def consistency(z, y, w, valid):
    """c_k: labels of branch k, learner 3-k; mean over the pixels that are no padding."""
    return [(F.cross_entropy(z[1 - k], y[k], reduction="none") * w[k] * valid).sum() / valid.sum() for k in (0, 1)]


def run(case, dtype):
    net = Net(case, dtype)
    B, S, salt, K = case["batch"], case["size"], case["salt"], net.K
    T = lambda a: torch.from_numpy(a).to(dtype)
    ignore = torch.from_numpy(ignore_map(B, S))
    valid = (ignore != 255).to(dtype)
    box = torch.from_numpy(boxes(B, S))
    swap = lambda t: torch.where(box if t.dim() == 3 else box[:, None], t.flip(0), t)
    momenta, out, rate = {}, {"steps": []}, case["base_lr"]
    aug = case["variant"] == "aug"
    mode, tau, wc, wu = case["mode"], case["tau"], case["w_confident"], case["w_unconfident"]
    if aug:
        if mode != "vote_threshold": wc = 1.5
        wu = 0.5
    for t in range(case["steps"]):
        xl, xw, xs = (T(image(salt, f"{n}:{t}", B, S)) for n in ("labelled", "unlabelled", "strong"))
        y = torch.from_numpy(labels(salt, f"mask:{t}", B, S, K))
        zl, fl = net(xl)
        r = {"ce1": F.cross_entropy(zl[0], y, ignore_index=255), "ce2": F.cross_entropy(zl[1], y, ignore_index=255),
             "dis_labelled": discrepancy(fl)}
        if not aug:
            zu, fu = net(xw)
            d = [a.detach() for a in zu]
            c = consistency(zu, [a.argmax(1) for a in d], weights(mode, d, tau, wc, wu), valid)
            r.update(con1=c[0], con2=c[1], dis_unlabelled=discrepancy(fu))
            total = case["w_CE"] * (r["ce1"] + r["ce2"]) / 2
            if case.get("use_con", 1): total = total + case["w_con"] * (c[0] + c[1]) / 2
            if case.get("use_dis", 1): total = total + case["w_dis"] * (r["dis_labelled"] + r["dis_unlabelled"]) / 2
        else:
            with torch.no_grad():
                ze, _ = net(xw, training=False)
            mixed_z = [swap(a) for a in ze]
            yp = [swap(a.argmax(1)) for a in ze]
            zm, fm = net(swap(xs))
            zu, fu = net(xw)
            d = [a.detach() for a in zu]
            wm = weights(mode, mixed_z if mode in ("normal", "soft") else ze, tau, wc, wu)
            wr = weights(mode, ze if mode == "vote_soft" else d, tau, wc, wu)
            cm = consistency(zm, yp, wm, (swap(ignore) != 255).to(dtype))
            cr = consistency(zu, [a.argmax(1) for a in d], wr, valid)
            r.update(con1_mix=cm[0], con2_mix=cm[1], con1_raw=cr[0], con2_raw=cr[1],
                     dis_mix=discrepancy(fm), dis_raw=discrepancy(fu))
            total = case["w_CE"] * (r["ce1"] + r["ce2"]) / 2 + case["w_con"] * (sum(cm) + sum(cr)) / 4 \
                + case["w_dis"] * (r["dis_labelled"] + (r["dis_mix"] + r["dis_raw"]) / 2) / 2
        r["total"] = total
        total.backward()
        rec = {k: float(v) for k, v in r.items()}
        if t == 0:
            a = [q.detach().argmax(1) for q in zu]
            rec["conflict_share"] = float(((a[0] != a[1]) & (ignore != 255)).sum()) / float(valid.sum())
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in net.p.items()}
            out["grad_sample"] = {}
            for k, v in net.p.items():
                i = np.floor(hashed(salt, "sample:" + k, np.arange(4)) * v.numel()).astype(int)
                out["grad_sample"][k] = [float(g) for g in v.grad.reshape(-1)[i]]
            i = np.floor(hashed(salt, "sample:logits", np.arange(64)) * zl[0].numel()).astype(int)
            for name, z in (("logits1_labelled", zl[0]), ("logits2_labelled", zl[1]), ("logits1_unlabelled", zu[0])):
                out[name] = [float(q) for q in z.detach().reshape(-1)[i]]
        with torch.no_grad():
            for name, p in net.p.items():
                m = case["lr_backbone"] if ".backbone." in name else case["lr_network"]
                g = p.grad + 1e-4 * p
                v = momenta[name] = g if name not in momenta else 0.9 * momenta[name] + g
                p -= rate * m * v
                p.grad = None
        rate = case["base_lr"] * (1 - t / case["total"]) ** 0.9
        rec["lr_next"] = rate
        out["steps"].append(rec)
    with torch.no_grad():
        z, _ = net(T(image(salt, "eval", B, S)), training=False)
    for k in (0, 1):
        out[f"eval_logits{k + 1}"] = [float(q) for q in z[k].reshape(-1)[i]]
    return out


def deviation_of(a, b, logits, evaluation):
    """How far the f32 run `b` strays from the f64 run `a`."""
    rel = lambda x, y: abs(x - y) / abs(x) if x else abs(y)
    big = lambda n: max(abs(x - y) for x, y in zip(a[n], b[n])) / max(map(abs, a[n]))
    norms = {k: rel(v, b["grad_norm"][k]) for k, v in a["grad_norm"].items()}
    return {
        "steps": [{k: rel(v, t[k]) for k, v in s.items()} for s, t in zip(a["steps"], b["steps"])],
        "grad_norm_max_rel": max(norms.values()),
        "logits_max_rel": max(map(big, logits)),
        "eval_logits_max_rel": max(map(big, evaluation)),
    }


def deviation(a, b):
    return deviation_of(a, b, ("logits1_labelled", "logits2_labelled", "logits1_unlabelled"),
                        ("eval_logits1", "eval_logits2"))


def rounded(value, digits):
    if isinstance(value, float): return float(f"%.{digits}g" % value)
    if isinstance(value, list): return [rounded(v, digits) for v in value]
    if isinstance(value, dict): return {k: rounded(v, digits) for k, v in value.items()}
    return value


def write(case, path, run=run, deviation=deviation):
    exact, single = run(case, torch.float64), run(case, torch.float32)
    record = {"case": case, "float64": rounded(exact, 10), "float32_deviation": rounded(deviation(exact, single), 3)}
    with open(path, "w") as file:
        file.write(json.dumps(record, separators=(",", ":")) + "\n")


PLAIN = dict(variant="no_aug", backbone="resnet14", dataset="pascal", mode="vote_threshold", tau=0.9, mapping="else",
             w_CE=5.0, w_con=2.0, w_dis=1.0, w_confident=2.0, w_unconfident=0.75, lr_network=10.0, lr_backbone=1.0,
             use_con=1, use_dis=1, size=65, batch=4, steps=3, total=10, base_lr=1e-06, salt="")
CASES = {
    "no_aug_normal": dict(mode="normal", tau=0.12, salt="no0/"),
    "no_aug_vote": dict(mode="vote", mapping="both", salt="vo2/"),
    "aug_soft": dict(variant="aug", mode="soft", mapping="both", salt="so1/"),
    "aug_vote": dict(variant="aug", dataset="cityscapes", mode="vote", salt="vo2/"),
    "aug_vote_soft": dict(variant="aug", dataset="cityscapes", mode="vote_soft", mapping="both", salt="vo4/"),
}


def main(plain=PLAIN, cases=CASES, run=run, deviation=deviation):
    """Runs the case of a file into another, as the command line names them; without names, all cases into `parity/`."""
    torch.set_num_threads(1)
    if len(sys.argv) == 3:
        with open(sys.argv[1]) as file: case = json.load(file)
        return write(case["case"], sys.argv[2], run, deviation)
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parity")
    for name, settings in cases.items(): write(dict(plain, **settings), os.path.join(folder, name + ".json"), run, deviation)


if __name__ == "__main__":
    main()
