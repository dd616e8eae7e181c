"""Writes parity/cps_*.json: training steps of CPS in double precision, by PyTorch, and how far its single precision strays.

    python3 tests/golden/parity_cps_cases.py && deno fmt tests/golden/parity    # both files
    python3 tests/golden/parity_cps_cases.py CASE.json OUT.json                 # one of one's own; CASE.json needs only "case"

Written from the method's description alone, on the network of parity_cases.py.
"""
import numpy as np
import torch
import torch.nn.functional as F

from parity_cases import Net, hashed, image, labels, main


class Branches(Net):
    """Two branches without mapping, of output stride 16 whatever the classes, with the residual γ and statistics of a case."""

    def __init__(self, case, dtype):
        super().__init__(dict(case, dataset="pascal", mapping="else"), dtype)
        salt, K = case["salt"], case["classes"]
        self.p = {k: v for k, v in self.p.items() if ".mapping." not in k and ".classifier." not in k}
        self.buf = {k: v for k, v in self.buf.items() if ".mapping." not in k}
        for branch in ("branch1.", "branch2."):
            self.conv(branch + "classifier", K, self.A, 1)
            self.bias(branch + "classifier", K)
        for k, v in self.p.items():
            if k.endswith("bn3.weight"):
                u = hashed(salt, k, np.arange(v.numel()))
                self.put(k[: -len(".weight")] + ".weight", (case["residual_gamma"] * (1 + 0.1 * (2 * u - 1))).astype(np.float32))
        if case["buffers"] == "hash":
            for k, v in self.buf.items():
                u = hashed(salt, k, np.arange(v.numel()))
                law = 0.1 * (2 * u - 1) if k.endswith("mean") else 0.75 + 0.5 * u
                self.buf[k] = torch.from_numpy(law.astype(np.float32)).to(dtype)

    def see(self, branch, x, training=True):
        self.training = training
        return self.one(f"branch{branch}.", x)[0]


def mined(z, y, case):
    """Labels, 255 where a pixel is too easy."""
    p = z.detach().softmax(1)
    valid = y != 255
    own = p.gather(1, torch.where(valid, y, 0 * y)[:, None])[:, 0]
    own = torch.where(valid, own, torch.ones_like(own))
    least = case["ohem_min_kept"]
    if least == 0 or valid.sum() < least: return y
    limit = max(case["ohem_thresh"], float(own.reshape(-1).sort()[0][min(own.numel(), least) - 1]))
    return torch.where(own > limit, torch.full_like(y, 255), y)


def toggled(B, S):
    m = np.zeros((B, S, S), bool)
    for b in range(B):
        for k in range(3):
            y, x = 4 + 5 * b + 9 * k, 3 + 7 * b + 8 * k
            m[b, y:y + 24 - 3 * k + 2 * b, x:x + 18 + 5 * k - b] ^= True
    return m


def run(case, dtype):
    net = Branches(case, dtype)
    start = {k: v.detach().clone() for k, v in net.p.items()}
    B, S, salt, K = case["batch"], case["size"], case["salt"], case["classes"]
    T = lambda name: torch.from_numpy(image(salt, name, B, S)).to(dtype)
    entries = lambda name, count, v: [
        float(q) for q in v.detach().reshape(-1)[np.floor(hashed(salt, "sample:" + name, np.arange(count)) * v.numel()).astype(int)]
    ]
    box = torch.from_numpy(toggled(B, S))
    momenta, out = {}, {"steps": []}
    for t in range(case["steps"]):
        x, u0, u1 = T(f"labelled:{t}"), T(f"unlabelled:{t}"), T(f"unlabelled_mix:{t}")
        y = torch.from_numpy(labels(salt, f"mask:{t}", B, S, K))
        if case["cutmix"]:
            with torch.no_grad():
                z0, z1 = ([net.see(k, u) for k in (1, 2)] for u in (u0, u1))
                told = [torch.where(box[:, None], b, a).argmax(1) for a, b in zip(z0, z1)]
            learns = [net.see(k, torch.where(box[:, None], u1, u0)) for k in (1, 2)]
            zx = [net.see(k, x) for k in (1, 2)]
            seen = {"logits1_unlabelled": z0[0], "logits2_unlabelled_mix": z1[1], "logits1_mixed": learns[0], "logits2_mixed": learns[1]}
        else:
            both = [(net.see(k, x), net.see(k, u0)) for k in (1, 2)]
            zx, learns = [a for a, _ in both], [torch.cat(pair) for pair in both]
            told = [z.detach().argmax(1) for z in learns]
            seen = {"logits1_unlabelled": both[0][1], "logits2_unlabelled": both[1][1]}
        kept = [mined(z, y, case) if case["criterion"] == "OHEM" else y for z in zx]
        r = {
            "sup1": F.cross_entropy(zx[0], kept[0], ignore_index=255), "sup2": F.cross_entropy(zx[1], kept[1], ignore_index=255),
            "cps1": F.cross_entropy(learns[0], told[1]), "cps2": F.cross_entropy(learns[1], told[0]),
        }
        r["total"] = r["sup1"] + r["sup2"] + case["cps_weight"] * (r["cps1"] + r["cps2"])
        r["total"].backward()
        lr = case["base_lr"] * (1 - t / case["total"]) ** 0.9
        rec = dict({k: float(v) for k, v in r.items()}, disagree=float((told[0] != told[1]).double().mean()), lr=lr)
        if case["criterion"] == "OHEM":
            for k in (0, 1): rec[f"ohem_kept{k + 1}"] = float((kept[k] != 255).sum())
        out["steps"].append(rec)
        if t == 0:
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in net.p.items()}
            out["grad_sample"] = {k: entries(k, 4, v.grad) for k, v in net.p.items()}
            for name, z in dict(seen, logits1_labelled=zx[0], logits2_labelled=zx[1]).items():
                out[name] = entries("logits", 64, z)
        with torch.no_grad():
            for name, p in net.p.items():
                g = p.grad + (case["weight_decay"] if p.dim() == 4 else 0) * p
                v = momenta[name] = g if name not in momenta else 0.9 * momenta[name] + g
                p -= lr * v
                p.grad = None
    out["param_delta"] = {k: [a - b for a, b in zip(entries(k, 4, v), entries(k, 4, start[k]))] for k, v in net.p.items()}
    out["bn_buffers"] = {k: entries(k, 2, v) for k, v in net.buf.items()}
    with torch.no_grad():
        for k in (1, 2): out[f"eval_logits{k}"] = entries("logits", 64, net.see(k, T("eval"), training=False))
    return out


def deviation_by_network(a, b, networks):
    """How far the f32 run `b` strays from the f64 run `a`, network by network where something is recorded of it."""
    rel = lambda x, y: abs(x - y) / abs(x) if x else abs(y)
    big = lambda x, y: max(abs(p - q) for p, q in zip(x, y)) / (max(map(abs, x)) or 1)
    named = lambda start: {n: big(a[n], b[n]) for n in a if n.startswith(start)}
    norms = sorted(rel(v, b["grad_norm"][k]) for k, v in a["grad_norm"].items())
    out = {
        "steps": [{k: rel(v, t[k]) for k, v in s.items()} for s, t in zip(a["steps"], b["steps"])],
        "grad_norm_max_rel": norms[-1], "grad_norm_median_rel": norms[len(norms) // 2],
        "grad_sample_max_rel": max(big(v, b["grad_sample"][k]) for k, v in a["grad_sample"].items()),
        "logits_max_rel": named("logits"), "eval_logits_max_rel": named("eval_logits"),
    }
    for part in ("param_delta", "bn_buffers"):
        for network in networks:
            strays = sorted(big(v, b[part][k]) for k, v in a[part].items() if k.startswith(network))
            if strays:
                out[f"{part}_rel:{network}"] = {
                    "median": strays[len(strays) // 2], "p95": strays[int(0.95 * len(strays))], "max": strays[-1],
                }
    return out


def deviation(a, b): return deviation_by_network(a, b, ("branch1", "branch2"))


PLAIN = dict(size=65, batch=4, steps=3, total=10, residual_gamma=0.25, backbone="resnet14", dilations=[1, 2, 3],
             replace_stride_with_dilation=[False, False, True], multi_grid=False, dataset="pascal", classes=21, method="cps",
             salt="cps0/", criterion="CE", cutmix=False, cps_weight=1.5, base_lr=2.5e-4, weight_decay=0.01, buffers="unit")
CASES = {
    "cps_plain": dict(),
    "cps_cutmix": dict(cutmix=True, cps_weight=5.0, dataset="cityscapes", classes=19, criterion="OHEM", ohem_thresh=0.02,
                       ohem_min_kept=6000, buffers="hash", salt="cps1/"),
}


if __name__ == "__main__":
    main(PLAIN, CASES, run, deviation)
