"""Counts pixels by true and predicted class from PNG files alone, with numpy and Pillow: what `evaluate` counts on the device,
told apart from everything of it.

    python3 tests/acceptance/confusion.py predictions

reads the index.json that `predict --data --all` wrote to that folder, and prints, as JSON, the confusion matrix (rows are truth),
the IoU of each class and their mean, in percent, of each prediction. True labels that are no class are left out. A prediction
that is smaller than its mask is of the mask's middle.
"""

import json
import os
import sys

import numpy
from PIL import Image

folder = sys.argv[1]
with open(os.path.join(folder, "index.json")) as file:
    index = json.load(file)
count = len(index["classes"])
names = ("branch1", "branch2", "average")
totals = {name: numpy.zeros((count, count), numpy.int64) for name in names}


def indices(path):
    image = Image.open(path)
    assert image.mode in ("P", "L"), f"{path} is {image.mode}"
    return numpy.asarray(image).astype(numpy.int64)


for entry in index["images"]:
    whole = indices(entry["truth"])
    for name in names:
        file = entry["files"]["predictions"][name]
        prediction = indices(os.path.join(folder, file))
        assert prediction.max() < count, f"{file} holds {prediction.max()}"
        top, left = ((whole.shape[axis] - prediction.shape[axis]) // 2 for axis in (0, 1))
        truth = whole[top : top + prediction.shape[0], left : left + prediction.shape[1]]
        counted = truth < count
        cells = truth[counted] * count + prediction[counted]
        totals[name] += numpy.bincount(cells, minlength=count * count).reshape(count, count)

result = {}
for name, matrix in totals.items():
    both = numpy.diag(matrix).astype(numpy.float64)
    union = matrix.sum(axis=0) + matrix.sum(axis=1) - both
    iou = both / (union + 1e-10)
    result[name] = {
        "confusion": matrix.tolist(),
        "iou": (100 * iou).tolist(),
        "miou": 100 * float(numpy.mean(iou)),
        "pixelAccuracy": 100 * float(both.sum() / matrix.sum()),
    }
json.dump(result, sys.stdout)
print()
