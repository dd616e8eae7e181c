"""Writes parity/ps_mt_*.json: training steps of PS-MT in double precision, by PyTorch, and how far its single precision strays.

    python3 tests/golden/parity_ps_mt_cases.py && deno fmt tests/golden/parity    # all files
    python3 tests/golden/parity_ps_mt_cases.py CASE.json OUT.json                 # one of one's own; CASE.json needs only "case"

Written from the method's description alone, on the network of parity_cases.py. It reproduces the published cases' losses to 1e-8.
"""
import math

import numpy as np
import torch
import torch.nn.functional as F

from parity_cases import Net, hashed, image, labels, main

NETS = ("student", "teacher1", "teacher2")


class Three(Net):
    """A student and two teachers, each with weights by its own names; output stride 16 whatever the classes."""

    def __init__(self, case, dtype):
        case = dict(dict(backbone="resnet50", residual_gamma=1, buffers="unit"), **case)
        super().__init__({**case, "mapping": "second"}, dtype)
        self.city, self.p, self.buf, self.counts, salt = False, {}, {}, {}, case["salt"]
        self.K = 19 if case["dataset"] == "cityscapes" else 21
        for pre in NETS: self.branch(pre + ".", mapping=False)
        self.counts = {pre: [0, 0] for pre in NETS}
        with torch.no_grad():
            for name, v in self.p.items():
                if name.endswith("bn3.weight"):
                    u = hashed(salt, name, np.arange(v.numel()))
                    v.copy_(torch.from_numpy((case["residual_gamma"] * (1 + 0.1 * (2 * u - 1))).astype(np.float32)))
            for name, v in self.buf.items():
                if case["buffers"] != "hash": continue
                u = hashed(salt, name, np.arange(v.numel()))
                v.copy_(torch.from_numpy((0.1 * (2 * u - 1) if name.endswith("mean") else 0.75 + 0.5 * u).astype(np.float32)))

    def encode(self, pre, x):
        """What enters the fuse convolutions."""
        self.counts[pre][0] += self.training
        low, high = self.taps(pre + ".", x)
        return self.features(pre + ".", low, high)

    def features(self, pre, low, high):
        h, rates = pre + "head.", [1, 2, 3] if self.small else [6, 12, 18]
        feats = [self.n(self.c(high, h + "b0.0"), h + "b0.1")]
        for i, d in enumerate(rates): feats.append(self.n(self.c(high, f"{h}b{i + 1}.0", 1, d), f"{h}b{i + 1}.1"))
        g = self.n(self.c(high.mean((2, 3), keepdim=True), h + "b4.gap.1"), h + "b4.gap.2")
        feats.append(g.expand(-1, -1, *high.shape[2:]))
        y = self.n(self.c(torch.cat(feats, 1), h + "project.0"), h + "project.1")
        y = F.interpolate(y, low.shape[2:], mode="bilinear", align_corners=True)
        return torch.cat([self.n(self.c(low, pre + "reduce.0"), pre + "reduce.1"), y], 1)

    def decode(self, pre, f, S):
        self.counts[pre][1] += self.training
        pre = pre + "."
        y = self.n(self.c(f, pre + "fuse.0"), pre + "fuse.1")
        y = self.n(self.c(y, pre + "fuse.3"), pre + "fuse.4")
        return F.interpolate(self.c(y, pre + "classifier"), (S, S), mode="bilinear", align_corners=True)

    def see(self, pre, x, training=True):
        self.training = training
        return self.decode(pre, self.encode(pre, x), x.shape[2])

    def of(self, pre):
        return {name: v for name, v in self.p.items() if name.startswith(pre + ".")}


def length(v): return v.flatten(1).norm(dim=1)


def unit(v, scale=1):
    return scale * v / (length(v).view(-1, 1, 1, 1) + 1e-8)


def adversary(net, f, name, case):
    """Where both teachers' decoders, as they are evaluated, change most."""
    S, x = case["size"], f.detach()
    net.training = False
    look = lambda v: (net.decode("teacher1", v, S) + net.decode("teacher2", v, S)) / 2
    with torch.no_grad(): q = look(x).softmax(1)
    u = hashed(case["salt"], name, np.arange(x.numel())).astype(np.float32)
    d = unit(torch.from_numpy(u).to(x.dtype).view(x.shape) - 0.5).requires_grad_()
    p = look(x + case["xi"] * d).log_softmax(1)
    g, = torch.autograd.grad((q * (q.log() - p)).sum() / len(x), d)
    net.training = True
    return unit(g, case["eps"])


def boxes(case, t):
    """Masks of the boxes, each with the partner of every image."""
    B, S, salt = case["batch"], case["size"], case["salt"]
    u = lambda name: lambda i: float(hashed(salt, f"{name}:{t}", np.array([i]))[0])
    if case["dataset"] == "pascal":
        m, half, low = np.zeros((B, S, S), bool), int(S * math.sqrt(1 - case["lambda"][t])) // 2, int(S / 8)
        for b in range(B):
            y, x = (low + int(u(name)(b) * (S - low)) for name in ("cx", "cy"))
            m[b, max(y - half, 0):min(y + half, S), max(x - half, 0):min(x + half, S)] = True
        return [(m, case["permutation"])]
    out = []
    for n in range(3):
        m, partners = np.zeros((B, S, S), bool), []
        for b in range(B):
            i = 3 * b + n
            a = 0.25 + 0.25 * u("area")(i)
            one = math.exp(u("aspect")(i) * math.log(a))
            w, h = (round(v * math.sqrt(1 / 3) * S) for v in (one, a / one))
            x, y = round((S - w) * u("place")(2 * i)), round((S - h) * u("place")(2 * i + 1))
            m[b, y:y + h, x:x + w] = True
            partners.append(int(u("partner")(n * B + b) * B))
        out.append((m, partners))
    return out


def mixed(v, pasted):
    out = v
    for m, partners in pasted: out = torch.where(torch.from_numpy(m)[:, None], v[list(partners)], out)
    return out


def sgd(net, names, moments, rate, decay):
    with torch.no_grad():
        for name in names:
            p = net.p[name]
            g = p.grad + (decay * p if p.dim() == 4 else 0)
            v = moments[name] = g if name not in moments else 0.9 * moments[name] + g
            p -= rate * v
            p.grad = None


def run(case, dtype):
    net = Three(case, dtype)
    B, S, salt, K = case["batch"], case["size"], case["salt"], net.K
    T = lambda name, n=B: torch.from_numpy(image(salt, name, n, S)).to(dtype)
    Y = lambda name: torch.from_numpy(labels(salt, name, B, S, K))
    entries = lambda name, v, n: [float(q) for q in v.detach().reshape(-1)[
        np.floor(hashed(salt, name, np.arange(n)) * v.numel()).astype(int)]]
    out, moments = {"steps": []}, {}
    if case["warm_up"]:
        out["warm_up_losses"] = {}
        for pre in ("teacher1", "teacher2", "student"):
            own, found = {}, out["warm_up_losses"].setdefault(pre, [])
            for j in range(case["warm_up"]):
                z = net.see(pre, T(f"warm_{'strong' if pre == 'student' else 'weak'}:{j}"))
                loss = F.cross_entropy(z, Y(f"warm_mask:{j}"), ignore_index=255)
                loss.backward()
                found.append(float(loss))
                sgd(net, net.of(pre), own, case["base_lr"], case["weight_decay"])
            if pre == "student": moments = own
    total = case["epochs"] * case["iters_per_epoch"]
    for t in range(case["steps"]):
        n = (case["start_epoch"] - 1) * case["iters_per_epoch"] + t
        moving = 1 if (n // case["iters_per_epoch"] + 1) % 2 else 2
        weak, pasted = T(f"unlabelled:{t}"), boxes(case, t)
        with torch.no_grad():
            z = [net.see(f"teacher{k}", weak) for k in (1, 2)]
            core, assist = (z[moving - 1], z[2 - moving])
            top = torch.zeros_like(assist).scatter(1, assist.topk(7, 1)[1], 1) * assist
            assist = torch.where(top == 0, core, top)
            goal = mixed((core + assist) / 2, pasted)
            w, y = goal.softmax(1).max(1)
        kept = w >= case["threshold"]
        f, r, seen = {}, {}, {}
        for name, x in (("l", T(f"labelled:{t}")), ("u", mixed(T(f"strong:{t}"), pasted))):
            net.training = True
            f[name] = net.encode("student", x)
            r[name] = adversary(net, f[name], f"vat_{name}:{t}", case)
            seen[name] = net.decode("student", f[name] + r[name], S)
        sup = F.cross_entropy(seen["l"], Y(f"mask:{t}"), ignore_index=255)
        each = F.cross_entropy(seen["u"], y, reduction="none") * w
        unsup = each[kept].sum() / kept.sum() if kept.any() else 0 * each.sum()
        ramp = case["ramp_epochs"] * case["iters_per_epoch"]
        weight = case["w_unsup"] * (1 - math.cos(math.pi * min(n, ramp) / ramp)) / 2
        loss = sup + weight * unsup
        loss.backward()
        rate = case["base_lr"] * (1 - n / total) ** 0.9
        step = {"kept": int(kept.sum()), "confidence_sum": float(w.sum()), "label_sum": int(y.sum()), "total": float(loss),
                "lr": rate, "sup": float(sup), "unsup": float(unsup), "unsup_weight": weight, "teacher": moving}
        for name in f:
            step["r_norm_" + name] = length(r[name]).tolist()
            step["feature_norm_" + name] = length(f[name].detach()).tolist()
        student = net.of("student")
        if t == 0:
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in student.items()}
            out["grad_sample"] = {k: entries("sample:" + k, v.grad, 4) for k, v in student.items()}
            for name, v in (("teacher1_logits_unlabelled", z[0]), ("teacher2_logits_unlabelled", z[1]), ("assisted_logits", assist),
                            ("target_logits_mixed", goal), ("logits_labelled", seen["l"]), ("logits_unlabelled", seen["u"])):
                out[name] = entries("sample:logits", v, 64)
            for name in f:
                out["r_adv_" + name] = entries("sample:r_adv", r[name], 32)
                out["features_" + name] = entries("sample:features", f[name], 16)
        sgd(net, student, moments, rate, case["weight_decay"])
        with torch.no_grad():
            for of in (net.p, net.buf):
                for name, v in of.items():
                    if not name.startswith(f"teacher{moving}."): continue
                    v.copy_(case["ema"] * v + (1 - case["ema"]) * of["student" + name[len("teacher1"):]])
            mine, theirs = net.counts[f"teacher{moving}"], net.counts["student"]
            net.counts[f"teacher{moving}"] = [int(case["ema"] * a + (1 - case["ema"]) * b) for a, b in zip(mine, theirs)]
        step["ema_probe"] = entries("sample:ema_probe", net.p[f"teacher{moving}.classifier.weight"], 4)
        out["steps"].append(step)
    counts = {name: list(v) for name, v in net.counts.items()}
    with torch.no_grad():
        seen = {pre: net.see(pre, T("eval", 1), training=False) for pre in ("teacher1", "teacher2", "student")}
    seen["mean"] = (seen["teacher1"] + seen["teacher2"]) / 2
    for name, v in seen.items(): out["eval_logits_" + name] = entries("sample:logits", v, 64)
    for pre in NETS[1:]:
        out[pre + "_sample"] = {k: entries("sample:" + k, v, 2) for k, v in net.of(pre).items() if "conv2" not in k}
    out["buffers"] = {k: [float(v.double().sum()), *entries("sample:" + k, v, 2)] for k, v in net.buf.items()}
    out["num_batches_tracked"] = counts
    return out


def deviation(a, b):
    rel = lambda x, y: abs(x - y) / abs(x) if x else abs(y)
    many = lambda x, y: max(map(rel, x, y)) if isinstance(x, list) else y - x if isinstance(x, int) else rel(x, y)
    big = lambda x, y: max(abs(p - q) for p, q in zip(x, y)) / max(map(abs, x))
    norms = {k: rel(v, b["grad_norm"][k]) for k, v in a["grad_norm"].items()}
    # A sum of both signs is small beside what it is of.
    sums = [big(v[1:], b["buffers"][k][1:]) for k, v in a["buffers"].items()]
    samples = lambda pre: max(abs(p - q) for k, v in a[pre].items() for p, q in zip(v, b[pre][k]))
    return {
        "steps": [{k: many(v, t[k]) for k, v in s.items()} for s, t in zip(a["steps"], b["steps"])],
        "grad_norm_max_rel": max(norms.values()), "grad_norm_rel": norms, "buffers_max_rel": max(sums),
        **{pre + "_sample_max_abs": samples(pre + "_sample") for pre in NETS[1:]},
        **{k + "_max_rel": big(v, b[k]) for k, v in a.items() if isinstance(v, list) and k != "steps"},
    }


PLAIN = dict(method="ps_mt", backbone="resnet14", residual_gamma=0.25, buffers="hash", size=65, batch=4, steps=3)
# Epochs of two steps, so that a teacher moves twice; then each teacher once, at the step that is published.
CASES = {
    "ps_mt_square": dict(dataset="pascal", iters_per_epoch=2, epochs=9, start_epoch=4, warm_up=2, ramp_epochs=7, w_unsup=2.0,
                         threshold=0.14, xi=0.1, eps=3.0, ema=0.9, permutation=[1, 3, 2, 0], weight_decay=0.01, base_lr=2e-3,
                         salt="pm3/", **{"lambda": [0.42, 0.61, 0.25]}),
    "ps_mt_three_boxes": dict(dataset="cityscapes", iters_per_epoch=1, epochs=12, start_epoch=3, warm_up=0, ramp_epochs=4,
                              w_unsup=3.0, threshold=0.16, xi=1e-6, eps=2.0, ema=0.7, permutation=[2, 0, 3, 1], weight_decay=1e-4,
                              base_lr=5e-3, salt="pm1/", **{"lambda": [0.5, 0.5, 0.5]}),
}


if __name__ == "__main__":
    main(PLAIN, CASES, run, deviation)
