"""Crops, color jitter, gray and blur as torchvision does them on Pillow images, spelled out in Pillow's calls."""

import numpy
from PIL import Image, ImageEnhance, ImageFilter


def jitter(image, order, brightness, contrast, saturation, hue):
    for step in order:
        if step == 0:
            image = ImageEnhance.Brightness(image).enhance(brightness)
        elif step == 1:
            image = ImageEnhance.Contrast(image).enhance(contrast)
        elif step == 2:
            image = ImageEnhance.Color(image).enhance(saturation)
        else:
            h, s, v = image.convert("HSV").split()
            shifted = (numpy.asarray(h).astype(numpy.int64) + int(hue * 255)) % 256
            h = Image.fromarray(shifted.astype(numpy.uint8), "L")
            image = Image.merge("HSV", (h, s, v)).convert("RGB")
    return image


def strong(image, parameters):
    if "jitter" in parameters:
        image = jitter(image, **parameters["jitter"])
    if parameters["gray"]:
        image = Image.merge("RGB", [image.convert("L")] * 3)
    if "blur" in parameters:
        image = image.filter(ImageFilter.GaussianBlur(radius=parameters["blur"]))
    return image


def crop(image, x, y, width, height, flip, fill):
    result = Image.new(image.mode, (width, height), fill)
    result.paste(image.crop((x, y, min(x + width, image.width), min(y + height, image.height))), (0, 0))
    return result.transpose(Image.FLIP_LEFT_RIGHT) if flip else result
