"""Writes parity/unimatch_*.json: training steps of UniMatch in double precision, by PyTorch, and how far its single precision
strays.

    python3 tests/golden/parity_unimatch_cases.py && deno fmt tests/golden/parity

Written from the method's description alone, on the network of parity_cases.py. It reproduces the first step of the published
PASCAL case to 1e-9.
"""
import os

import numpy as np
import torch
import torch.nn.functional as F

from parity_cases import Net, deviation_of, hashed, ignore_map, image, labels, boxes, write

LOGITS = ("logits_labelled", "logits_unlabelled", "logits_fp", "logits_strong1", "logits_strong2", "logits_mix_eval")


class Student(Net):
    """One network, output stride 16 whatever the classes; its residual branches may start small."""

    def __init__(self, case, dtype):
        super().__init__({**case, "mapping": "second"}, dtype)
        self.city, self.p, self.buf = False, {}, {}
        self.branch("student.", mapping=False)
        with torch.no_grad():
            for name, v in self.p.items():
                if name.endswith("bn3.weight"):
                    u = hashed(case["salt"], name, np.arange(v.numel()))
                    v.copy_(torch.from_numpy((case["residual_gamma"] * (1 + 0.1 * (2 * u - 1))).astype(np.float32)))
        for name, v in self.buf.items():
            if case["buffers"] != "hash": continue
            u = hashed(case["salt"], name, np.arange(v.numel()))
            v.copy_(torch.from_numpy((0.1 * (2 * u - 1) if name.endswith("mean") else 0.75 + 0.5 * u).astype(np.float32)))


def second_boxes(B, S):
    m = np.zeros((B, S, S), bool)
    for b in range(min(B, 3)): m[b, 24 + 4 * b:46 + 7 * b, 30 - 5 * b:48 - 3 * b] = True
    return m


def partner_map(B, S):
    m = np.zeros((B, S, S), np.int64)
    m[0, :, :9] = 255
    if B > 3: m[3, 28:, :] = 255
    return m


def mined(z, y, case):
    """Labels of the pixels that are as hard as the threshold, or as the rank of the least count."""
    if case["criterion"] == "CE" or int((y != 255).sum()) < case["ohem_min_kept"]: return y
    p = z.softmax(1).gather(1, torch.where(y == 255, 0, y)[:, None])[:, 0]
    p = torch.where(y == 255, torch.ones_like(p), p)
    rank = min(p.numel(), case["ohem_min_kept"]) - 1
    limit = max(case["ohem_thresh"], float(p.reshape(-1).sort()[0][rank]))
    return torch.where(p <= limit, y, 255)


def run(case, dtype):
    net, pre = Student(case, dtype), "student."
    B, S, salt, tau = case["batch"], case["size"], case["salt"], case["tau"]
    T = lambda name: torch.from_numpy(image(salt, name, B, S)).to(dtype)
    valid = torch.from_numpy(ignore_map(B, S) != 255), torch.from_numpy(partner_map(B, S) != 255)
    masks = torch.from_numpy(boxes(B, S)), torch.from_numpy(second_boxes(B, S))
    start = {name: p.detach().clone() for name, p in net.p.items()}
    momenta, out, rate = {}, {"steps": []}, case["base_lr"]
    pick = lambda name, v, n: [float(q) for q in v.detach().reshape(-1)[
        np.floor(hashed(salt, "sample:" + name, np.arange(n)) * v.numel()).astype(int)]]

    def dropped(tap, t, name):
        n = tap.shape[0] * tap.shape[1]
        keep = (hashed(salt, f"drop:{t}:{name}", np.arange(n)) < 0.5).reshape(tap.shape[0], tap.shape[1], 1, 1)
        return tap * torch.from_numpy(2.0 * keep).to(dtype)

    def loss(z, k, y, w):
        entropy = F.cross_entropy(z, y, reduction="none")
        return (entropy * (k >= tau) * w).sum() / w.sum(), float(((k >= tau) & w).sum()) / float(w.sum())

    for t in range(case["steps"]):
        y = torch.from_numpy(labels(salt, f"mask:{t}", B, S, net.K))
        net.training = False
        with torch.no_grad(): z_mix = net.one(pre, T(f"unlabelled_mix:{t}"))[0]
        net.training = True
        low, high = net.taps(pre, torch.cat([T(f"labelled:{t}"), T(f"unlabelled:{t}")]))
        low2, high2 = torch.cat([low, dropped(low, t, "c1")]), torch.cat([high, dropped(high, t, "c4")])
        z_l, z_u, _, z_fp = net.decode(pre, low2, high2, (S, S))[0].split(B)
        strong = [torch.where(m[:, None], T(f"strong{k}_mix:{t}"), T(f"strong{k}:{t}")) for k, m in zip((1, 2), masks)]
        z_s = net.one(pre, torch.cat(strong))[0].split(B)
        (k_u, y_u), (k_m, y_m) = (z.detach().softmax(1).max(1) for z in (z_u, z_mix))
        hard = mined(z_l.detach(), y, case)
        r = {"loss_x": F.cross_entropy(z_l, hard, ignore_index=255)}
        ratios = {}
        for k in (0, 1):
            mix = lambda a, b: torch.where(masks[k], b, a)
            r[f"loss_u_s{k + 1}"], ratios[f"mask_ratio_s{k + 1}"] = loss(
                z_s[k], mix(k_u, k_m), mix(y_u, y_m), mix(valid[0], valid[1]))
        r["loss_u_w_fp"], ratios["mask_ratio"] = loss(z_fp, k_u, y_u, valid[0])
        total = (r["loss_x"] + r["loss_u_s1"] / 4 + r["loss_u_s2"] / 4 + r["loss_u_w_fp"] / 2) / 2
        total.backward()
        rec = {**{k: float(v) for k, v in r.items()}, "total": float(total), **ratios, "lr": rate}
        if case["criterion"] == "OHEM": rec["ohem_kept"] = float((hard != 255).sum()) / float((y != 255).sum())
        if t == 0:
            out["grad_norm"] = {k: float(v.grad.double().norm()) for k, v in net.p.items()}
            out["grad_sample"] = {k: pick(k, v.grad, 4) for k, v in net.p.items()}
            for name, z in zip(LOGITS, (z_l, z_u, z_fp, *z_s, z_mix)): out[name] = pick("logits", z, 64)
        with torch.no_grad():
            for name, p in net.p.items():
                m = 1 if ".backbone." in name else case["lr_multi"]
                g = p.grad + case["weight_decay"] * p
                v = momenta[name] = g if name not in momenta else 0.9 * momenta[name] + g
                p -= rate * m * v
                p.grad = None
        rate = case["base_lr"] * (1 - t / case["total"]) ** 0.9
        rec["lr_next"] = rate
        out["steps"].append(rec)
    out["param_delta"] = {k: pick(k, v - start[k], 4) for k, v in net.p.items()}
    out["bn_buffers"] = {k: pick(k, v, 2) for k, v in net.buf.items()}
    net.training = False
    with torch.no_grad(): out["eval_logits"] = pick("logits", net.one(pre, T("eval"))[0], 64)
    return out


def deviation(a, b):
    spread = lambda n: {"median": q(n, 0.5), "p95": q(n, 0.95), "max": q(n, 1)}
    q = lambda n, share: sorted(ratio(a[n][k], b[n][k]) for k in a[n])[min(len(a[n]) - 1, int(share * len(a[n])))]
    ratio = lambda x, y: max(abs(i - j) for i, j in zip(x, y)) / max(map(abs, x))
    return {**deviation_of(a, b, LOGITS, ("eval_logits",)),
            **{f"{n}_rel:student": spread(n) for n in ("param_delta", "bn_buffers")}}


# All at once: about half of the labels over the threshold, hard examples by rank, hashed statistics, a decay that can be seen.
CASE = dict(method="unimatch", backbone="resnet14", dataset="pascal", classes=21, dilations=[1, 2, 3], multi_grid=False,
            replace_stride_with_dilation=[False, False, True], residual_gamma=0.25, buffers="hash", size=65, batch=4, steps=3,
            total=10, base_lr=1e-3, lr_multi=10.0, weight_decay=0.05, tau=0.164896, criterion="OHEM", ohem_thresh=0.009,
            ohem_min_kept=5000, salt="um/")

if __name__ == "__main__":
    torch.set_num_threads(1)
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parity")
    write(CASE, os.path.join(folder, "unimatch_small.json"), run, deviation)
