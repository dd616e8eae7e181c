"""Writes annotations.json: shapes at awkward places, with the masks that the annotation tools' own libraries make of them.
LabelMe draws with Pillow's ImageDraw; COCO, and the exports of CVAT and Label Studio, are read by pycocotools. A mask is kept as
its area and the SHA-256 of its bytes, row by row, 1 where covered. Needs Pillow 12.3 (older ones draw spikes otherwise), numpy
and pycocotools 2.0.11.

    python3 tests/golden/annotations.py > tests/golden/annotations.json; deno fmt tests/golden/annotations.json
"""

import base64
import hashlib
import io
import json
import math
import random
import sys

import numpy
import PIL
from PIL import Image, ImageDraw
from pycocotools import mask as coco

random.seed(14)


def facts(mask):
    data = numpy.ascontiguousarray(mask).astype(numpy.uint8)
    return {"area": int(data.astype(bool).sum()), "sha256": hashlib.sha256(data.tobytes()).hexdigest()}


def drawn(width, height, draw):
    image = Image.new("L", (width, height), 0)
    draw(ImageDraw.Draw(image))
    return numpy.asarray(image)


def runs_of(width, height, rings):
    return coco.merge(coco.frPyObjects([[value for point in ring for value in point] for ring in rings], height, width))


rings = {
    "self-crossing": (17, 13, [(1, 1), (15, 11), (15, 1), (1, 11)]),
    "star": (31, 31, [(15, 1), (24, 29), (1, 11), (29, 11), (6, 29)]),
    "sub-pixel": (9, 7, [(3.2, 2.1), (3.9, 2.4), (3.5, 2.9)]),
    "off-image": (20, 16, [(-7.5, -3.2), (29.1, 4.4), (10.3, 40.7)]),
    "all off-image": (20, 16, [(30, 30), (40, 30), (40, 44)]),
    "above": (20, 16, [(3, -9), (12, -2), (5, -1)]),
    "spike": (40, 12, [(2, 5), (38, 6), (2, 7), (2.5, 6)]),
    "spikes on one row": (40, 12, [(1, 1), (20, 9), (39, 1), (20, 2)]),
    "collinear": (20, 10, [(2, 2), (10, 5), (18, 8)]),
    "horizontal edges": (20, 12, [(2, 2), (8, 2), (14, 2), (14, 6), (9, 6), (9, 9), (2, 9)]),
    "all on one row": (20, 12, [(2, 3), (15, 3), (8, 3)]),
    "one point thrice": (8, 8, [(3, 3), (3, 3), (3, 3)]),
    "closed": (16, 16, [(2, 2), (13, 3), (8, 13), (2, 2)]),
    "doubled point": (16, 16, [(2.5, 2.5), (2.5, 2.5), (13.5, 3.5), (8, 13.5)]),
    "halves": (16, 16, [(2.5, 2.5), (12.5, 2.5), (12.5, 11.5), (2.5, 11.5)]),
    "there and back": (24, 10, [(2, 2), (20, 7), (2, 2), (10, 8)]),
    "one column": (1, 9, [(0, 1), (1, 1), (1, 7), (0, 7)]),
    "one pixel": (1, 1, [(0, 0), (1, 0), (1, 1), (0, 1)]),
}
for index in range(60):
    width, height = random.randint(1, 48), random.randint(1, 48)
    whole = index % 2 == 0
    at = (lambda side: random.randint(-4, side + 4)) if whole else (lambda side: random.uniform(-0.3, 1.3) * side)
    points = [(at(width), at(height)) for _ in range(random.randint(3, 9))]
    rings[f"random {index}"] = (width, height, points)
rings["large"] = (640, 427, [(320 + 300 * math.cos(a * 0.7) * (1 - a % 3 / 4), 210 + 190 * math.sin(a * 0.7)) for a in range(40)])

shapes = []


def shape(name, width, height, described, mask):
    shapes.append({"name": name, "width": width, "height": height, "shape": json.dumps(described), **facts(mask)})


for name, (width, height, points) in rings.items():
    shape(f"{name}, COCO", width, height, {"kind": "coco-polygons", "rings": [points]},
          coco.decode(runs_of(width, height, [points])))
    shape(f"{name}, LabelMe", width, height, {"kind": "pillow-polygon", "points": points},
          drawn(width, height, lambda draw: draw.polygon(points, outline=1, fill=1)))
    shape(f"{name}, as a line", width, height, {"kind": "pillow-line", "points": points, "width": 10},
          drawn(width, height, lambda draw: draw.line(points, fill=1, width=10)))
    (x, y), (u, v) = points[0], points[1]
    radius = math.sqrt((x - u) ** 2 + (y - v) ** 2)
    shape(f"{name}, as a circle", width, height, {"kind": "pillow-disc", "center": points[0], "radius": radius},
          drawn(width, height, lambda draw: draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=1, fill=1)))
    box = [min(x, u), min(y, v), max(x, u), max(y, v)]
    shape(f"{name}, as a rectangle", width, height, {"kind": "pillow-rectangle", "corners": [points[0], points[1]]},
          drawn(width, height, lambda draw: draw.rectangle(box, outline=1, fill=1)))

# One picture as each tool's file has it, with the mask of all: 0 background, 1 cat, 2 dog; later covers earlier.
width, height = 37, 29
cat = [(3.3, 2.2), (30.6, 4.1), (21.4, 25.8), (5.2, 20.7)]
second = [(28, 20), (36, 20), (36, 28), (28, 28)]
dog = [(12.5, 8.5), (33.2, 12.9), (16.1, 27.3)]
mask = numpy.zeros((height, width), numpy.uint8)
for value, parts in ((1, [cat, second]), (2, [dog])):
    mask[coco.decode(runs_of(width, height, parts)) == 1] = value
flat = [[value for point in part for value in point] for part in (cat, second)]
images = [{"id": 7, "file_name": "pets/a.jpg", "width": width, "height": height},
          {"id": 8, "file_name": "pets/b.jpg", "width": width, "height": height}]
categories = [{"id": 18, "name": "dog"}, {"id": 17, "name": "cat"}]
dog_runs = runs_of(width, height, [dog])
column_major = coco.decode(dog_runs).ravel(order="F")
counts = numpy.diff(numpy.concatenate([[0], numpy.flatnonzero(numpy.diff(column_major)) + 1, [column_major.size]])).tolist()
counts = [0] * int(column_major[0]) + counts


def coco_file(segmentation):
    return {"images": images, "categories": categories, "annotations": [
        {"id": 1, "image_id": 7, "category_id": 17, "iscrowd": 0, "segmentation": flat},
        {"id": 2, "image_id": 7, "category_id": 18, "iscrowd": 0, "segmentation": segmentation}]}


paint = numpy.zeros((9, 11), bool)
paint[2:7, 3:10] = True
file = io.BytesIO()
Image.fromarray(paint).save(file, "PNG")
labelme = {"version": "5.5.0", "flags": {}, "imagePath": "a.jpg", "imageData": None, "imageWidth": width, "imageHeight": height,
           "shapes": [
               {"label": "cat", "points": cat, "shape_type": "polygon", "group_id": None, "flags": {}},
               {"label": "dog", "points": [(20, 12), (26.5, 15)], "shape_type": "circle", "flags": {}},
               {"label": "cat", "points": [(30, 25), (24, 20)], "shape_type": "rectangle", "flags": {}},
               {"label": "dog", "points": [(2, 26), (9, 24), (14, 28)], "shape_type": "linestrip", "flags": {}},
               {"label": "cat", "points": [(33, 3)], "shape_type": "point", "flags": {}},
               {"label": "dog", "points": [(6, 5), (16, 13)], "shape_type": "mask",
                "mask": base64.b64encode(file.getvalue()).decode(), "flags": {}}]}


def labelme_shape(draw, given):
    points = given["points"]
    kind = given["shape_type"]
    if kind == "polygon":
        draw.polygon(points, outline=1, fill=1)
    elif kind == "circle":
        (x, y), (u, v) = points
        radius = math.sqrt((x - u) ** 2 + (y - v) ** 2)
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], outline=1, fill=1)
    elif kind == "rectangle":
        (x, y), (u, v) = points
        draw.rectangle([min(x, u), min(y, v), max(x, u), max(y, v)], outline=1, fill=1)
    elif kind == "linestrip":
        draw.line(points, fill=1, width=10)
    else:
        (x, y), = points
        draw.ellipse([x - 5, y - 5, x + 5, y + 5], outline=1, fill=1)


of_labelme = numpy.zeros((height, width), numpy.uint8)
for given in labelme["shapes"]:
    value = {"cat": 1, "dog": 2}[given["label"]]
    if given["shape_type"] == "mask":
        of_labelme[5:14, 6:17][paint] = value
    else:
        of_labelme[drawn(width, height, lambda draw: labelme_shape(draw, given)) == 1] = value


def picture(mask):
    return {**facts(mask), "mask": base64.b64encode(mask.tobytes()).decode()}


json.dump({
    "pillow": PIL.__version__,
    "shapes": shapes,
    "width": width,
    "height": height,
    "coco": {"text": json.dumps(coco_file([[value for point in dog for value in point]])), **picture(mask)},
    "coco, run lengths": {"text": json.dumps(coco_file({"size": [height, width], "counts": counts})), **picture(mask)},
    "coco, packed run lengths": {
        "text": json.dumps(coco_file({"size": [height, width], "counts": dog_runs["counts"].decode()})), **picture(mask)},
    "labelme": {"text": json.dumps(labelme), **picture(of_labelme)},
}, sys.stdout, indent=1)
print()
