"""Says what Pillow makes of pictures: reads paths, one a line; prints JSON, for each path its size and the SHA-256 of its RGB
pixels, upright; or why it cannot be read.

Of 16 bits the upper 8 are kept, as of a picture; Pillow's own conversion cuts gray off at 255.
"""

import hashlib
import json
import sys
import warnings

import numpy
from PIL import Image, ImageOps

warnings.simplefilter("ignore")


def judge(path):
    try:
        with Image.open(path) as image:
            image.load()
            kind = image.format
            if image.mode == "I" or image.mode.startswith("I;16"):
                values = numpy.asarray(image).astype(numpy.int64)
                image = Image.fromarray((values >> 8).astype(numpy.uint8))
            if kind != "TIFF":  # Which is turned already.
                try:
                    image = ImageOps.exif_transpose(image)
                except SyntaxError:  # EXIF that is damaged at its head.
                    pass
            picture = image.convert("RGB")
            return [picture.width, picture.height, hashlib.sha256(picture.tobytes()).hexdigest()]
    except Exception as error:
        return f"{type(error).__name__}: {error}"


print(json.dumps({path: judge(path) for path in open(sys.argv[1], encoding="utf-8").read().splitlines()}))
