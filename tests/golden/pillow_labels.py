"""Writes pillow_labels.json: masks as gray and palette PNG of every bit depth, interlaced and not, with the labels that were
put in (base64 both). Pillow writes few of them, so they are put together here, and held against what Pillow reads.

    python3 tests/golden/pillow_labels.py > tests/golden/pillow_labels.json
"""

import base64
import io
import json
import struct
import sys
import zlib

import numpy
import PIL
from PIL import Image

width, height = 13, 11
rows, columns = numpy.mgrid[0:height, 0:width]
whole = [(0, 0, 1, 1)]
adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def lines(labels, bits):
    for row in labels:
        text = "".join(format(int(value), f"0{bits}b") for value in row)
        text += "0" * (-len(text) % 8)
        yield b"\0" + bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8))


def png(labels, bits, color, interlaced):
    raw = b"".join(
        line
        for x, y, dx, dy in (adam7 if interlaced else whole)
        for line in lines(labels[y::dy, x::dx], bits)
        if labels[y::dy, x::dx].size
    )
    header = struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, int(interlaced))
    palette = bytes((7 * index + 3 * part) % 256 for index in range(2**bits) for part in range(3)) if color == 3 else b""
    chunks = chunk(b"IHDR", header) + (chunk(b"PLTE", palette) if palette else b"")
    return b"\x89PNG\r\n\x1a\n" + chunks + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


cases = {}
for color, name, depths in ((0, "gray", (1, 2, 4, 8, 16)), (3, "palette", (1, 2, 4, 8))):
    for bits in depths:
        labels = ((rows * 5 + columns * 3) % min(2**bits, 21)).astype(numpy.uint8)
        labels[(rows + columns) % 7 == 0] = min(2**bits - 1, 255)
        for interlaced in (False, True):
            file = png(labels, bits, color, interlaced)
            # Pillow spreads gray of 2 and 4 bits over 0 to 255.
            scale = 255 // (2**bits - 1) if color == 0 and bits in (2, 4) else 1
            read = numpy.asarray(Image.open(io.BytesIO(file))).astype(int)
            assert (read == labels.astype(int) * scale).all(), (name, bits, interlaced)
            cases[f"{name}_{bits}{'_interlaced' if interlaced else ''}.png"] = {
                "file": base64.b64encode(file).decode(),
                "labels": base64.b64encode(labels.tobytes()).decode(),
                "light": 255 if (color, bits) == (0, 1) else scale,
            }

json.dump({"pillow": PIL.__version__, "width": width, "height": height, "cases": cases}, sys.stdout, indent=1)
print()
