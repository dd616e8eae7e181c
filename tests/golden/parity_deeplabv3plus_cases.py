"""Writes parity/deeplabv3plus_*.json: training steps of DeepLabv3Plus in double precision, by PyTorch, and how far its single
precision strays.

    python3 tests/golden/parity_deeplabv3plus_cases.py && deno fmt tests/golden/parity
    python3 tests/golden/parity_deeplabv3plus_cases.py CASE.json OUT.json

Written from the method's description alone, on the network of parity_cases.py. It reproduces both small published cases to 1e-9.
"""
import numpy as np
import torch
import torch.nn.functional as F

from parity_cases import Net, deviation_of, hashed, image, labels, main


class Network(Net):
    """One branch, whose norms are as the case says, in training; evaluation adds epsilon in any case."""

    def __init__(self, case, dtype):
        super().__init__({**case, "mapping": "second"}, dtype)
        self.p, self.buf = {}, {}
        self.branch("branch1.", mapping=False)

    def n(self, x, name, relu=True, add=None):
        part = "backbone" if ".backbone." in name else "head"
        eps, share = self.case["bn_eps_" + part], self.case["bn_momentum_" + part]
        mean, var = self.buf[name + ".running_mean"], self.buf[name + ".running_var"]
        over = lambda v: v[None, :, None, None]
        if self.training:
            m, v = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
            count = x.numel() / x.shape[1]
            with torch.no_grad():
                mean.mul_(1 - share).add_(share * m)
                var.mul_(1 - share).add_(share * v * count / (count - 1))
            spread = v.clamp(min=eps) if self.case["bn_epsilon"] == "clamp" else v + eps
        else:
            m, spread = mean, var + eps
        y = (x - over(m)) / over(spread.sqrt()) * over(self.p[name + ".weight"]) + over(self.p[name + ".bias"])
        if add is not None: y = y + add
        return F.relu(y) if relu else y


def run(case, dtype):
    net, pre = Network(case, dtype), "branch1."
    B, S, salt = case["batch"], case["size"], case["salt"]
    T = lambda name: torch.from_numpy(image(salt, name, B, S)).to(dtype)
    start = {name: p.detach().clone() for name, p in net.p.items()}
    rate = lambda t: case["base_lr"] * (1 - t / (case["total"] + 1)) ** 0.9
    pick = lambda name, v, n: [float(q) for q in v.detach().reshape(-1)[
        np.floor(hashed(salt, "sample:" + name, np.arange(n)) * v.numel()).astype(int)]]
    is_norm = lambda name: net.p[name].dim() == 1 and "classifier" not in name
    momenta, out = {}, {"steps": []}
    for t in range(case["steps"]):
        y = labels(salt, f"mask:{t}", B, S, net.K)
        void = float((y == 255).sum())
        if case["void"] == "background": y[y == 255] = 0
        net.training = True
        z = net.one(pre, T(f"labelled:{t}"))[0]
        ce = F.cross_entropy(z, torch.from_numpy(y), ignore_index=255)
        ce.backward()
        out["steps"].append({"ce": float(ce), "total": float(ce), "lr": rate(t), "lr_next": rate(t + 1), "void_pixels": void})
        if t == 0:
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in net.p.items()}
            out["grad_sample"] = {k: pick(k, v.grad, 4) for k, v in net.p.items()}
            out["logits_labelled"] = pick("logits", z, 64)
        with torch.no_grad():
            for name, p in net.p.items():
                if case["train_norms"] or not is_norm(name):
                    g = p.grad + case["weight_decay"] * p
                    v = momenta[name] = g if name not in momenta else case["momentum"] * momenta[name] + g
                    p -= rate(t) * case["lr_backbone" if ".backbone." in name else "lr_network"] * v
                p.grad = None
    out["update_norm"] = {k: float((v - start[k]).double().norm()) for k, v in net.p.items()}
    net.training = False
    with torch.no_grad(): out["eval_logits"] = pick("logits", net.one(pre, T("eval"))[0], 64)
    return out


def deviation(a, b):
    rel = lambda x, y: abs(x - y) / abs(x) if x else abs(y)
    off = [rel(v, b["update_norm"][k]) for k, v in a["update_norm"].items()]
    largest = lambda v: max(map(abs, v)) or 1
    sample = lambda k: max(abs(x - y) for x, y in zip(a["grad_sample"][k], b["grad_sample"][k])) / largest(a["grad_sample"][k])
    return {**deviation_of(a, b, ("logits_labelled",), ("eval_logits",)),
            "grad_sample_max_rel": max(map(sample, a["grad_sample"])),
            "update_norm_max_rel": max(off), "update_norm_median_rel": float(np.median(off))}


# Epsilons so large that some variances are below them and some above; parts that differ; a decay that can be seen.
CASE = dict(method="deeplabv3plus", backbone="resnet14", dataset="cityscapes", size=65, batch=4, steps=3, total=10,
            base_lr=1e-3, void="ignore", train_norms=True, bn_epsilon="clamp", momentum=0.8, weight_decay=0.02,
            lr_network=5.0, lr_backbone=2.0, bn_momentum_backbone=0.05, bn_momentum_head=0.3, bn_eps_backbone=0.5,
            bn_eps_head=0.1, salt="dl/")
CASES = {
    "deeplabv3plus_clamped": dict(),
    "deeplabv3plus_frozen": dict(dataset="pascal", void="background", train_norms=False, bn_epsilon="add", salt="df/"),
}

if __name__ == "__main__":
    main(CASE, CASES, run, deviation)
