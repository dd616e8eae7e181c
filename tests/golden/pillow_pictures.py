"""Writes pillow_pictures.json: small pictures of every kind that people have, with what Pillow reads from them: the stored
values (`values`: base64 of bytes, or of little-endian words above 8 bits; absent where Pillow does not give them), and the
picture as `convert("RGB")`, turned upright by EXIF (`upright`). Most are written by Pillow; what it does not write is made by
libtiff's tiffcp, libjpeg-turbo's jpegtran and library, or put together here.

    python3 tests/golden/pillow_pictures.py > tests/golden/pillow_pictures.json

Needs Pillow 9.4, and the programs and the library of libtiff-tools and libjpeg-turbo-progs.
"""

import base64
import ctypes
import io
import json
import os
import struct
import subprocess
import sys
import tempfile

import numpy
import PIL
from PIL import Image, ImageOps, PngImagePlugin

width, height = 19, 13
rows, columns = numpy.mgrid[0:height, 0:width]
red = (columns * 13) % 256
green = (rows * 19 + columns * 3) % 256
blue = ((rows * columns) * 5) % 256
rgb = numpy.stack([red, green, blue], axis=2).astype(numpy.uint8)
gray = rgb[:, :, 1]
alpha = (255 - gray).astype(numpy.uint8)
wide = (gray.astype(numpy.int32) * 251 + rows).astype(numpy.uint16)
labels = ((rows * 5 + columns * 3) % 16).astype(numpy.uint8)
colors = [value for index in range(256) for value in (index * 7 % 256, 255 - index, (index * 31) % 256)]
photo, light = Image.fromarray(rgb), Image.fromarray(gray)
indexed = Image.fromarray(labels, mode="P")
indexed.putpalette(colors[: 16 * 3])
cases = {}


def written(image, kind, **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def base(array):
    return base64.b64encode(numpy.ascontiguousarray(array).tobytes()).decode()


def case(name, file, values=None):
    """`values`: what was put in, where Pillow gives 8 bits of 16."""
    image = Image.open(io.BytesIO(file))
    image.load()
    stored = numpy.asarray(image)
    if stored.dtype == bool:
        stored = stored.astype(numpy.uint8)
    if stored.dtype.itemsize > 1:
        values = stored.astype("<u2")
    # Of 16 bits the upper 8 are a picture's; Pillow's own conversion cuts them off at 255.
    picture = Image.fromarray((values >> 8).astype(numpy.uint8)) if values is not None and values.ndim == 2 else image
    if values is None and not (name.endswith(".jpg") or "lossy" in name or "jpeg" in name):
        values = stored
    upright = picture.convert("RGB")
    if image.format != "TIFF":  # Which Pillow has turned already.
        try:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
        except SyntaxError:  # EXIF that is damaged at its head.
            pass
    cases[name] = {
        "file": base64.b64encode(file).decode(),
        "width": image.width,
        "height": image.height,
        **({} if values is None else {"values": base(values)}),
        "upright": [upright.width, upright.height, base(numpy.asarray(upright))],
    }


def program(name, content, *args):
    """Runs a program that makes a file of a file."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "a"), os.path.join(folder, "b")
        with open(source, "wb") as file:
            file.write(content)
        subprocess.run([name, *args, source, target], check=True)
        with open(target, "rb") as file:
            return file.read()


# EXIF's orientation.
def exif(value, order="II", kind=3, count=1):
    mark = "<" if order == "II" else ">"
    number = struct.pack(mark + ("HH" if kind == 3 else "I"), *((value, 0) if kind == 3 else (value,)))
    return order.encode() + struct.pack(mark + "HIHHHI", 42, 8, 1, 0x0112, kind, count) + number + bytes(4)


jpeg = written(photo, "JPEG", quality=90, subsampling=0)


def with_exif(content, title=b"Exif\0\0"):
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(title + content) + 2) + title + content + jpeg[2:]


for orientation in range(1, 9):
    case(f"exif_{orientation}.jpg", with_exif(exif(orientation, "II" if orientation % 2 else "MM")))
case("exif_long.jpg", with_exif(exif(6, "MM", kind=4)))
case("exif_signed.jpg", with_exif(exif(8, kind=9)))
case("exif_9.jpg", with_exif(exif(9)))
case("exif_0.jpg", with_exif(exif(0)))
case("exif_twice.jpg", with_exif(exif(8))[:2] + with_exif(exif(6))[2 : -len(jpeg) + 2] + with_exif(exif(8))[2:])
case("exif_two_values.jpg", with_exif(exif(6, count=2)))
case("exif_cut.jpg", with_exif(exif(6)[:14]))
case("exif_no_tiff.jpg", with_exif(b"XX" + exif(6)[2:]))
case("exif_far_away.jpg", with_exif(exif(6)[:4] + struct.pack("<I", 5000) + exif(6)[8:]))
case("exif_3.png", written(photo, "PNG", exif=exif(3)))
case("exif_6.png", written(indexed, "PNG", exif=exif(6, "MM")))
note = PngImagePlugin.PngInfo()
digits = (b"Exif\0\0" + exif(8)).hex()
note.add_text("Raw profile type exif", f"\nexif\n{len(digits) // 2:8}\n{digits[:72]}\n{digits[72:]}\n", zip=True)
case("exif_8_raw_profile.png", written(photo, "PNG", pnginfo=note))
for zipped in (False, True):
    note = PngImagePlugin.PngInfo()
    note.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta><a tiff:Orientation="6"/></x:xmpmeta>', zip=zipped)
    case(f"xmp_6{'_zipped' if zipped else ''}.png", written(photo, "PNG", pnginfo=note))
case("exif_5_lossless.webp", written(photo, "WEBP", lossless=True, exif=exif(5)))

# JPEG of four colors: plain CMYK by Pillow; YCCK by libjpeg-turbo, its chroma sampled in all ways.
four = numpy.concatenate([255 - rgb, (gray // 2)[:, :, None]], axis=2)
plain = written(Image.fromarray(four, mode="CMYK"), "JPEG", quality=90)
case("cmyk.jpg", plain)
turbo = ctypes.CDLL("libturbojpeg.so.0")
turbo.tjInitCompress.restype = ctypes.c_void_p
for subsampling, name in enumerate(("444", "422", "420")):
    out, size = ctypes.c_void_p(), ctypes.c_ulong()
    large = numpy.ascontiguousarray(numpy.kron(four, numpy.ones((3, 3, 1), numpy.uint8))[:31, :45])
    failed = turbo.tjCompress2(
        ctypes.c_void_p(turbo.tjInitCompress()),
        large.ctypes.data_as(ctypes.c_void_p),
        *(45, 0, 31, 11),  # 11: CMYK
        *(ctypes.byref(out), ctypes.byref(size), subsampling, 80, 0),
    )
    assert failed == 0
    ycck = ctypes.string_at(out, size.value)
    case(f"ycck_{name}.jpg", ycck)


def jpegtran(content, *args):
    return subprocess.run(["jpegtran", *args], input=content, capture_output=True, check=True).stdout


case("ycck_420_progressive.jpg", jpegtran(ycck, "-copy", "all", "-progressive"))
case("ycck_420_restarts.jpg", jpegtran(ycck, "-copy", "all", "-restart", "2B"))
case("ycck_420_optimized.jpg", jpegtran(ycck, "-copy", "all", "-optimize"))
case("cmyk_progressive_restarts.jpg", jpegtran(plain, "-copy", "all", "-progressive", "-restart", "1B"))
case("cmyk_no_adobe.jpg", jpegtran(plain, "-copy", "none"))

# TIFF.
kinds = {
    "rgb": photo,
    "gray": light,
    "palette": indexed,
    "bilevel": Image.fromarray(gray > 99),
    "gray_alpha": Image.fromarray(numpy.stack([gray, alpha], axis=2), mode="LA"),
    "rgba": Image.fromarray(numpy.concatenate([rgb, alpha[:, :, None]], axis=2)),
    "gray_16": Image.fromarray(wide),
}
tiffs = {name: written(image, "TIFF") for name, image in kinds.items()}
for name, file in tiffs.items():
    case(f"{name}.tif", file)
case("rgb_lzw.tif", written(photo, "TIFF", compression="tiff_lzw"))
case("rgb_packbits.tif", written(photo, "TIFF", compression="packbits"))
case("rgb_deflate.tif", written(photo, "TIFF", compression="tiff_adobe_deflate"))
case("rgb_lzw_predictor.tif", program("tiffcp", tiffs["rgb"], "-c", "lzw:2", "-r", "3"))
case("rgba_zip_predictor_big_endian.tif", program("tiffcp", tiffs["rgba"], "-c", "zip:2", "-B"))
case("gray_16_zip_predictor.tif", program("tiffcp", tiffs["gray_16"], "-c", "zip:2", "-r", "4"), wide)
case("gray_16_lzw_predictor_big_endian.tif", program("tiffcp", tiffs["gray_16"], "-c", "lzw:2", "-B"), wide)
case("rgb_tiles.tif", program("tiffcp", tiffs["rgb"], "-t", "-w", "16", "-l", "16"))
case("gray_tiles_lzw.tif", program("tiffcp", tiffs["gray"], "-t", "-w", "16", "-l", "16", "-c", "lzw:2"))
case("bilevel_tiles_packbits.tif", program("tiffcp", tiffs["bilevel"], "-t", "-w", "16", "-l", "16", "-c", "packbits"))
case("rgb_planes.tif", program("tiffcp", tiffs["rgb"], "-p", "separate", "-c", "lzw:2", "-r", "5"))
case("rgb_planes_tiles.tif", program("tiffcp", tiffs["rgb"], *"-p separate -t -w 16 -l 16 -c zip".split()))
case("bilevel_low_bit_first.tif", program("tiffcp", tiffs["bilevel"], "-f", "lsb2msb"))
case("rgb_jpeg.tif", program("tiffcp", tiffs["rgb"], "-c", "jpeg:90", "-r", "16"))
case("rgb_jpeg_no_ycc.tif", program("tiffcp", tiffs["rgb"], "-c", "jpeg:r:90", "-r", "16"))
case("rgb_jpeg_tiles.tif", program("tiffcp", tiffs["rgb"], *"-c jpeg:90 -t -w 16 -l 16".split()))
case("gray_jpeg.tif", program("tiffcp", tiffs["gray"], "-c", "jpeg:90", "-r", "8"))
case("rgb_orientation_6.tif", written(photo, "TIFF", tiffinfo={0x0112: 6}))


def tiff(fields, content, order="<"):
    """A TIFF of one strip, its fields as given: tag → SHORTs."""
    fields = {256: [width], 257: [height], 259: [1], 273: [8], 277: [1], 278: [height], 279: [len(content)], **fields}
    at = 8 + len(content) + len(content) % 2
    extra = at + 2 + 12 * len(fields) + 4
    entries, tail = b"", b""
    for tag, values in sorted(fields.items()):
        packed = struct.pack(f"{order}{len(values)}H", *values)
        if len(packed) > 4:
            packed, tail = struct.pack(order + "I", extra + len(tail)), tail + packed
        entries += struct.pack(order + "HHI", tag, 3, len(values)) + packed.ljust(4, b"\0")
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, at)
    return head + content + bytes(len(content) % 2) + struct.pack(order + "H", len(fields)) + entries + bytes(4) + tail


def packed(values, bits):
    lines = []
    for row in values:
        text = "".join(format(int(value), f"0{bits}b") for value in row)
        text += "0" * (-len(text) % 8)
        lines.append(bytes(int(text[at : at + 8], 2) for at in range(0, len(text), 8)))
    return b"".join(lines)


palette_16 = [colors[3 * index + channel] * 257 for channel in range(3) for index in range(16)]
case("gray_4.tif", tiff({258: [4], 262: [1]}, packed(labels, 4)))
case("gray_2.tif", tiff({258: [2], 262: [1]}, packed(labels % 4, 2)))
case("palette_4.tif", tiff({258: [4], 262: [3], 320: palette_16}, packed(labels, 4)))
case("white_is_zero.tif", tiff({258: [8], 262: [0]}, gray.tobytes()))
case("white_is_zero_bilevel.tif", tiff({258: [1], 262: [0]}, packed(labels % 2, 1), ">"))
deep = numpy.stack([wide, wide[::-1], 65535 - wide], axis=2)
case("rgb_16.tif", tiff({258: [16, 16, 16], 262: [2], 277: [3]}, deep.astype("<u2").tobytes()), deep.astype("<u2"))

# BMP.
case("rgb.bmp", written(photo, "BMP"))
case("gray.bmp", written(light, "BMP"))
case("palette.bmp", written(indexed, "BMP"))
case("bilevel.bmp", written(Image.fromarray(gray > 99), "BMP"))


def bmp(bits, content, compression=0, palette=b"", masks=b"", lines=-1, core=False):
    if core:
        head = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", 40, width, -lines * height, 1, bits, compression, len(content), 0, 0, 0, 0)
    start = 14 + len(head) + len(masks) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(content), 0, 0, start) + head + masks + palette + content


def padded(lines, upward=True):
    return b"".join(line + bytes(-len(line) % 4) for line in (lines[::-1] if upward else lines))


quads = b"".join(bytes((colors[3 * i + 2], colors[3 * i + 1], colors[3 * i], 0)) for i in range(16))
triples = b"".join(bytes((colors[3 * i + 2], colors[3 * i + 1], colors[3 * i])) for i in range(16))
nibbles = [packed([row], 4) for row in labels]
case("palette_4.bmp", bmp(4, padded(nibbles), palette=quads))
case("palette_4_downward.bmp", bmp(4, padded(nibbles, False), palette=quads, lines=1))
case("palette_4_os2.bmp", bmp(4, padded(nibbles), palette=triples, core=True))
five = (rgb >> 3).astype(numpy.uint16)
case("rgb_555.bmp", bmp(16, padded([row.tobytes() for row in (five[:, :, 0] << 10 | five[:, :, 1] << 5 | five[:, :, 2])])))
six = five[:, :, 0] << 11 | (rgb[:, :, 1] >> 2).astype(numpy.uint16) << 5 | five[:, :, 2]
case("rgb_565.bmp", bmp(16, padded([row.tobytes() for row in six]), 3, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)))
four_bytes = numpy.concatenate([rgb[:, :, ::-1], alpha[:, :, None]], axis=2)
case("rgbx.bmp", bmp(32, padded([row.tobytes() for row in four_bytes])))
case("rgba_fields.bmp", bmp(32, padded([row.tobytes() for row in four_bytes]), 3, masks=struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)))
runs = [(labels[row] // 4).tolist() for row in range(height)]


def rle8(lines):
    out = b""
    for line in lines[::-1]:
        out += bytes((5, line[0])) + (bytes((0, 5)) + bytes(line[5:10]) + b"\0") + b"".join(bytes((1, v)) for v in line[10:])
        out += b"\0\0"
    return out + b"\0\1"


for line in runs:
    line[1:5] = [line[0]] * 4
case("palette_8_runs.bmp", bmp(8, rle8(runs), 1, palette=quads + bytes(4 * 240)))

# GIF and WebP.
case("palette.gif", written(indexed, "GIF"))
case("palette_interlaced.gif", written(indexed, "GIF", interlace=1))
noise = ((rows * 7919 + columns * 104729 + rows * columns * 31) % 251).astype(numpy.uint8)
case("palette_256.gif", written(Image.fromarray(numpy.tile(noise, (4, 4))), "GIF"))
case("two_frames.gif", written(photo.quantize(16), "GIF", save_all=True, append_images=[light.quantize(16)]))
case("lossless.webp", written(photo, "WEBP", lossless=True))
case("rgba_lossless.webp", written(kinds["rgba"], "WEBP", lossless=True, exact=True))
case("lossy.webp", written(photo, "WEBP", quality=80))
case("rgba_lossy.webp", written(kinds["rgba"], "WEBP", quality=80))
frames = {"save_all": True, "append_images": [kinds["rgba"].rotate(180)], "minimize_size": False}
case("animated_lossless.webp", written(kinds["rgba"], "WEBP", lossless=True, exact=True, **frames))
case("animated_lossy.webp", written(kinds["rgba"], "WEBP", quality=80, **frames))

json.dump({"pillow": PIL.__version__, "cases": cases}, sys.stdout, indent=1)
print()
