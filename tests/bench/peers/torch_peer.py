"""PyTorch: the same work in its usual modules.

Run as `torch_peer.py [--device cuda] [--tf32] [--threads N] [--layout nchw|nhwc]`.
"""
import argparse
import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

options = argparse.ArgumentParser()
options.add_argument("--device", default="cpu")
options.add_argument("--tf32", action="store_true")
options.add_argument("--threads", type=int, default=0)
options.add_argument("--layout", choices=("nchw", "nhwc"))
options = options.parse_args()
device = torch.device(options.device)
if options.threads:
    torch.set_num_threads(options.threads)
torch.manual_seed(1)
torch.backends.cudnn.benchmark = True
torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = options.tf32
chosen = options.layout or ("nhwc" if device.type == "cpu" else "nchw")
layout = torch.channels_last if chosen == "nhwc" else torch.contiguous_format

SAMPLE = 0.6  # seconds, as for the other contestants


def uniform(seed, shape, low=-1.0, high=1.0):
    """The numbers of tests/support/uniform.ts."""
    mask = np.uint64(0xFFFFFFFF)
    i = np.arange(1, np.prod(shape) + 1, dtype=np.uint64)
    x = (i * np.uint64(0x9E3779B1) & mask) ^ np.uint64((seed + 1) * 0x85EBCA6B & 0xFFFFFFFF)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor) & mask
    x ^= x >> np.uint64(16)
    values = (low + (high - low) * (x.astype(np.float64) / 2**32)).astype(np.float32)
    return torch.from_numpy(values.reshape(shape))


def images(seed, batch, side, channels):
    """[N, C, H, W], drawn as [N, H, W, C]."""
    x = uniform(seed, (batch, side, side, channels)).permute(0, 3, 1, 2)
    return x.to(device, memory_format=layout)


def magnitude(x):
    return float(x.detach().abs().double().mean())


def convolution(spec):
    batch, side, channels = spec["batch"], spec["side"], spec["channels"]
    x = images(1, batch, side, channels).requires_grad_(True)
    weight = uniform(2, (channels, channels, 3, 3), -0.05, 0.05).to(device, memory_format=layout)
    weight.requires_grad_(True)
    gradient = images(3, batch, side, channels)

    def step():
        x.grad = weight.grad = None
        y = F.conv2d(x, weight, padding=1)
        y.backward(gradient)
        return y

    y = step()
    return step, [magnitude(y), magnitude(x.grad), magnitude(weight.grad)]


def small_step(spec):
    layers = spec["layers"]
    x = images(1, spec["batch"], spec["side"], 3)
    body = []
    for at, layer in enumerate(layers):
        taps = layer["taps"]
        c = nn.Conv2d(layer["inputs"], layer["outputs"], taps, layer["stride"], taps // 2, bias=False)
        c.weight.data = uniform(2 + at, c.weight.shape, -0.1, 0.1)
        body += [c] if at == len(layers) - 1 else [c, nn.BatchNorm2d(layer["outputs"]), nn.ReLU(True)]
    network = nn.Sequential(*body).to(device, memory_format=layout)
    optimizer = torch.optim.SGD(network.parameters(), spec["rate"], spec["momentum"])
    with torch.no_grad():
        shape = network(x).shape
    labels = torch.arange(shape[0] * shape[2] * shape[3], device=device) % shape[1]
    labels = labels.reshape(shape[0], *shape[2:])

    def step():
        optimizer.zero_grad()
        loss = F.cross_entropy(network(x), labels)
        loss.backward()
        optimizer.step()
        return loss

    return step, [float(step()) for _ in range(3)]


def norm_relu(inputs, outputs, taps, stride=1, dilation=1, relu=True):
    convolve = nn.Conv2d(inputs, outputs, taps, stride, dilation * (taps // 2), dilation, bias=False)
    return nn.Sequential(convolve, nn.BatchNorm2d(outputs), *([nn.ReLU(True)] if relu else []))


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride, dilation, project):
        super().__init__()
        self.a = norm_relu(inputs, width, 1)
        self.b = norm_relu(width, width, 3, stride, dilation)
        self.c = norm_relu(width, 4 * width, 1, relu=False)
        self.shortcut = norm_relu(inputs, 4 * width, 1, stride, relu=False) if project else nn.Identity()

    def forward(self, x):
        return F.relu(self.c(self.b(self.a(x))) + self.shortcut(x), True)


def resize(x, size):
    return F.interpolate(x, size, mode="bilinear", align_corners=True)


class DeepLabV3Plus(nn.Module):
    """Output stride 16, 21 classes; gives the scores and what enters the fuse convolutions."""

    def __init__(self, blocks, mapped):
        super().__init__()
        self.stem = nn.Sequential(
            norm_relu(3, 64, 3, 2), norm_relu(64, 64, 3), norm_relu(64, 128, 3), nn.MaxPool2d(3, 2, 1)
        )
        stages, inputs = [], 128
        for s, count in enumerate(blocks):
            stage = []
            for i in range(count):
                stride = 2 if s in (1, 2) and i == 0 else 1
                stage.append(Bottleneck(inputs, 64 << s, stride, 2 if s == 3 and i else 1, i == 0))
                inputs = 4 * (64 << s)
            stages.append(nn.Sequential(*stage))
        self.low, self.high = stages[0], nn.Sequential(*stages[1:])
        self.pyramid = nn.ModuleList(
            [norm_relu(2048, 256, 1)] + [norm_relu(2048, 256, 3, 1, rate) for rate in (6, 12, 18)]
        )
        self.pooled = norm_relu(2048, 256, 1)
        self.project, self.reduce = norm_relu(1280, 256, 1), norm_relu(256, 48, 1)
        self.mapping = nn.Sequential(norm_relu(304, 304, 1), nn.Dropout2d(0.5)) if mapped else nn.Identity()
        self.fuse = nn.Sequential(norm_relu(304, 256, 3), norm_relu(256, 256, 3), nn.Conv2d(256, 21, 1))

    def forward(self, x):
        low = self.low(self.stem(x))
        high = self.high(low)
        views = [view(high) for view in self.pyramid]
        views.append(self.pooled(high.mean((2, 3), keepdim=True)).expand_as(views[0]))
        high = resize(self.project(torch.cat(views, 1)), low.shape[2:])
        features = self.mapping(torch.cat([self.reduce(low), high], 1))
        return resize(self.fuse(features), x.shape[2:]), features


def discrepancy(a, b):
    """1 + the mean cosine, each side constant to the other in turn."""
    one = F.cosine_similarity(a.detach(), b, dim=1, eps=1e-6).mean()
    other = F.cosine_similarity(a, b.detach(), dim=1, eps=1e-6).mean()
    return 1 + (one + other) / 2


def consistency(scores, threshold=0.9, conflict=2.0):
    """Each branch learns the other's classes; where they differ and the teacher is sure, with more weight."""
    classes = [z.detach().argmax(1) for z in scores]
    differ = classes[0] != classes[1]
    losses = []
    for teacher, learner in ((0, 1), (1, 0)):
        sure = scores[teacher].detach().amax(1) > threshold
        weight = torch.where(differ & sure, conflict, 1.0)
        losses.append((weight * F.cross_entropy(scores[learner], classes[teacher], reduction="none")).mean())
    return (losses[0] + losses[1]) / 2


def ccvc(spec):
    blocks = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}[spec["backbone"]]
    batch, crop = spec["batch"], spec["crop"]
    branches = nn.ModuleList([DeepLabV3Plus(blocks, False), DeepLabV3Plus(blocks, True)])
    branches = branches.to(device, memory_format=layout).train()
    optimizer = torch.optim.SGD(branches.parameters(), 1e-3, 0.9, weight_decay=1e-4)
    labeled, unlabeled = images(1, batch, crop, 3), images(2, batch, crop, 3)
    labels = (uniform(3, (batch, crop, crop), 0, 21).to(device)).long()

    def step():
        optimizer.zero_grad()
        scores, features = zip(*(branch(labeled) for branch in branches))
        supervised = sum(F.cross_entropy(z, labels, ignore_index=255) for z in scores) / 2
        apart = discrepancy(*features)
        scores, features = zip(*(branch(unlabeled) for branch in branches))
        loss = 5 * supervised + 2 * consistency(scores) + (apart + discrepancy(*features)) / 2
        loss.backward()
        optimizer.step()
        return loss

    return step, []


def finish(result):
    """Waits: a number that is read back has been computed."""
    value = float(result.detach().reshape(-1)[0])
    if value != value:
        raise ValueError("the result is not a number")


def timed(step, times):
    start = time.perf_counter()
    for _ in range(times):
        result = step()
    finish(result)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def answer(value):
    print("bench: " + json.dumps(value), flush=True)


works = {"convolution": convolution, "smallStep": small_step, "ccvc": ccvc}
ready = {}
where = "CPU" if device.type == "cpu" else f"CUDA, TF32 {'on' if options.tf32 else 'off'}"
name = f"PyTorch {torch.__version__} {where}, {chosen.upper()}"
threads = f"{torch.get_num_threads()} threads"
adapter = threads if device.type == "cpu" else torch.cuda.get_device_name(device)
answer({"name": name, "adapter": adapter})
for line in sys.stdin:
    request = json.loads(line)
    if "prepare" in request:
        step, check = works[request["prepare"]](request["spec"])
        timed(step, 1)
        times = max(1, round(SAMPLE / timed(step, 1)))
        ready[request["prepare"]] = step, times
        answer({"check": check, "times": times})
    else:
        step, times = ready[request["sample"]]
        answer({"milliseconds": 1e3 * timed(step, times) / times})
