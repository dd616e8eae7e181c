"""Writes pillow_views.json: what Pillow makes of a small synthetic image and of photographs (pillow_functions.py).

    python3 -B tests/golden/pillow_views.py [root of a PASCAL VOC layout] > tests/golden/pillow_views.json

Results on the synthetic image are kept as bytes (base64), those on photographs as SHA-256 digests only.
"""

import base64
import hashlib
import json
import os
import sys

import numpy
import PIL
from PIL import Image

from pillow_functions import crop, strong


def steps(order, brightness=1.0, contrast=1.0, saturation=1.0, hue=0.0):
    factors = {"brightness": brightness, "contrast": contrast, "saturation": saturation, "hue": hue}
    return {"gray": False, "jitter": {"order": order, **factors}}


photometric = {
    "brightness up": steps([0], brightness=1.375),
    "brightness down": steps([0], brightness=0.62109375),
    "contrast up": steps([1], contrast=1.4375),
    "contrast down": steps([1], contrast=0.53125),
    "saturation up": steps([2], saturation=1.28125),
    "saturation down": steps([2], saturation=0.5078125),
    "hue up": steps([3], hue=0.23),
    "hue down": steps([3], hue=-0.17),
    "hue still": steps([3], hue=0.0),
    # The ends of the published ranges.
    "brightness least": steps([0], brightness=0.5),
    "brightness most": steps([0], brightness=1.5),
    "contrast least": steps([1], contrast=0.5),
    "contrast most": steps([1], contrast=1.5),
    "saturation least": steps([2], saturation=0.5),
    "saturation most": steps([2], saturation=1.5),
    "hue least": steps([3], hue=-0.25),
    "hue most": steps([3], hue=0.25),
    "all least": steps([0, 2, 1, 3], 0.5, 0.5, 0.5, -0.25),
    "all most": steps([3, 0, 2, 1], 1.5, 1.5, 1.5, 0.25),
    "order 0123": steps([0, 1, 2, 3], 1.25, 0.75, 1.40625, -0.2),
    "order 3210": steps([3, 2, 1, 0], 0.8125, 1.3125, 0.6875, 0.11),
    "order 2301": steps([2, 3, 0, 1], 1.1875, 1.484375, 1.109375, 0.249),
    "order 1032": steps([1, 0, 3, 2], 0.59375, 0.65625, 1.46875, -0.249),
    "gray": {"gray": True},
    "blur 0.1": {"gray": False, "blur": 0.1},
    "blur 0.55": {"gray": False, "blur": 0.55},
    "blur 1.0": {"gray": False, "blur": 1.0},
    "blur 1.999": {"gray": False, "blur": 1.999},
    "blur 2.0": {"gray": False, "blur": 2.0},
    "blur 5.3": {"gray": False, "blur": 5.3},
    "all": {**steps([2, 1, 3, 0], 1.34375, 0.71875, 1.21875, 0.09), "gray": True, "blur": 1.37},
    "jitter and blur": {**steps([3, 1, 0, 2], 0.90625, 1.265625, 0.84375, -0.06), "blur": 0.83},
}

width, height = 23, 19
rows, columns = numpy.mgrid[0:height, 0:width]
channels = [
    (columns * 13 + rows * rows) % 256,
    (rows * 17 + columns * columns * 3) % 256,
    ((rows + 3) * (columns + 5) * 7) % 256,
]
image = Image.fromarray(numpy.stack(channels, axis=2).astype(numpy.uint8))
mask = Image.fromarray(((rows * 5 + columns * 3) % 256).astype(numpy.uint8))


def encode(result):
    return base64.b64encode(numpy.asarray(result).tobytes()).decode()


def digest(result):
    return hashlib.sha256(numpy.asarray(result).tobytes()).hexdigest()


resized = []
for size in [(11, 9), (12, 10), (14, 12), (23, 19), (22, 20), (31, 26), (46, 38)]:
    resized.append({
        "width": size[0],
        "height": size[1],
        "image": encode(image.resize(size, Image.BILINEAR)),
        "mask": encode(mask.resize(size, Image.NEAREST)),
    })

photographs = {}
if len(sys.argv) > 1:
    root = sys.argv[1]
    names = sorted(name[:-4] for name in os.listdir(os.path.join(root, "JPEGImages")))
    for index, name in enumerate(names[::14]):
        photograph = Image.open(os.path.join(root, "JPEGImages", name + ".jpg")).convert("RGB")
        labels = Image.open(os.path.join(root, "SegmentationClass", name + ".png"))
        ratio = [0.5, 0.613, 0.77, 0.9, 1.0, 1.17, 1.5, 2.0][index % 8]
        size = (int(photograph.width * ratio + 0.5), int(photograph.height * ratio + 0.5))
        geometry = {
            "width": size[0],
            "height": size[1],
            "x": max(size[0] - 321, 0) * (index % 3) // 2,
            "y": max(size[1] - 321, 0) * ((index + 1) % 3) // 2,
            "flip": index % 2 == 1,
        }
        window = {"x": geometry["x"], "y": geometry["y"], "width": 321, "height": 321, "flip": geometry["flip"]}
        view = crop(photograph.resize(size, Image.BILINEAR), **window, fill=0)
        photographs[name] = {
            "geometry": geometry,
            "view": digest(view),
            "labels": digest(crop(labels.resize(size, Image.NEAREST), **window, fill=255)),
            "photometric": {key: digest(strong(view, value)) for key, value in photometric.items()},
        }

json.dump(
    {
        "pillow": PIL.__version__,
        "photometric": photometric,
        "synthetic": {
            "width": width,
            "height": height,
            "image": encode(image),
            "mask": encode(mask),
            "resized": resized,
            "photometric": {key: encode(strong(image, value)) for key, value in photometric.items()},
        },
        "crop": 321,
        "photographs": photographs,
    },
    sys.stdout,
    indent=1,
)
print()
