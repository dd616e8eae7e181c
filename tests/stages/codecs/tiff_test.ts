import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { DecodeError, toRgb } from "../../../stages/codecs/image.ts";
import { decodePicture } from "../../../stages/codecs/picture.ts";
import { decodeTiff } from "../../../stages/codecs/tiff.ts";
import golden from "../../golden/pillow_pictures.json" with { type: "json" };

const file = (name: keyof typeof golden.cases) => Uint8Array.fromBase64(golden.cases[name].file);

/** The file with the first value of a field, one SHORT or LONG, set to another. */
function changed(bytes: Uint8Array, tag: number, value: number): Uint8Array {
  const copy = bytes.slice(), view = new DataView(copy.buffer);
  const start = view.getUint32(4, true), count = view.getUint16(start, true);
  for (let entry = 0; entry < count; entry++) {
    const at = start + 2 + 12 * entry;
    if (view.getUint16(at, true) !== tag) continue;
    if (view.getUint16(at + 2, true) === 3) view.setUint16(at + 8, value, true);
    else view.setUint32(at + 8, value, true);
    return copy;
  }
  throw new Error(`no field ${tag}`);
}

Deno.test("a TIFF that is cut anywhere is refused by name, whatever its compression", async () => {
  for (const [name, { file }] of Object.entries(golden.cases)) {
    if (!name.endsWith(".tif")) continue;
    const bytes = Uint8Array.fromBase64(file);
    // Pillow pads; the last bytes of some files are no part of the picture.
    for (let length = 0; length < bytes.length - 16; length += 11) {
      let pixels: unknown;
      try {
        pixels = (await decodeTiff(bytes.subarray(0, length), "cut.tif")).data;
      } catch (error) {
        ok(
          error instanceof DecodeError && error.message.startsWith('Cannot decode "cut.tif"'),
          String(error),
        );
        continue;
      }
      deepStrictEqual(pixels, (await decodeTiff(bytes, name)).data, `${name} cut at ${length}`);
    }
  }
});

Deno.test("what is not decoded is refused with the reason", async () => {
  const gray = file("gray.tif"), rgba = file("rgba.tif");
  // One sample a pixel is what is taken anyway: that field becomes one that says "of reduced size".
  const thumbnail = file("white_is_zero.tif").slice(), view = new DataView(thumbnail.buffer);
  const entry = view.getUint32(4, true) + 2 + 12 * 6;
  strictEqual(view.getUint16(entry, true), 277);
  view.setUint16(entry, 254, true);
  const cases: [Uint8Array, RegExp][] = [
    [thumbnail, /its first picture is a thumbnail of another, as in cameras' raw files\. Develop or save/],
    [
      changed(gray, 259, 4),
      /its compression is CCITT group 4; these are read: none, LZW, PackBits, Deflate, JPEG\. Save it as/,
    ],
    [changed(gray, 259, 6), /its compression is old JPEG/],
    [changed(gray, 259, 7), /one of its strips or tiles is no JPEG/],
    [changed(rgba, 259, 7), /it is compressed by JPEG, and is not gray, RGB or YCbCr of 8 bits alone/],
    [
      changed(file("rgb_jpeg_tiles.tif"), 322, 32),
      /one of its strips or tiles is 16 × 16, it should be 32 × 16/,
    ],
    [changed(file("rgb_jpeg_tiles.tif"), 347, 1), /its header is damaged/],
    [changed(gray, 259, 999), /its compression is number 999/],
    [changed(gray, 262, 5), /its samples are CMYK/],
    [changed(gray, 262, 32844), /its samples are of the kind 32844/],
    [changed(gray, 258, 12), /it has 12 bits per sample; 1, 2, 4, 8 or 16/],
    [changed(file("gray_4.tif"), 277, 3), /it has 3 samples of 4 bits a pixel, of which 1 would be color/],
    [changed(file("rgb_lzw_predictor.tif"), 317, 3), /its predictor \(3\) over 8 bits is not read/],
    [changed(gray, 256, 65535), /its strip or tile 0 is damaged: it has 247 bytes, its size needs 851955/],
    [changed(gray, 257, 0), /claims 19 × 0 pixels/],
    [changed(gray, 273, 60000), /it is cut short: strip or tile 0 ends at byte 60247 of/],
    [changed(changed(rgba, 256, 65535), 257, 65535), /claims 65535 × 65535 pixels/],
    [changed(file("rgb_tiles.tif"), 322, 0), /claims 0 × 16 pixels/],
    [
      changed(file("rgb_tiles.tif"), 322, 8),
      /it lists 2 offsets and 2 lengths of strips or tiles; its size needs 3/,
    ],
    [changed(file("rgb_deflate.tif"), 256, 60_000), /is damaged: \d+ bytes cannot hold the 2340000 that/],
  ];
  for (const [bytes, reason] of cases) await rejects(decodeTiff(bytes, "odd.tif"), reason);
});

Deno.test("a directory that names a field twice, or claims more values than the file holds, is refused", async () => {
  const gray = file("white_is_zero.tif"), view = new DataView(gray.buffer), start = view.getUint32(4, true);
  const twice = gray.slice();
  twice.copyWithin(start + 14, start + 2, start + 14);
  await rejects(
    decodeTiff(twice, "twice.tif"),
    /it is damaged or cut short: its directory has the field 256 twice/,
  );
  const many = gray.slice();
  new DataView(many.buffer).setUint32(start + 2 + 4, 1 << 30, true);
  await rejects(decodeTiff(many, "many.tif"), /its field 256 claims 1073741824 values/);
});

Deno.test("a big TIFF is told apart", async () => {
  const big = file("gray.tif").slice();
  big[2] = 43;
  await rejects(decodePicture(big, "big.tif"), /but a BigTIFF\. Give a/);
});

Deno.test("of 16 bits a picture has the upper 8, or those of a range", async () => {
  const values = await decodeTiff(file("gray_16.tif"), "wide.tif");
  strictEqual(values.bits, 16);
  const low = 1000, high = 50_000;
  const expected = [...values.data].flatMap((value) => {
    const light = value <= low ? 0 : value >= high ? 255 : Math.round((value - low) / (high - low) * 255);
    return [light, light, light];
  });
  deepStrictEqual([...toRgb(values, [low, high])], expected);
  ok(expected.includes(0) && expected.includes(255));
  const picture = await decodePicture(file("gray_16.tif"), "wide.tif", { range: [low, high] });
  deepStrictEqual([...picture.data], expected);
  // Of 8 bits nothing is changed by a range.
  const gray = await decodeTiff(file("gray.tif"), "gray.tif");
  deepStrictEqual(toRgb(gray, [low, high]), toRgb(gray));
});
