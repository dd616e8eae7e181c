"""Writes pillow_small.json: small image files of every kind that the decoders read, made by Pillow, with the pixels that
Pillow decodes from them again (base64 both). Needs Pillow 9.4 with libjpeg-turbo 2.1.5, and its jpegtran.

    python3 tests/golden/pillow_small.py > tests/golden/pillow_small.json
"""

import base64
import io
import json
import subprocess
import sys

import numpy
import PIL
from PIL import Image

width, height = 23, 17
rows, columns = numpy.mgrid[0:height, 0:width]
red = (columns * 11) % 256
green = (rows * 15 + columns * 3) % 256
blue = ((rows * columns) * 5) % 256
rgb = numpy.stack([red, green, blue], axis=2).astype(numpy.uint8)
gray = rgb[:, :, 1]
cases = {}


def written(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def case(name, image, kind, read_as=None, **options):
    decoded(name, written(image, kind, **options), read_as)


def decoded(name, file, read_as):
    again = Image.open(io.BytesIO(file))
    if read_as is not None:
        again = again.convert(read_as)
    pixels = numpy.asarray(again)
    if pixels.dtype == bool:
        pixels = pixels.astype(numpy.uint8) * 255
    if pixels.dtype != numpy.uint8:
        pixels = (pixels.astype(numpy.int64) >> 8).astype(numpy.uint8)
    cases[name] = {
        "file": base64.b64encode(file).decode(),
        "width": again.width,
        "height": again.height,
        "channels": 1 if pixels.ndim == 2 else pixels.shape[2],
        "pixels": base64.b64encode(pixels.tobytes()).decode(),
    }


for bits in (1, 2, 4, 8):
    indices = ((rows * 7 + columns) % min(2**bits, 21)).astype(numpy.uint8)
    palette = Image.fromarray(indices, mode="P")
    palette.putpalette([value for index in range(2**bits) for value in (index, 255 - index, 7)])
    case(f"palette_{bits}.png", palette, "PNG", bits=bits)
case("gray_1.png", Image.fromarray(gray).convert("1"), "PNG")
case("gray_8.png", Image.fromarray(gray), "PNG")
case("gray_16.png", Image.fromarray((gray.astype(numpy.int32) * 257 + rows).astype(numpy.uint16)), "PNG")
case("gray_alpha.png", Image.fromarray(numpy.stack([gray, 255 - gray], axis=2), mode="LA"), "PNG")
case("rgb.png", Image.fromarray(rgb), "PNG")
case("rgba.png", Image.fromarray(numpy.concatenate([rgb, gray[:, :, None]], axis=2)), "PNG")

photo = Image.fromarray(rgb)
case("gray.jpg", Image.fromarray(gray), "JPEG", read_as="RGB", quality=90)
case("color_420.jpg", photo, "JPEG", quality=75, subsampling=2)
case("color_422.jpg", photo, "JPEG", quality=75, subsampling=1)
case("color_444.jpg", photo, "JPEG", quality=95, subsampling=0)
case("progressive.jpg", photo, "JPEG", quality=85, progressive=True)
# 4:4:0 is what a lossless turn by 90° makes of 4:2:2; Pillow writes none itself. Its chroma is smoothed from row to row.
turned = subprocess.run(
    ["jpegtran", "-rotate", "90", "-trim"],
    input=written(photo.resize((64, 48)), "JPEG", quality=90, subsampling=1),
    capture_output=True,
    check=True,
)
decoded("color_440.jpg", turned.stdout, None)
orientation = Image.Exif()
orientation[0x0112] = 6
case("orientation_6.jpg", photo, "JPEG", quality=90, exif=orientation)
case("cmyk.jpg", photo.convert("CMYK"), "JPEG", quality=90)

json.dump({"pillow": PIL.__version__, "cases": cases}, sys.stdout, indent=1)
print()
