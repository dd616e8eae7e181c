"""Makes views with Pillow, for a test that compares them with the device's.

    python3 tests/golden/pillow_live.py tasks.json

A task is {"image", "mask", "geometry", "side", "out"}: resizes, crops and flips the file; writes <out>.image and <out>.mask, raw
bytes. Or {"pixels", "side", "settings", "out"}: changes the colors of raw RGB bytes and writes <out>.
"""

import json
import sys

import numpy
from PIL import Image

from pillow_functions import crop, strong


def write(path, image):
    with open(path, "wb") as file:
        file.write(numpy.asarray(image).tobytes())


with open(sys.argv[1]) as file:
    tasks = json.load(file)
for task in tasks:
    side = task["side"]
    if "image" in task:
        geometry = task["geometry"]
        size = (geometry["width"], geometry["height"])
        window = {"x": geometry["x"], "y": geometry["y"], "width": side, "height": side, "flip": geometry["flip"]}
        image = Image.open(task["image"]).convert("RGB")
        mask = Image.open(task["mask"])
        write(task["out"] + ".image", crop(image.resize(size, Image.BILINEAR), **window, fill=0))
        write(task["out"] + ".mask", crop(mask.resize(size, Image.NEAREST), **window, fill=255))
    else:
        with open(task["pixels"], "rb") as file:
            image = Image.frombytes("RGB", (side, side), file.read())
        write(task["out"], strong(image, task["settings"]))
json.dump(len(tasks), sys.stdout)
