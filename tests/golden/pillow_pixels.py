"""Writes pillow_pixels.json: SHA-256 digests of the pixels that Pillow decodes, for photographs and masks that the tests
read where they are present. Color images as RGB; palette and gray images as their raw 8-bit values.

    python3 tests/golden/pillow_pixels.py ../shared/data > tests/golden/pillow_pixels.json

A digest is over the ASCII text "<width>x<height>x<channels>\n" followed by the pixels, row by row.
"""

import glob
import hashlib
import json
import os
import sys

import numpy
import PIL
from PIL import Image, features

root = sys.argv[1]
paths = sorted(
    glob.glob(os.path.join(root, "voc", "JPEGImages", "*.jpg"))
    + glob.glob(os.path.join(root, "voc", "SegmentationClass", "*.png"))
    # Every 16th of CamVid is enough: all of it comes from one encoder.
    + [
        path
        for folder in ("train", "trainannot", "val", "valannot")
        for path in sorted(glob.glob(os.path.join(root, "camvid", folder, "*.png")))[::16]
    ]
)
digests = {}
for path in paths:
    image = Image.open(path)
    if image.mode not in ("P", "L"):
        image = image.convert("RGB")
    pixels = numpy.asarray(image)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    digest = hashlib.sha256(f"{image.width}x{image.height}x{channels}\n".encode())
    digest.update(pixels.tobytes())
    digests[os.path.relpath(path, root)] = digest.hexdigest()

json.dump(
    {
        "pillow": PIL.__version__,
        "libjpeg": features.version("jpg"),
        "digests": digests,
    },
    sys.stdout,
    indent=1,
)
print()
