"""Writes pillow_rand_augment.json: what Pillow makes of a small image by the operations of RandAugment that it has.

    python3 -B tests/golden/pillow_rand_augment.py > tests/golden/pillow_rand_augment.json

Bytes are in base64, rows of RGB.
"""

import base64
import io
import json

import numpy
import PIL
from PIL import Image, ImageFilter, ImageOps

WIDTH, HEIGHT = 37, 29


def picture():
    """Slopes, an edge and some noise: nothing that all operations leave as it is."""
    y, x = numpy.mgrid[0:HEIGHT, 0:WIDTH]
    noise = numpy.random.RandomState(5).randint(-12, 13, (HEIGHT, WIDTH, 3))
    slopes = numpy.stack([40 + 4 * x, 200 - 5 * y, 30 + 2 * x + 3 * y], axis=2)
    slopes[:, WIDTH // 2:] += 45
    return numpy.clip(slopes + noise, 0, 255).astype(numpy.uint8)


def jpeg(image, quality):
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue()))


def text(image):
    return base64.b64encode(numpy.asarray(image).tobytes()).decode()


source = Image.fromarray(picture())
results = {
    "equalize": ImageOps.equalize(source),
    "solarize": ImageOps.solarize(source, 128),
    "blur": source.filter(ImageFilter.GaussianBlur(1.756)),
    **{f"JPEG {quality}": jpeg(source, quality) for quality in (5, 10, 15)},
}
print(json.dumps({
    "pillow": PIL.__version__,
    "width": WIDTH,
    "height": HEIGHT,
    "source": text(source),
    "results": {name: text(image) for name, image in results.items()},
}, indent=1))
