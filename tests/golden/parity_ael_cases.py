"""Writes parity/ael_*.json: training steps of AEL in double precision, by PyTorch, and how far its single precision strays.

    python3 tests/golden/parity_ael_cases.py && deno fmt tests/golden/parity    # all files
    python3 tests/golden/parity_ael_cases.py CASE.json OUT.json                 # one of one's own; CASE.json needs only "case"

Written from the method's description alone, on the network of parity_cases.py. It reproduces the published case: counts, classes
and boxes equal, losses to 1e-8.
"""
import numpy as np
import torch
import torch.nn.functional as F

from parity_cases import BLOCKS, Net, hashed, image, labels, main


class Pair(Net):
    """Student and teacher, each with an auxiliary head on the third stage."""

    def __init__(self, case, dtype):
        super().__init__({"backbone": "resnet50", **case, "mapping": "second"}, dtype)
        self.p, self.buf = {}, {}
        for pre in ("student.", "teacher."):
            self.branch(pre, mapping=False)
            self.conv(pre + "aux.0", self.A, 4 * self.widths[2], 3); self.bn(pre + "aux.1", self.A)
            self.conv(pre + "aux.3", self.K, self.A, 1); self.bias(pre + "aux.3", self.K)

    def taps(self, pre, x):
        # The third stage is what the fourth begins with.
        seen, last = [], pre + f"backbone.layer{len(BLOCKS[self.case['backbone']])}.0.conv1"
        plain = self.c

        def watching(x, name, *rest):
            if name == last: seen.append(x)
            return plain(x, name, *rest)

        self.c = watching
        low, high = super().taps(pre, x)
        del self.c
        self.middle = seen[0]
        return low, high

    def see(self, pre, x, training=True):
        """Main and auxiliary logits of every pixel."""
        self.training = training
        z, _ = self.one(pre, x)
        a = self.c(self.n(self.c(self.middle, pre + "aux.0"), pre + "aux.1"), pre + "aux.3")
        return z, F.interpolate(a, x.shape[2:], mode="bilinear", align_corners=True)


def drawn(scores, u):
    """The first place at which the sum of the softmax is over u."""
    p = np.exp(scores) / np.exp(scores).sum()
    over = np.flatnonzero(np.cumsum(p) > u)
    return int(over[0]) if len(over) else len(scores) - 1


def components(mask):
    """8-connected, numbered from 1 in the order of their first pixels."""
    S, found, out = mask.shape[0], 0, np.zeros(mask.shape, int)
    for y in range(S):
        for x in range(S):
            if not mask[y, x] or out[y, x]: continue
            found += 1
            out[y, x], stack = found, [(y, x)]
            while stack:
                a, b = stack.pop()
                for c in range(max(a - 1, 0), min(a + 2, S)):
                    for d in range(max(b - 1, 0), min(b + 2, S)):
                        if mask[c, d] and not out[c, d]:
                            out[c, d] = found
                            stack.append((c, d))
    return out


def mined(z, y, case):
    """Cross-entropy over the pixels that are hard."""
    valid = y != 255
    p = z.softmax(1).gather(1, torch.where(valid, y, 0 * y)[:, None])[:, 0]
    n, k = int(valid.sum()), case["ohem_min_kept"]
    keep = valid
    if 0 < k <= n:
        limit = max(case["ohem_thresh"], float(p.detach()[valid].sort()[0][k - 1]))
        keep = valid & (p.detach() <= limit)
    return F.cross_entropy(z, torch.where(keep, y, 255 + 0 * y), ignore_index=255)


def run(case, dtype):
    net = Pair(case, dtype)
    B, S, salt, K, pool = case["batch"], case["size"], case["salt"], net.K, case["pool"]
    each = case.get("mixed", "all") == "all"
    n = B if each else B // 2
    u = lambda name, i: hashed(salt, name, i)
    T = lambda a: torch.from_numpy(a).to(dtype)
    tail = [k for k in range(K) if k not in (0, 1, 2, 8, 10)]
    q = u("confidence", np.arange(K)).astype(np.float32).astype(np.float64)
    index = u("index", np.arange(K * pool)).reshape(K, pool) < case["index_share"]
    student = {k: v for k, v in net.p.items() if k.startswith("student.")}
    entries = lambda name, v, count: [float(x) for x in v.detach().reshape(-1)[
        np.floor(u("sample:" + name, np.arange(count)) * v.numel()).astype(int)]]
    momenta, out = {}, {"steps": [], "confidence_start": q.tolist()}
    for t in range(case["steps"]):
        r = {}
        # What is chosen, before anything is seen.
        r["paste_classes"] = sorted({tail[drawn(np.sqrt(1 - q[tail]), u(f"paste_class:{t}", i))]
                                     for i in range(case["paste_classes"])})
        r["cut_classes"] = [drawn(1 - q, u(f"class:{t}", b)) for b in range(n)]
        r["partners"] = []
        for b, k in enumerate(r["cut_classes"]):
            holding = np.flatnonzero(index[k])
            r["partners"].append(int(holding[int(u(f"image:{t}", b) * len(holding))] if len(holding)
                                     else int(u(f"image:{t}", b) * pool)))
        if each: first = [(B * t + b) % pool for b in range(B)]
        else: first = [(B * t + 2 * b + int(u(f"kept:{t}", b) >= 0.5)) % pool for b in range(n)]
        # Copy-paste.
        x, y = image(salt, f"labelled:{t}", B, S), labels(salt, f"mask:{t}", B, S, K)
        px, py = image(salt, f"paste:{t}", B, S), labels(salt, f"paste_mask:{t}", B, S, K)
        has = u(f"paste_coin:{t}", np.arange(B)) > case["paste_prob"]
        m = np.isin(py, r["paste_classes"]) & has[:, None, None]
        x, y = np.where(m[:, None], px, x), torch.from_numpy(np.where(m, py, y))
        r["pasted_pixels"], r["mixed_label_sum"] = int(m.sum()), int(y.sum())
        xl = T(x)
        x0, x1 = (T(np.concatenate([image(salt, f"pool:{i}", 1, S) for i in of])) for of in (first, r["partners"]))
        with torch.no_grad():
            z_l = net.see("teacher.", xl)[0]
            z_0, z_1 = net.see("teacher.", torch.cat([x0, x1]))[0].split(n)
        # Boxes.
        mask = torch.zeros(n, S, S, dtype=torch.bool)
        r["boxes"] = []
        for b, k in enumerate(r["cut_classes"]):
            number = components((z_1[b].argmax(0) == k).numpy())
            order = sorted(range(1, number.max() + 1), key=lambda c: u(f"component:{t}:{b}", c))
            large = [c for c in order if (number == c).sum() > case["area_thresh"] * S * S]
            if large:
                rows, columns = np.nonzero(number == large[0])
                box = [rows.min(), columns.min(), rows.max() + 1, columns.max() + 1]
            else:
                aspect, row, column = (float(u(f"box:{t}:{b}", i)) for i in range(3))
                high = np.exp(aspect * np.log(0.5))
                h, w = (int(np.round(side * S)) for side in (high, 0.5 / high))
                at = [int(np.round((S - side) * origin)) for side, origin in ((h, row), (w, column))]
                box = [at[0], at[1], at[0] + h, at[1] + w]
            r["boxes"].append([int(v) for v in box])
            mask[b, box[0]:box[2], box[1]:box[3]] = True
        for b in range(n):
            for i, z in ((first[b], z_0[b]), (r["partners"][b], z_1[b])):
                counts = np.bincount(z.argmax(0).reshape(-1).numpy(), minlength=K)
                index[:, i] = (counts > 0) & (counts >= case["area_thresh2"] * S * S)
        r["index_sum"] = index.sum(1).astype(int).tolist()
        mix = lambda own, inner: torch.where(mask[:, None], inner, own)
        z_u = mix(z_0, z_1)
        # Student and bank.
        z_x, a_x = net.see("student.", xl)
        z_m = net.see("student.", mix(x0, x1))[0]
        with torch.no_grad():
            p, a = z_x.softmax(1), np.zeros(K)
            seen = np.array([bool((y == k).any()) for k in range(K)])
            for k in np.flatnonzero(seen): a[k] = float(p[:, k][y == k].mean())
        move = seen | (case.get("absent", "zero") == "zero")
        q = np.where(move, case["momentum"] * q + (1 - case["momentum"]) * a, q)
        r["class_confidence"], r["confidence"] = a.tolist(), q.tolist()
        rho = (1 - q) / ((1 - q).max() + 1e-12)

        def consistency(z, teacher, stream, what):
            w, goal = teacher.softmax(1).max(1)
            own, keep = z.detach().argmax(1), torch.ones_like(w, dtype=torch.bool)
            if case["sample"]:
                draws = np.stack([u(f"{stream}:{t}:{k}", np.arange(S * S)).reshape(S, S) for k in range(K)])
                chosen = torch.from_numpy(draws > 1 - rho[:, None, None])
                keep = torch.stack([chosen.gather(0, o[None])[0] for o in own])
            sure = w >= case["threshold"]
            v = w ** case["gamma"] * keep
            ce = F.cross_entropy(z, goal, reduction="none") * sure
            count = v if case.get("denominator", "all") == "all" else v * sure
            r["kept_" + what], r["sampled_" + what] = int(sure.sum()), int(keep.sum())
            r.setdefault("confidence_sum", []).append(float(w.sum()))
            return (v * ce).sum() / (count.sum() + 1e-12)

        W = case["world_size"]
        main_, aux = mined(z_x, y, case), mined(a_x, y, case)
        sup = (main_ + case["aux"] * aux) / W
        c_l, c_u = (consistency(*of) / W for of in ((z_x, z_l, "keep_l", "labelled"), (z_m, z_u, "keep_u", "mixed")))
        total = sup + case["w_cons"] * (c_l + c_u)
        total.backward()
        rate = case["base_lr"] * (1 - t / case["total"]) ** 0.9
        delta = min(1 - 1 / (t + 1), case["ema"])
        r.update(sup_main=main_, sup_aux=aux, sup=sup, cons_labelled=c_l, cons_mixed=c_u, total=total, lr=rate, ema=delta)
        out["steps"].append({k: float(v) if isinstance(v, torch.Tensor) else v for k, v in r.items()})
        if t == 0:
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in student.items()}
            out["grad_sample"] = {k: entries(k, v.grad, 4) for k, v in student.items()}
            for name, z in (("logits_labelled", z_x), ("logits_mixed", z_m), ("teacher_logits_labelled", z_l),
                            ("teacher_logits_mixed", z_u)):
                out[name] = entries("logits", z, 64)
        with torch.no_grad():
            for name, v in student.items():
                g = v.grad + case["weight_decay"] * v
                momenta[name] = g if t == 0 else 0.9 * momenta[name] + g
                v -= rate * (1 if ".backbone." in name else 10) * momenta[name]
                v.grad = None
                other = net.p["teacher" + name[len("student"):]]
                other.copy_(delta * other + (1 - delta) * v)
    out["teacher_sample"] = {k: entries(k, v, 2) for k, v in net.p.items() if k.startswith("teacher.")}
    out["buffers"] = {k: [float(v.sum())] + entries(k, v, 2) for k, v in net.buf.items()}
    out["num_batches_tracked"] = {name: 2 * case["steps"] for name in ("student", "teacher")}
    with torch.no_grad():
        for name in ("student", "teacher"):
            out["eval_logits_" + name] = entries("logits", net.see(name + ".", T(image(salt, "eval", 1, S)), False)[0], 64)
    return out


def deviation(a, b):
    """How far the f32 run `b` strays from the f64 run `a`: counts and places by how many, or `same`; numbers relative."""
    rel = lambda x, y: abs(x - y) / abs(x) if x else abs(y)
    flat = lambda v: sum(map(flat, v), []) if isinstance(v, list) else [v]
    big = lambda x, y: max(abs(p - q) for p, q in zip(flat(x), flat(y))) / (max(map(abs, flat(x))) or 1)

    def stray(x, y):
        if all(isinstance(v, int) for v in flat(x)):
            return "same" if x == y else y - x if isinstance(x, int) else "other"
        return big(x, y) if isinstance(x, list) else rel(x, y)

    norms = {k: rel(v, b["grad_norm"][k]) for k, v in a["grad_norm"].items()}
    each = ((k, [stray(s[k], t[k]) for s, t in zip(a["steps"], b["steps"])]) for k in a["steps"][0])
    steps = [{} for _ in a["steps"]]
    for name, strays in each:
        for step, value in zip(steps, strays):
            if value != "other": step[name] = value
    return {
        "steps": steps, "grad_norm_rel": norms, "grad_norm_max_rel": max(norms.values()),
        "grad_norm_median_rel": sorted(norms.values())[len(norms) // 2],
        "grad_sample_max_rel": max(big(v, b["grad_sample"][k]) for k, v in a["grad_sample"].items()),
        **{f"{k}_max_rel": big(a[k], b[k]) for k in a if "logits" in k},
        "buffers_max_rel": max(big(v[1:], b["buffers"][k][1:]) for k, v in a["buffers"].items()),
        "teacher_sample_max_abs": max(abs(p - q) for k, v in a["teacher_sample"].items()
                                      for p, q in zip(v, b["teacher_sample"][k])),
    }


PLAIN = dict(size=65, batch=4, steps=3, total=10, backbone="resnet14", method="ael", pool=12, index_share=0.3, paste_prob=0.4,
             gamma=2, sample=1, momentum=0.9, ema=0.99, weight_decay=1e-3, base_lr=1e-4, aux=0.4, ohem_thresh=0.05)
# As published, but for what makes every branch run; then as described, with nothing sampled and labels that are all sure.
CASES = {
    "ael_published": dict(dataset="cityscapes", size=41, paste_classes=3, area_thresh=0.01, area_thresh2=0.02, threshold=0.15,
                          w_cons=1.5, world_size=2, ohem_min_kept=2000, mixed="one of two", salt="ael0/"),
    "ael_described": dict(dataset="pascal", paste_classes=2, area_thresh=0.02, area_thresh2=0.01, threshold=0.14, gamma=1.5,
                          w_cons=1.0, world_size=1, ohem_min_kept=0, paste_prob=0.2, denominator="sure", absent="kept",
                          salt="ael1/"),
}


if __name__ == "__main__":
    main(PLAIN, CASES, run, deviation)
