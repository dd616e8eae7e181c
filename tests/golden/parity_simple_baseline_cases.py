"""Writes parity/simple_baseline_*.json: training steps of SimpleBaseline in double precision, by PyTorch, and how far its single
precision strays.

    python3 tests/golden/parity_simple_baseline_cases.py && deno fmt tests/golden/parity    # both files
    python3 tests/golden/parity_simple_baseline_cases.py CASE.json OUT.json                 # one of one's own

Written from the method's description alone, on the network of parity_cases.py. It reproduces the published cases to 1e-9.
"""
import numpy as np
import torch
import torch.nn.functional as F

from parity_cases import Net, hashed, image, labels, main


class Split(Net):
    """One network; each norm has a second copy, which starts as the first."""

    def __init__(self, case, dtype):
        super().__init__({**case, "mapping": "second"}, dtype)
        self.p, self.buf, self.copy = {}, {}, ""
        self.branch("branch1.", mapping=False)
        for name, gain in case["gains"].items():
            self.put(name, (gain * self.p[name].detach().numpy().astype(np.float64)).astype(np.float32))
        for name in [name[:-len(".running_mean")] for name in self.buf if name.endswith(".running_mean")]:
            for of, part in ((self.p, "weight"), (self.p, "bias"), (self.buf, "running_mean"), (self.buf, "running_var")):
                tensor = of[f"{name}.{part}"].detach().clone()
                of[f"{name}.aux.{part}"] = tensor.requires_grad_(of is self.p)

    def n(self, x, name, relu=True, add=None):
        part = "backbone" if ".backbone." in name else "head"
        name = name + self.copy
        y = F.batch_norm(x, self.buf[name + ".running_mean"], self.buf[name + ".running_var"], self.p[name + ".weight"],
                         self.p[name + ".bias"], self.training, self.case["bn_momentum_" + part], self.case["bn_eps_" + part])
        if add is not None: y = y + add
        return F.relu(y) if relu else y

    def see(self, x, copy="", training=True):
        self.training, self.copy = training, copy
        return self.one("branch1.", x)[0]


def run(case, dtype):
    net = Split(case, dtype)
    B, S, salt = case["batch"], case["size"], case["salt"]
    T = lambda name: torch.from_numpy(image(salt, name, B, S)).to(dtype)
    start = {name: v.detach().clone() for name, v in net.p.items()}
    noisy = torch.tensor(case["noisy"], dtype=torch.bool)
    entries = lambda name, v, n: [float(q) for q in v.detach().reshape(-1)[
        np.floor(hashed(salt, "sample:" + name, np.arange(n)) * v.numel()).astype(int)]]
    momenta, out = {}, {"steps": []}
    rate_at = lambda t: case["base_lr"] * (1 - t / case["total"]) ** 0.9
    for t in range(case["steps"]):
        z = torch.cat([net.see(T(f"labelled:{t}")), net.see(T(f"strong:{t}"), ".aux")])
        y = torch.cat([torch.from_numpy(labels(salt, f"{name}:{t}", B, S, net.K)) for name in ("mask", "pseudo")])
        clean = F.cross_entropy(z[~noisy], y[~noisy], ignore_index=255)
        known = (y[noisy] != 255).to(dtype)
        p = z[noisy].softmax(1)
        own = p.detach().max(1)[0]
        own = torch.where(own > case["confident"], torch.ones_like(own), own)
        used = own.mean(0, keepdim=True).expand_as(own) if case["weight"] == "batch" else own
        right = p.gather(1, torch.where(y[noisy] == 255, 0, y[noisy])[:, None])[:, 0]
        ce, rce = -right.log() * known, -np.log(1e-4) * (1 - right) * known
        ce_term, rce_term = ((1 - used) * ce).mean(), (used * rce).mean()
        decay = sum((((v - start[name]) if v.dim() == 4 else v) ** 2).sum() for name, v in net.p.items()) * case["l2sp"]
        total = clean + case["alpha"] * ce_term + case["beta"] * rce_term + decay
        total.backward()
        out["steps"].append({
            "clean": float(clean), "noisy_ce": float(ce_term), "noisy_rce": float(rce_term), "regularisation": float(decay),
            "total": float(total), "lr": rate_at(t), "lr_next": rate_at(t + 1),
            "confident_share": float((own == 1).to(dtype).mean()), "weight_mean": float(used.mean()),
        })
        if t == 0:
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in net.p.items()}
            out["grad_sample"] = {k: entries(k, v.grad, 4) for k, v in net.p.items()}
            for name, of in (("logits_weak", z[:B]), ("logits_strong", z[B:]), ("weights", own), ("weights_used", used),
                             ("pixel_ce", ce), ("pixel_rce", rce)):
                out[name] = entries("logits", of.contiguous(), 64)
        with torch.no_grad():
            for name, p in net.p.items():
                g = p.grad
                v = momenta[name] = g if name not in momenta else case["momentum"] * momenta[name] + g
                p -= rate_at(t) * (case["lr_backbone"] if ".backbone." in name else case["lr_network"]) * v
                p.grad = None
    out["update_norm"] = {k: float((v.detach() - start[k]).double().norm()) for k, v in net.p.items()}
    out["running"] = {k: entries(k, v, 4) for k, v in net.buf.items() if any(part in k for part in RUNNING)}
    with torch.no_grad():
        out["eval_logits"] = entries("logits", net.see(T("eval"), training=False), 64)
    return out


# Some norms of every part, with both copies.
RUNNING = ("backbone.conv1.1.", "layer2.0.bn2.", "layer4.0.bn3.", "head.b4.gap.2.", "head.project.1.", "fuse.4.")


def deviation(a, b):
    """How far the f32 run `b` strays from the f64 run `a`."""
    rel = lambda x, y: abs(x - y) / abs(x) if x else abs(y)
    big = lambda x, y: max(abs(p - q) for p, q in zip(x, y)) / (max(map(abs, x)) or 1)
    out = {"steps": [{k: rel(v, t[k]) for k, v in s.items()} for s, t in zip(a["steps"], b["steps"])]}
    for part in ("grad_norm", "update_norm"):
        strays = sorted(rel(v, b[part][k]) for k, v in a[part].items())
        out[part + "_max_rel"], out[part + "_median_rel"] = strays[-1], strays[len(strays) // 2]
    out["grad_sample_max_rel"] = max(big(v, b["grad_sample"][k]) for k, v in a["grad_sample"].items())
    out["running_max_rel"] = max(big(v, b["running"][k]) for k, v in a["running"].items())
    for name, values in a.items():
        if isinstance(values, list) and name != "steps": out[name] = big(values, b[name])
    return out


PLAIN = dict(method="simple_baseline", backbone="resnet14", steps=2, total=8, lr_backbone=1.0)
# Shared weights of most images, with all settings other than the published ones; then own weights of all images but one.
CASES = {
    "simple_baseline_shared": dict(
        dataset="cityscapes", size=49, batch=3, salt="sb0/", noisy=[1, 0, 1, 1, 0, 1], weight="batch", confident=0.5, alpha=0.7,
        beta=1.3, l2sp=0.01, momentum=0.8, lr_network=4.0, base_lr=3e-4, bn_momentum_backbone=0.05, bn_momentum_head=0.2,
        bn_eps_backbone=3e-3, bn_eps_head=1e-4, gains={"branch1.classifier.weight": 3}),
    "simple_baseline_own": dict(
        dataset="pascal", size=65, batch=3, salt="sb1/", noisy=[1, 1, 1, 0, 1, 1], weight="own", confident=0.6, alpha=2.0, beta=0.25,
        l2sp=0.0, momentum=0.9, lr_network=10.0, base_lr=5e-5, bn_momentum_backbone=0.1, bn_momentum_head=0.1,
        bn_eps_backbone=1e-3, bn_eps_head=1e-5, gains={"branch1.classifier.weight": 4}),
}


if __name__ == "__main__":
    main(PLAIN, CASES, run, deviation)
