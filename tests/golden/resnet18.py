"""Writes resnet18.json: names and shapes of a ResNet-18's state dict, and features of it in double precision, by PyTorch.

    python3 tests/golden/resnet18.py && deno fmt tests/golden/resnet18.json

Modules of PyTorch put together as the paper's ResNet-18 and called as torchvision calls them, so that torchvision's file fits. Blocks
of late stages are dilated, which torchvision's refuse: what would have had the stride keeps the dilation before it. Weights and images
come from the integer hash of the parity cases.
"""
import json
import os

import numpy as np
import torch
from torch import nn

from parity_cases import hashed, image

MODES = ("evaluation", "training")
# Output stride: what replaces the strides of stages 2, 3 and 4, and the multipliers of stage 4's blocks.
STRIDES = {16: ((False, False, True), (1, 1)), 8: ((False, True, True), (2, 2))}
BATCH, SIZE, SAMPLES = 2, 33, 48


class Block(nn.Module):
    def __init__(self, inputs, width, stride, first, then):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 3, stride, first, first, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, then, then, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.downsample = None
        if inputs != width:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet18(nn.Module):
    def __init__(self, replaced, grid):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(Block(64, 64, 1, 1, 1), Block(64, 64, 1, 1, 1))
        dilation = 1
        for stage, (width, dilated) in enumerate(zip((128, 256, 512), replaced), 2):
            before, stride = dilation, 1 if dilated else 2
            if dilated: dilation *= 2
            first, second = grid if stage == 4 else (1, 1)
            self.add_module(f"layer{stage}", nn.Sequential(
                Block(width // 2, width, stride, before * first, dilation * first),
                Block(width, width, 1, dilation * second, dilation * second)))

    def forward(self, x):
        low = self.layer1(self.maxpool(self.relu(self.bn1(self.conv1(x)))))
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


def told(tensor, name):
    """Shape, size and a sample, channels last."""
    x = tensor.permute(0, 2, 3, 1).contiguous()
    flat = x.reshape(-1).numpy()
    at = np.floor(hashed("", name, np.arange(SAMPLES)) * flat.size).astype(int)
    return {"shape": list(x.shape), "largest": float(np.abs(flat).max()), "mean": float(flat.mean()),
            "samples": [float(v) for v in flat[at]]}


def main():
    torch.set_grad_enabled(False)
    x = torch.from_numpy(image("", "resnet18", BATCH, SIZE)).double()
    cases = []
    for stride, settings in STRIDES.items():
        for mode in MODES:
            net = ResNet18(*settings)
            start(net, "")
            net.double().train(mode == "training")
            low, high = net(x)
            cases.append({"outputStride": stride, "mode": mode,
                          "layer1": told(low, "layer1"), "layer4": told(high, "layer4")})
    tensors = {name: list(v.shape) for name, v in net.state_dict().items() if not name.endswith("num_batches_tracked")}
    out = {"parameters": sum(p.numel() for p in net.parameters()), "tensors": tensors,
           "batch": BATCH, "size": SIZE, "cases": cases}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "resnet18.json"), "w") as f: json.dump(out, f)


if __name__ == "__main__":
    main()
