"""Writes parity/cutmix_seg_*.json: training steps of CutMix-Seg in double precision, by PyTorch, and how far its single precision
strays.

    python3 tests/golden/parity_cutmix_seg_cases.py && deno fmt tests/golden/parity    # both files
    python3 tests/golden/parity_cutmix_seg_cases.py CASE.json OUT.json                 # one of one's own; CASE.json needs only "case"

Written from the method's description alone, on the network of parity_cases.py. It reproduces the losses of the published cases to 1e-8.
"""
import numpy as np
import torch
import torch.nn.functional as F

from parity_cases import Net, hashed, ignore_map, image, labels, main
from parity_cps_cases import deviation_by_network, toggled
from parity_unimatch_cases import partner_map


class Pair(Net):
    """Student and teacher, output stride 16 whatever the classes; norms of the backbone may be frozen."""

    def __init__(self, case, dtype):
        super().__init__({**case, "mapping": "second"}, dtype)
        self.city, self.p, self.buf, salt = False, {}, {}, case["salt"]
        self.K = case["classes"]
        for pre in ("student.", "teacher."): self.branch(pre, mapping=False)
        with torch.no_grad():
            for name, v in self.p.items():
                if name.endswith("bn3.weight"):
                    u = hashed(salt, name, np.arange(v.numel()))
                    v.copy_(torch.from_numpy((case["residual_gamma"] * (1 + 0.1 * (2 * u - 1))).astype(np.float32)))
            for name, v in self.buf.items():
                if case["buffers"] != "hash": continue
                u = hashed(salt, name, np.arange(v.numel()))
                v.copy_(torch.from_numpy((0.1 * (2 * u - 1) if name.endswith("mean") else 0.75 + 0.5 * u).astype(np.float32)))
            if case["teacher_init"] == "copy":
                for own, other in self.twins(): own.copy_(other)

    def twins(self):
        """The teacher's parameters and statistics, each with the student's."""
        return [(v, of["student" + name[len("teacher"):]])
                for of in (self.p, self.buf) for name, v in of.items() if name.startswith("teacher.")]

    def n(self, x, name, relu=True, add=None):
        mode = self.training
        if self.case["freeze_bn"] == "backbone" and ".backbone." in name: self.training = False
        y = super().n(x, name, relu, add)
        self.training = mode
        return y

    def see(self, pre, x, training=True):
        self.training = training
        return self.one(pre, x)[0]


def half(B, S):
    m = np.zeros((B, S, S), bool)
    for b in range(B): m[b, 5 + 6 * b:53 + b, 1 + 2 * b:45 + 6 * b] = True
    return m


def distance(kind, z, goal):
    """Of each pixel, summed over classes."""
    p, q, K, eps = z.softmax(1), goal.softmax(1), z.shape[1], 1e-6
    if kind == "var": return ((p - q) ** 2).sum(1)
    if kind == "logits_var": return ((z - goal) ** 2).sum(1) / K ** 0.5
    if kind == "logits_smoothl1": return F.smooth_l1_loss(z, goal, reduction="none").sum(1) / K ** 0.5
    if kind == "bce": return -(q * (p + eps).log() + (1 - q) * (1 - p + eps).log()).sum(1)
    return (q * (goal.log_softmax(1) - z.log_softmax(1))).sum(1)


def run(case, dtype):
    net = Pair(case, dtype)
    B, S, salt, tau = case["batch"], case["size"], case["salt"], case["tau"]
    T = lambda name: torch.from_numpy(image(salt, name, B, S)).to(dtype)
    m = torch.from_numpy((half if case["mask"] == "half" else toggled)(B, S))
    mix = lambda own, inner: torch.where(m[:, None] if own.dim() == 4 else m, inner, own)
    valid = mix(*(torch.from_numpy((a != 255).astype(np.float32)).to(dtype) for a in (ignore_map(B, S), partner_map(B, S))))
    student = {name: v for name, v in net.p.items() if name.startswith("student.")}
    start = {name: v.detach().clone() for name, v in net.p.items()}
    entries = lambda name, v, n: [float(q) for q in v.detach().reshape(-1)[
        np.floor(hashed(salt, "sample:" + name, np.arange(n)) * v.numel()).astype(int)]]
    moments, out = {}, {"steps": []}
    for t in range(case["steps"]):
        y = torch.from_numpy(labels(salt, f"mask:{t}", B, S, net.K))
        z_x = net.see("student.", T(f"labelled:{t}"))
        with torch.no_grad():
            z_0, z_1 = (net.see("teacher.", T(f"{name}:{t}")) for name in ("unlabelled", "unlabelled_mix"))
        z_v = net.see("student.", mix(T(f"strong:{t}"), T(f"strong_mix:{t}")))
        goal = mix(z_0, z_1)
        sure = (goal.softmax(1).max(1)[0] >= tau).to(dtype)
        counts = sure if case["conf_per_pixel"] else sure.mean()
        sup = F.cross_entropy(z_x, y, ignore_index=255)
        consistency = (distance(case["cons_loss"], z_v, goal) * valid * counts).mean()
        total = sup + case["cons_weight"] * consistency
        total.backward()
        poly = (1 - t / case["total"]) ** 0.9 if case["lr_sched"] == "poly" else 1
        rate = case["base_lr"] * poly
        out["steps"].append({"sup": float(sup), "consistency": float(consistency), "total": float(total),
                             "conf_rate": float(sure.mean()), "valid_share": float(valid.mean()), "lr": rate})
        if t == 0:
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in student.items()}
            out["grad_sample"] = {k: entries(k, v.grad, 4) for k, v in student.items()}
            for name, z in (("labelled", z_x), ("teacher", z_0), ("teacher_mix", z_1), ("student_mixed", z_v)):
                out["logits_" + name] = entries("logits", z, 64)
        with torch.no_grad():
            for name, p in student.items():
                r = rate * (case["backbone_lr_mult"] if ".backbone." in name else 1)
                g = p.grad + case["weight_decay"] * p
                if case["optimizer"] == "sgd":
                    v = moments[name] = g if t == 0 else case["momentum"] * moments[name] + g
                    p -= r * v
                else:
                    a, b = moments.get(name, (0 * g, 0 * g))
                    a, b = moments[name] = 0.9 * a + 0.1 * g, 0.999 * b + 0.001 * g * g
                    p -= r / (1 - 0.9 ** (t + 1)) * a / ((b / (1 - 0.999 ** (t + 1))).sqrt() + 1e-8)
                p.grad = None
            for own, other in net.twins(): own.copy_(case["ema"] * own + (1 - case["ema"]) * other)
    # What a copy has moved by a hundredth of the student's steps is below what f32 holds.
    moved = student if case["teacher_init"] == "copy" and case["ema"] > 0.9 else net.p
    out["param_delta"] = {k: entries(k, v - start[k], 4) for k, v in moved.items()}
    out["bn_buffers"] = {k: entries(k, v, 2) for k, v in net.buf.items()}
    with torch.no_grad():
        for name in ("student", "teacher"):
            out["eval_logits_" + name] = entries("logits", net.see(name + ".", T("eval"), training=False), 64)
    return out


def deviation(a, b): return deviation_by_network(a, b, ("student", "teacher"))


PLAIN = dict(size=65, batch=4, steps=3, total=10, residual_gamma=0.25, backbone="resnet14", dilations=[1, 2, 3],
             replace_stride_with_dilation=[False, False, True], multi_grid=False, dataset="pascal", classes=21,
             method="cutmix_seg", buffers="hash", tau=0.17)
# A fast teacher, which shows whether it takes in the student's step or the one before; then all that the first has not.
CASES = {
    "cutmix_seg_batch": dict(optimizer="adam", backbone_lr_mult=1.0, lr_sched="none", freeze_bn="backbone", mask="half",
                             teacher_init="copy", ema=0.5, cons_loss="var", cons_weight=3.0, conf_per_pixel=False,
                             base_lr=1e-4, weight_decay=0.0, salt="cs0/"),
    "cutmix_seg_pixel": dict(optimizer="sgd", momentum=0.9, backbone_lr_mult=0.5, lr_sched="poly", freeze_bn="none",
                             mask="xor3", teacher_init="hash", ema=0.9, cons_loss="kld", cons_weight=2.0,
                             conf_per_pixel=True, base_lr=2e-3, weight_decay=0.005, salt="cs1/"),
}


if __name__ == "__main__":
    main(PLAIN, CASES, run, deviation)
