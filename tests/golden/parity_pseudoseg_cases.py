"""Writes parity/pseudoseg_*.json: training steps of PseudoSeg in double precision, by PyTorch, and how far its single precision
strays.

    python3 tests/golden/parity_pseudoseg_cases.py && deno fmt tests/golden/parity    # both files
    python3 tests/golden/parity_pseudoseg_cases.py CASE.json OUT.json                 # one of one's own; CASE.json needs only "case"

Written from the method's description alone, on the network of parity_cases.py. It reproduces the losses of the published cases to 1e-8.
"""
import numpy as np
import torch
import torch.nn.functional as F

from parity_cases import Net, hashed, ignore_map, image, labels, main

PRE = "branch1."


class Tagging(Net):
    """One network of output stride 16, whatever the classes, with an image classifier and an attention."""

    def __init__(self, case, dtype):
        super().__init__({**case, "mapping": "second"}, dtype)
        self.city, self.p, self.buf, self.part = False, {}, {}, None
        self.branch(PRE, mapping=False)
        last, third, depth = 4 * self.widths[3], 4 * self.widths[2], case["attention_dim"]
        tags, attention = PRE + "image_classifier", PRE + "attention."
        self.conv(tags, self.K - 1, last, 1); self.bias(tags, self.K - 1)
        for name in ("key", "query"): self.conv(attention + name, depth, last + third, 1)
        self.conv(attention + "project.0", self.K, self.K, 1); self.bias(attention + "project.1", self.K)
        self.third = PRE + f"backbone.layer3.{[3, 4, 6, 3][2] - 1 if not self.small else 0}.bn3"

    def n(self, x, name, relu=True, add=None):
        part = "backbone" if ".backbone." in name else "head"
        share = self.part if self.part is not None else self.case["bn_momentum_" + part]
        y = F.batch_norm(x, self.buf[name + ".running_mean"], self.buf[name + ".running_var"], self.p[name + ".weight"],
                         self.p[name + ".bias"], self.training, share, self.case["bn_eps_" + part])
        if add is not None: y = y + add
        if relu: y = F.relu(y)
        if name == self.third: self.middle = y
        return y

    def encode(self, x, training=True):
        self.training = training
        low, high = self.taps(PRE, x)
        return low, self.middle, high

    def predict(self, x, training=True):
        """Class scores at the decoder's size."""
        low, _, high = self.encode(x, training)
        return self.decode(PRE, low, high, low.shape[2:])[0]

    def tag(self, high): return self.c(high.mean((2, 3), keepdim=True), PRE + "image_classifier")

    def maps(self, high, tags):
        """By gradients, as they are defined: a closed form is what is tested."""
        high = high.detach().requires_grad_(True)
        with torch.enable_grad():
            scores = self.tag(high)
            out = []
            for k in range(scores.shape[1]):
                slope, = torch.autograd.grad(scores[:, k].sum(), high, retain_graph=True)
                out.append((slope.mean((2, 3), keepdim=True) * high).sum(1))
        raw = F.relu(torch.stack(out, 1)) * tags
        return (raw / raw.amax((2, 3), keepdim=True).clamp(min=1e-5)).detach()

    def attend(self, middle, high, maps, valid):
        """`valid` at the decoder's size."""
        B, _, h, w = high.shape
        both = torch.cat([high, middle], 1).detach()
        key, query = (self.c(both, PRE + "attention." + name).flatten(2) for name in ("key", "query"))
        scores = query.transpose(1, 2) @ key / key.shape[1] ** 0.5
        v = fewer(valid, h, w).flatten(1)
        weights = scores.masked_fill(v[:, None] == 0, -1e9).softmax(2)
        weights = torch.where(v[:, :, None] == 0, torch.full_like(weights, 1 / (h * w)), weights)
        seen = (weights @ maps.flatten(2).transpose(1, 2)).transpose(1, 2).reshape(maps.shape)
        refined = seen + maps
        z = self.c(torch.cat([2 - refined.amax(1, keepdim=True), refined], 1), PRE + "attention.project.0")
        ones = torch.ones(self.K, dtype=self.dtype)
        z = F.batch_norm(z, None, None, ones, self.p[PRE + "attention.project.1.bias"], True, 0, 1e-3)
        return z, refined, weights


def fewer(m, h, w):
    """Nearest: floor(i · in / out)."""
    rows, columns = (torch.tensor([i * n // k for i in range(k)]) for n, k in ((m.shape[1], h), (m.shape[2], w)))
    return m[:, rows][:, :, columns]


def validity(case):
    """Labeled and unlabeled, the latter without and with its holes."""
    B, S, half = case["batch"], case["size"], case["cutout_half"]
    labeled, own = np.ones((B, S, S), np.int64), (ignore_map(B, S) != 255).astype(np.int64)
    labeled[3:4, :, S - 12:] = 0
    hole = np.zeros((B, S, S), bool)
    for b in range(B):
        y, x = 11 * b + 20, 50 - 9 * b
        hole[b, max(0, y - half):max(0, y + half), max(0, x - half):max(0, x + half)] = True
    return torch.from_numpy(labeled), torch.from_numpy(np.where(hole, 0, own)), torch.from_numpy(hole)


def run(case, dtype):
    net = Tagging(case, dtype)
    B, S, salt, K = case["batch"], case["size"], case["salt"], net.K
    T = lambda name: torch.from_numpy(image(salt, name, B, S)).to(dtype)
    entries = lambda name, v, n: [float(q) for q in v.detach().reshape(-1)[
        np.floor(hashed(salt, "sample:" + name, np.arange(n)) * v.numel()).astype(int)]]
    v_l, v_u, hole = validity(case)
    h4 = (S - 1) // 4 + 1
    tags_of = lambda y: torch.stack([torch.tensor([float((own == k).any()) for k in range(1, K)]) for own in y]).to(dtype)[:, :, None, None]
    decaying = [k for k, v in net.p.items() if v.dim() == 4 and ".attention." not in k]
    if case["warm"]:
        net.part = 1
        with torch.no_grad(): net.predict(T("warm"))
        net.part = None
    start = {k: v.detach().clone() for k, v in net.p.items()}
    momenta, out = {}, {"steps": []}
    for t in range(case["steps"]):
        y = torch.from_numpy(labels(salt, f"mask:{t}", B, S, K)).masked_fill(v_l == 0, 255)
        x_l, x_w, x_s = T(f"labelled:{t}"), T(f"unlabelled:{t}"), T(f"strong:{t}").masked_fill(hole[:, None], 0)
        v4 = fewer(v_u, h4, h4)
        with torch.no_grad():
            _, middle, high = net.encode(x_w, training=False)
            t_u = net.tag(high)
            known = tags_of(torch.from_numpy(labels(salt, f"umask:{t}", B, S, K))) if case["weakly"] else None
            T_u = known if case["weakly"] else (t_u.sigmoid() >= 0.5).to(dtype)
            M_u = net.maps(high, T_u)
            b_u, refined, weights_u = net.attend(middle, high, M_u, v4)
        told = net.tag(net.encode(x_w)[2]) if case["weakly"] else None
        with torch.no_grad():
            a = net.predict(x_w)
            b = F.interpolate(b_u, (h4, h4), mode="bilinear", align_corners=True)
            r = 1 / (torch.cat([a, b]).square().mean() + 1e-8).sqrt() if case["logit_norm"] else torch.ones((), dtype=dtype)
            p = ((r * a).softmax(1) + (r * b).softmax(1)) / 2
            q = p ** (1 / case["temperature"])
            q = q / q.sum(1, keepdim=True) if case["soft"] else p
            goal = q if case["soft"] else F.one_hot(p.argmax(1), K).permute(0, 3, 1, 2).to(dtype)
            counts = v4.to(dtype) * (q.amax(1) >= case["threshold"]).to(dtype) if case["threshold"] > 0 else v4.to(dtype)
        s = net.predict(x_s)
        consistency = -(counts * (goal * s.log_softmax(1)).sum(1)).sum() / v4.sum()
        z = net.predict(x_l)
        whole = lambda z: F.interpolate(z, (S, S), mode="bilinear", align_corners=True)
        ce = F.cross_entropy(whole(z), y, ignore_index=255)
        _, middle, high = net.encode(x_l)
        t_l, T_l = net.tag(high), tags_of(y)
        M_l = net.maps(high, T_l)
        b_l, _, weights_l = net.attend(middle, high, M_l, fewer(v_l, h4, h4))
        ce_attention = F.cross_entropy(whole(b_l), y, ignore_index=255)
        cls = F.binary_cross_entropy_with_logits(*((told, known) if case["weakly"] else (t_l, T_l)))
        decay = case["weight_decay"] * sum(net.p[k].square().sum() for k in decaying) / 2
        total = ce + ce_attention + cls + case["unlabeled_weight"] * consistency + decay
        total.backward()
        rate = lambda t: case["base_lr"] * (1 - t / case["total"]) ** 0.9
        out["steps"].append({
            "ce": float(ce), "ce_attention": float(ce_attention), "cls": float(cls), "consistency": float(consistency),
            "regularisation": float(decay), "total": float(total), "lr": rate(t), "lr_next": rate(t + 1),
            "tags_unlabelled": float(T_u.sum()), "valid_unlabelled": float(v4.sum()), "kept_unlabelled": float(counts.sum()),
            **({"calibration": float(r)} if case["logit_norm"] else {}), "target_max_mean": float(q.amax(1).mean()),
            "target_entropy_mean": float(-(q * q.log()).sum(1).mean()),
        })
        if t == 0:
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in net.p.items()}
            out["grad_sample"] = {k: entries(k, v.grad, 4) for k, v in net.p.items()}
            for name, v in (("logits_labelled", z), ("logits_weak", a), ("logits_strong", s), ("cam_labelled", M_l),
                            ("cam_unlabelled", M_u), ("attention_labelled", weights_l), ("attention_unlabelled", weights_u),
                            ("refined_unlabelled", refined), ("attention_logits_labelled", b_l),
                            ("attention_logits_unlabelled", b_u), ("fused", p), ("target", q)):
                out[name] = entries("logits", v, 64)
            for name, v, n in (("logits_tags_labelled", t_l, 40), ("logits_tags_unlabelled", t_u, 40),
                               ("tags_labelled", T_l, B * (K - 1)), ("tags_unlabelled", T_u, B * (K - 1))):
                out[name] = [float(e) for e in v.detach().reshape(-1)[:n]]
        with torch.no_grad():
            for name, v in net.p.items():
                # Norms' shifts are called biases, too; those of the classifiers alone learn twice as fast.
                twice = name in (PRE + "classifier.bias", PRE + "image_classifier.bias")
                momenta[name] = (2 if twice else 1) * v.grad + (case["momentum"] * momenta[name] if t else 0)
                v -= rate(t) * momenta[name]
                v.grad = None
    out["update_norm"] = {k: float((v - start[k]).detach().double().norm()) for k, v in net.p.items()}
    with torch.no_grad():
        out["eval_logits"] = entries("logits", whole(net.predict(T("eval"), training=False)), 64)
    return out


def deviation(a, b):
    """How far the f32 run `b` strays from the f64 run `a`."""
    rel = lambda x, y: abs(x - y) / abs(x) if x else abs(y)
    big = lambda x, y: max(abs(p - q) for p, q in zip(x, y)) / (max(map(abs, x)) or 1)
    out = {"steps": [{k: rel(v, t[k]) for k, v in s.items()} for s, t in zip(a["steps"], b["steps"])]}
    for part in ("grad_norm", "update_norm"):
        strays = sorted(rel(v, b[part][k]) for k, v in a[part].items())
        out.update({part + "_max_rel": strays[-1], part + "_median_rel": strays[len(strays) // 2]})
    out["grad_sample_max_rel"] = max(big(v, b["grad_sample"][k]) for k, v in a["grad_sample"].items())
    return {**out, **{k: big(v, b[k]) for k, v in a.items() if isinstance(v, list) and k != "steps"}}


PLAIN = dict(method="pseudoseg", backbone="resnet14", batch=4, steps=2, total=7, warm=True, momentum=0.9)
# Soft labels above a threshold at another size; hard ones of logits as they are, of known tags, from statistics of nothing.
CASES = {
    "pseudoseg_soft": dict(dataset="cityscapes", size=57, attention_dim=48, cutout_half=9, weakly=False, soft=True, temperature=0.7,
                           threshold=0.2, logit_norm=True, unlabeled_weight=0.7, weight_decay=3e-4, base_lr=2e-3,
                           bn_momentum_backbone=0.2, bn_momentum_head=0.01, bn_eps_backbone=1e-3, bn_eps_head=1e-4, salt="ps0/"),
    "pseudoseg_hard": dict(dataset="pascal", size=65, attention_dim=20, cutout_half=11, weakly=True, soft=False, temperature=0.5,
                           threshold=0.0, logit_norm=False, unlabeled_weight=1.5, weight_decay=1e-4, base_lr=1e-3, warm=False,
                           bn_momentum_backbone=0.05, bn_momentum_head=3e-4, bn_eps_backbone=1e-5, bn_eps_head=1e-5, salt="ps1/"),
}


if __name__ == "__main__":
    main(PLAIN, CASES, run, deviation)
