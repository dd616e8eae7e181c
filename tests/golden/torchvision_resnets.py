"""Writes torchvision_resnets.json: names and shapes of ResNets' state dicts, and features of them in double precision, by PyTorch.

    python3 tests/golden/torchvision_resnets.py && deno fmt tests/golden/torchvision_resnets.json

Modules of PyTorch put together as the paper's ResNets (with the stride on the 3x3 convolution of a bottleneck) and called as torchvision
and timm call them, so that their files fit. Blocks of late stages are dilated by one rule, basic ones as well: what would have had the
stride keeps the dilation before it. Weights and images come from the integer hash of the parity cases.
"""
import json
import os

import numpy as np
import torch
from torch import nn

from parity_cases import hashed, image

MODES = ("evaluation", "training")
# Output stride: what replaces the strides of stages 2, 3 and 4, and the multipliers of stage 4's blocks.
STRIDES = {16: ((False, False, True), (1, 1, 1)), 8: ((False, True, True), (2, 2, 4))}
# Blocks of each stage; whether they are bottlenecks.
NETS = {"resnet18": ((2, 2, 2, 2), False), "resnet34": ((3, 4, 6, 3), False), "torchvision-resnet50": ((3, 4, 6, 3), True)}
BATCH, SIZE, SAMPLES = 2, 33, 48


class Block(nn.Module):
    """convolutions: (size, outputs, stride, dilation) of each."""
    def __init__(self, inputs, convolutions):
        super().__init__()
        channels, strides = inputs, 1
        for i, (size, outputs, stride, dilation) in enumerate(convolutions, 1):
            padding = dilation * (size // 2)
            self.add_module(f"conv{i}", nn.Conv2d(channels, outputs, size, stride, padding, dilation, bias=False))
            self.add_module(f"bn{i}", nn.BatchNorm2d(outputs))
            channels, strides = outputs, strides * stride
        self.count = len(convolutions)
        self.downsample = None
        if inputs != channels:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, channels, 1, strides, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            if i < self.count: y = y.relu()
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class ResNet(nn.Module):
    def __init__(self, blocks, bottleneck, replaced, grid):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs, dilation = 64, 1
        for stage, count in enumerate(blocks, 1):
            width, dilated = 32 * 2 ** stage, stage > 1 and replaced[stage - 2]
            before, stride = dilation, 1 if stage == 1 or dilated else 2
            if dilated: dilation *= 2
            made = []
            for b in range(count):
                factor = grid[b % len(grid)] if stage == 4 else 1
                step, first = (stride, before) if b == 0 else (1, dilation)
                spatial = (3, width, step, first * factor)
                made.append(Block(inputs, [(1, width, 1, 1), spatial, (1, 4 * width, 1, 1)] if bottleneck else
                                  [spatial, (3, width, 1, dilation * factor)]))
                inputs = 4 * width if bottleneck else width
            self.add_module(f"layer{stage}", nn.Sequential(*made))

    def forward(self, x):
        low = self.layer1(self.maxpool(self.bn1(self.conv1(x)).relu()))
        return low, self.layer4(self.layer3(self.layer2(low)))


def start(net, salt):
    """The laws of the parity cases, statistics hashed as well."""
    for name, v in net.state_dict().items():
        if name.endswith("num_batches_tracked"): continue
        u = hashed(salt, "backbone." + name, np.arange(v.numel()))
        if v.dim() == 4: w = (2 * u - 1) * np.sqrt(6 / v[0].numel())
        elif name.endswith("running_var"): w = 0.75 + 0.5 * u
        else: w = (1 if name.endswith("weight") else 0) + 0.1 * (2 * u - 1)
        v.copy_(torch.from_numpy(w.astype(np.float32)).reshape(v.shape))


def told(tensor, name, rounded):
    """Shape, size and a sample, channels last; how far single precision is from it at most."""
    x = tensor.permute(0, 2, 3, 1).contiguous()
    flat = x.reshape(-1).numpy()
    at = np.floor(hashed("", name, np.arange(SAMPLES)) * flat.size).astype(int)
    return {"shape": list(x.shape), "largest": float(np.abs(flat).max()), "mean": float(flat.mean()),
            "rounding": float((rounded.double() - tensor).abs().max()),
            "samples": [float(v) for v in flat[at]]}


def main():
    torch.set_grad_enabled(False)
    x = torch.from_numpy(image("", "resnets", BATCH, SIZE)).double()
    nets = {}
    for name, shape in NETS.items():
        cases = []
        for stride, settings in STRIDES.items():
            for mode in MODES:
                net = ResNet(*shape, *settings)
                start(net, "")
                net.double().train(mode == "training")
                low, high = net(x)
                # What single precision comes to, by PyTorch itself: statistics of few pixels amplify roundings, layer by layer.
                single = ResNet(*shape, *settings)
                start(single, "")
                rounded = single.train(mode == "training")(x.float())
                cases.append({"outputStride": stride, "mode": mode,
                              "layer1": told(low, "layer1", rounded[0]), "layer4": told(high, "layer4", rounded[1])})
        tensors = {name: list(v.shape) for name, v in net.state_dict().items() if not name.endswith("num_batches_tracked")}
        nets[name] = {"parameters": sum(p.numel() for p in net.parameters()), "tensors": tensors, "cases": cases}
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "torchvision_resnets.json"), "w") as f: json.dump({"batch": BATCH, "size": SIZE, "nets": nets}, f)


if __name__ == "__main__":
    main()
