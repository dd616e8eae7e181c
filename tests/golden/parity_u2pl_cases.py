"""Writes parity/u2pl_*.json: training steps of U²PL in double precision, by PyTorch, and how far its single precision strays.

    python3 tests/golden/parity_u2pl_cases.py && deno fmt tests/golden/parity    # both files
    python3 tests/golden/parity_u2pl_cases.py CASE.json OUT.json                 # one of one's own; CASE.json needs only "case"

Written from the method's description alone, on the network of parity_cases.py.
"""
import numpy as np
import torch
import torch.nn.functional as F

from parity_cases import Net, boxes, hashed, image, labels, main
from parity_cps_cases import mined


class Pair(Net):
    """Student and teacher, each of its own weights, with a head that embeds pixels and perhaps one on the third stage."""

    def __init__(self, case, dtype):
        super().__init__({**case, "mapping": "second"}, dtype)
        self.p, self.buf = {}, {}
        joined = self.A + self.L
        for pre in ("student.", "teacher."):
            self.branch(pre, mapping=False)
            self.conv(pre + "rep.0", 256, joined, 3); self.bn(pre + "rep.1", 256)
            self.conv(pre + "rep.3", 256, 256, 3); self.bn(pre + "rep.4", 256)
            self.conv(pre + "rep.6", 256, 256, 1); self.bias(pre + "rep.6", 256)
            if case["aux"]:
                self.conv(pre + "aux.0", self.A, 4 * self.widths[2], 3); self.bn(pre + "aux.1", self.A)
                self.conv(pre + "aux.3", self.K, self.A, 1); self.bias(pre + "aux.3", self.K)

    def see(self, pre, x, training=True):
        """Scores at the decoder's size, features of pixels, scores of the third stage."""
        self.training = training
        f = self.join(pre, *self.taps(pre, x))
        middle, z = self.middle, self.scores(pre, f)
        r = self.n(self.c(f, pre + "rep.0"), pre + "rep.1")
        r = self.c(self.n(self.c(r, pre + "rep.3"), pre + "rep.4"), pre + "rep.6")
        a = self.c(self.n(self.c(middle, pre + "aux.0"), pre + "aux.1"), pre + "aux.3") if self.case["aux"] else None
        return z, r, a


def planes(case, y, K):
    """[B, K, S, S]: the classes of each pixel."""
    B = len(y)
    one = torch.stack([(y == c) for c in range(K)], 1)
    if case["rule"] == "described": return one
    filled = torch.stack([(torch.where(y == 255, 0 * y, y) == c) for c in range(K)], 1)
    out = torch.zeros_like(one)
    out[0] = filled.any(0) & (y[0] != 255)
    return out


def contrast(case, t, K, seen, y_x, y_u, H, queues, rec):
    """The loss, of what the queues hold with this step's keys."""
    (r, z_t, r_t), e = seen, 1 - rec["epoch"] / case["epochs"]
    described, salt = case["rule"] == "described", case["salt"]
    alpha = case["low_entropy_threshold"] * e
    low, high = (float(np.percentile(H.double().numpy(), q)) for q in (alpha, 100 - alpha))
    S, h = y_x.shape[-1], z_t.shape[-1]
    at = torch.arange(h) * S // h
    small = lambda m: m[..., at[:, None], at[None, :]]
    known = torch.cat([y_x != 255, y_u != 255])
    is_low = small(torch.cat([y_x != 255, H <= low]))
    is_high = small(torch.cat([y_x != 255, H >= high]))
    of = small(torch.cat([planes(case, y_x, K), planes(case, y_u, K)]))
    p = z_t.softmax(1)
    order = torch.sort(p, dim=1, descending=True, stable=True)[1]
    rank = torch.argsort(order, 1)
    B = len(y_x)
    first = torch.arange(2 * B)[:, None, None] < B
    A, N, rec["new_keys"], pixels = case["anchors"], case["negatives"], [], []
    take = lambda r, m: r.permute(0, 2, 3, 1)[m]
    for c in range(K):
        sure = of[:, c] & is_low
        window = torch.where(first, rank[:, c] < case["low_rank"],
                             (rank[:, c] >= case["low_rank"]) & (rank[:, c] < case["high_rank"]))
        meant = torch.where(first, ~of[:, c] & small(known), small(known)) if described else \
            of[:, c] & torch.where(first, ~of[:, c], torch.ones_like(of[:, c]))
        key = meant & is_high & window & (p[:, c] < case["negative_prob"])
        new = take(r_t, key).detach()
        rec["new_keys"].append(len(new))
        queues[c] = torch.cat([queues[c], new])[-case["queue"][min(c, 1)]:]
        pixels.append((sure, sure & (p[:, c] > case["anchor_prob"])))
    valid = [c for c in range(K) if pixels[c][0].any()]
    total, terms = 0 * r.sum(), []
    for i, c in enumerate(valid):
        own = c if described else i
        chosen = take(r, pixels[own][1])
        if len(valid) < 2 or len(chosen) == 0 or len(queues[c]) == 0: continue
        draw = lambda name, n, k: np.floor(hashed(salt, f"{name}:{t}:{i}", np.arange(n)) * k).astype(int)
        anchors = chosen[draw("anchor", A, len(chosen))]
        negatives = queues[c][draw("negative", A * N, len(queues[c]))].reshape(A, N, -1)
        mean = take(r_t, pixels[own][0]).detach().mean(0)
        others = torch.cat([mean.expand(A, 1, -1), negatives], 1)
        s = F.cosine_similarity(anchors[:, None], others, dim=2)
        term = F.cross_entropy(s / case["temperature"], torch.zeros(A, dtype=torch.long))
        terms.append([i, c, float(term)])
        total = total + term
    rec.update(low_threshold=low, high_threshold=high, class_pixels=[int(a.sum()) for a, _ in pixels],
               anchor_pixels=[int(b.sum()) for _, b in pixels], bank_size=[len(q) for q in queues],
               bank_sum=[float(q.sum()) for q in queues], valid_classes=valid, contrast_terms=terms)
    return total / max(len(valid), 1)


def run(case, dtype):
    net = Pair(case, dtype)
    B, S, K, salt = case["batch"], case["size"], net.K, case["salt"]
    T = lambda name, b=B: torch.from_numpy(image(salt, name, b, S)).to(dtype)
    up = lambda z: F.interpolate(z, (S, S), mode="bilinear", align_corners=True)
    entries = lambda name, v, n: [float(q) for q in v.detach().reshape(-1)[
        np.floor(hashed(salt, "sample:" + name, np.arange(n)) * v.numel()).astype(int)]]
    student = {name: v for name, v in net.p.items() if name.startswith("student.")}
    twin = lambda name: net.p["teacher" + name[len("student"):]]
    length = lambda c: case["bank_init"] * (2 if c == 0 else 1)
    queues = [torch.from_numpy((2 * hashed(salt, f"bank:{c}", np.arange(length(c) * 256)) - 1).astype(np.float32))
              .reshape(-1, 256).to(dtype) for c in range(K)]
    m = torch.from_numpy(boxes(B, S))
    mix = lambda x: torch.where(m[:, None] if x.dim() == 4 else m, x.roll(-1, 0), x)
    hard = lambda z, y: mined(z, y, case) if case["criterion"] == "OHEM" else y
    momenta, out = {}, {"steps": []}
    for t in range(case["steps"]):
        epoch, ipe, warm = t // case["iters_per_epoch"], case["iters_per_epoch"], case["sup_only_epoch"]
        y = torch.from_numpy(labels(salt, f"mask:{t}", B, S, K))
        y = torch.where(y == 255, y, y - y % case["label_step"])
        lr = case["base_lr"] * (1 - t / (case["epochs"] * ipe)) ** 0.9
        rec = {"epoch": epoch, "lr": lr, "lr_head": lr * case["head_lr"]}
        learns = epoch >= warm
        x = T(f"labelled:{t}")
        if learns:
            with torch.no_grad():
                if epoch == warm:
                    for name, v in student.items(): twin(name).copy_(v)
                u = T(f"unlabelled:{t}")
                pseudo = up(net.see("teacher.", u, False)[0]).argmax(1)
                if case["cutmix"][t]: u, pseudo = mix(u), mix(pseudo)
            z, r, a = net.see("student.", torch.cat([x, u]))
            with torch.no_grad(): z_t, r_t, _ = net.see("teacher.", torch.cat([x, u]))
        else:
            with torch.no_grad(): net.see("teacher.", x)
            z, r, a = net.see("student.", x)
        ce = lambda z, y: F.cross_entropy(z, hard(z, y), ignore_index=255)
        sup = ce(up(z[:B]), y)
        if case["aux"]:
            aux = ce(up(a[:B]), y)
            rec.update(sup_main=float(sup), sup_aux=float(aux))
            sup = sup + case["aux"] * aux
        rec["sup"], total = float(sup), sup
        if learns:
            e = epoch / case["epochs"]
            P = up(z_t[B:]).softmax(1)
            H = -(P * (P + 1e-10).log()).sum(1)
            drop = 100 - (100 - case["drop_percent"]) * (1 - e)
            limit = float(np.percentile(H.double().numpy(), drop))
            kept = torch.where(H >= limit, torch.full_like(pseudo, 255), pseudo)
            n = int((kept != 255).sum())
            unsup = kept.numel() / n * F.cross_entropy(up(z[B:]), kept, ignore_index=255)
            rec.update(drop_percent=drop, drop_threshold=limit, kept=n, pseudo_label_sum=int(pseudo.sum()), unsup=float(unsup))
            c = contrast(case, t, K, (r, z_t, r_t), y, pseudo, H, queues, rec)
            rec["contrast"] = float(c)
            total = total + case["w_unsup"] * unsup + case["w_contrast"] * c
        else:
            total = total + 0 * r.sum()
        total.backward()
        rec["total"] = float(total)
        del rec["epoch"]
        out["steps"].append(rec)
        if t == case["grad_step"]:
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in student.items()}
            out["grad_sample"] = {k: entries(k, v.grad, 4) for k, v in student.items()}
            shown = dict(logits_labelled=up(z[:B]), logits_unlabelled=up(z[B:]),
                         teacher_logits_unlabelled=up(z_t[B:]), rep=r, teacher_rep=r_t)
            for name, v in shown.items(): out[name] = entries("logits", v, 64)
        with torch.no_grad():
            for name, v in student.items():
                g = v.grad + case["weight_decay"] * v
                momenta[name] = g if name not in momenta else 0.9 * momenta[name] + g
                v -= lr * (1 if ".backbone." in name else case["head_lr"]) * momenta[name]
                v.grad = None
            if learns:
                k = t - warm * ipe
                decay = min(1 - 1 / (k + 1), case["ema"])
                for name, v in student.items(): twin(name).copy_(decay * twin(name) + (1 - decay) * v)
    out["teacher_sample"] = {twin: entries(twin, v, 4) for twin, v in net.p.items() if twin.startswith("teacher.")}
    out["buffers"] = {k: [float(v.sum())] + entries(k, v, 2) for k, v in net.buf.items()
                      if any(part in k for part in (".bn1.", "layer3.0.bn3", "rep.4", "aux.1", "fuse.4"))}

    out["num_batches_tracked"] = {"student": case["steps"], "teacher": case["steps"]}
    with torch.no_grad():
        for name in ("student", "teacher"):
            out["eval_logits_" + name] = entries("logits", up(net.see(name + ".", T("eval", 1), False)[0]), 64)
    return out


def flat(v):
    return [q for w in v for q in flat(w)] if isinstance(v, list) else [v]


def deviation(a, b):
    """How far the f32 run `b` strays from the f64 run `a`: of lists, the largest."""
    rel = lambda x, y: abs(x - y) / abs(x) if x else abs(y)

    def stray(x, y):
        x, y = flat(x), flat(y)
        if len(x) != len(y): return 1.0
        if all(isinstance(q, int) for q in x): return max([abs(p - q) for p, q in zip(x, y)] or [0])
        return max([rel(p, q) for p, q in zip(x, y)] or [0.0])

    big = lambda x, y: max(abs(p - q) for p, q in zip(x, y)) / max(map(abs, x))
    norms = {k: rel(v, b["grad_norm"][k]) for k, v in a["grad_norm"].items()}
    arrays = [k for k, v in a.items() if isinstance(v, list) and k != "steps"]
    return {
        "steps": [{k: stray(v, t[k]) for k, v in s.items()} for s, t in zip(a["steps"], b["steps"])],
        **{k + "_max_rel": big(a[k], b[k]) for k in arrays},
        "grad_norm_max_rel": max(norms.values()),
        "grad_norm_median_rel": float(np.median(list(norms.values()))),
        "grad_sample_max_rel": max(big(v, b["grad_sample"][k]) for k, v in a["grad_sample"].items()),
        "teacher_sample_max_abs": max(abs(p - q) for k, v in a["teacher_sample"].items()
                                      for p, q in zip(v, b["teacher_sample"][k])),
        "buffers_max_rel": max(big(v, b["buffers"][k]) for k, v in a["buffers"].items()),
    }


PLAIN = dict(method="u2pl", backbone="resnet14", size=65, batch=3, iters_per_epoch=1, epochs=6, drop_percent=70,
             w_unsup=0.7, high_rank=12, low_entropy_threshold=30, ohem_thresh=0.02, ohem_min_kept=6000, ema=0.6,
             head_lr=3, base_lr=1e-4, weight_decay=0.002)
# As published, after an epoch of labels alone, its queues empty at first; as described, its queues full and turning over.
CASES = {
    "u2pl_published_small": dict(dataset="cityscapes", rule="published", steps=4, sup_only_epoch=1, grad_step=1, cutmix=[0, 1, 0, 1],
                           w_contrast=2.5, low_rank=2, anchor_prob=0.05, negative_prob=0.3, negatives=7, anchors=40,
                           temperature=0.2, criterion="OHEM", aux=0.4, bank_init=0, queue=[60, 25], label_step=4,
                           salt="u2pl0/"),
    "u2pl_described_small": dict(dataset="pascal", rule="described", steps=3, sup_only_epoch=0, grad_step=0, cutmix=[1, 1, 0],
                           w_contrast=4.0, low_rank=4, anchor_prob=0.04, negative_prob=0.2, negatives=9, anchors=30,
                           temperature=0.3, criterion="CELoss", aux=0, bank_init=20, queue=[130, 70], label_step=1,
                           salt="u2pl1/"),
}


if __name__ == "__main__":
    main(PLAIN, CASES, run, deviation)
