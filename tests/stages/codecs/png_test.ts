import { deepStrictEqual, ok, strictEqual, throws } from "node:assert/strict";
import { crc32 } from "node:zlib";
import { encode } from "fast-png";
import { DecodeError, toRgb } from "../../../stages/codecs/image.ts";
import { decodePng } from "../../../stages/codecs/png.ts";
import { encodePalettePng, encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import goldenLabels from "../../golden/pillow_labels.json" with { type: "json" };
import golden from "../../golden/pillow_small.json" with { type: "json" };

const fromBase64 = (text: string) => Uint8Array.fromBase64(text);
const cases = Object.entries(golden.cases).filter(([name]) => name.endsWith(".png"));

for (const [name, expected] of cases) {
  Deno.test(`${name} decodes to Pillow's pixels`, () => {
    const image = decodePng(fromBase64(expected.file), name);
    deepStrictEqual([image.width, image.height, image.channels], [
      expected.width,
      expected.height,
      expected.channels,
    ]);
    const pixels = fromBase64(expected.pixels), { channels } = image;
    strictEqual(image.palette !== undefined, name.startsWith("palette"));
    if (image.palette !== undefined || (channels > 1 && image.bits === 8)) {
      deepStrictEqual(image.data, pixels);
    }
    if (image.palette === undefined) {
      const rgb = Array.from(
        { length: image.width * image.height * 3 },
        (_, i) => pixels[Math.floor(i / 3) * channels + (channels > 2 ? i % 3 : 0)],
      );
      deepStrictEqual([...toRgb(image)], rgb);
    }
  });
}

Deno.test("interlaced and 16-bit files decode to what an independent encoder was given", () => {
  const [width, height] = [13, 11];
  for (const [channels, depth] of [[1, 8], [2, 8], [3, 8], [4, 8], [1, 16], [3, 16], [4, 16]] as const) {
    const length = width * height * channels;
    const data = depth === 8
      ? Uint8Array.from({ length }, (_, i) => (i * 37) & 255)
      : Uint16Array.from({ length }, (_, i) => (i * 3637) & 65535);
    for (const interlace of ["null", "Adam7"] as const) {
      const file = encode({ width, height, channels, depth, data }, { interlace });
      const image = decodePng(file, "odd.png");
      strictEqual(image.bits, depth);
      deepStrictEqual([...image.data], [...data]);
    }
  }
});

for (const [name, { file, labels, light }] of Object.entries(goldenLabels.cases)) {
  Deno.test(`${name}: a mask has its labels, a picture Pillow's light`, () => {
    const image = decodePng(fromBase64(file), name), values = fromBase64(labels);
    deepStrictEqual([...image.data], [...values]);
    if (image.palette === undefined) {
      // Of 16 bits a picture keeps the upper 8; labels lie in the lower.
      const scale = name.startsWith("gray_16") ? 0 : light;
      deepStrictEqual([...toRgb(image)], [...values].flatMap((value) => Array(3).fill(value * scale)));
    }
  });
}

Deno.test("a palette PNG comes back index for index, and colored", () => {
  const indices = Uint8Array.from({ length: 35 }, (_, i) => i % 3);
  const palette = Uint8Array.of(0, 0, 0, 128, 0, 0, 0, 128, 0);
  const image = decodePng(encodePalettePng(indices, 7, 5, palette), "mask.png");
  deepStrictEqual(image.data, indices);
  deepStrictEqual(image.palette, palette);
  deepStrictEqual([...toRgb(image).subarray(0, 9)], [0, 0, 0, 128, 0, 0, 0, 128, 0]);
  throws(() => encodePalettePng(Uint8Array.of(3), 1, 1, palette), /index 3 has no color; the palette has 3/);
  throws(() => encodePalettePng(indices, 7, 6, palette), /35 bytes; 42 are needed/);
});

Deno.test("an RGB PNG comes back byte for byte, with every filter in use", () => {
  const [width, height] = [64, 60];
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < pixels.length; i++) {
    const row = Math.floor(i / (width * 3)), band = Math.floor(row / 12);
    // Bands that favor different filters: flat, horizontal ramp, vertical ramp, noise, diagonal.
    const column = Math.floor((i % (width * 3)) / 3);
    pixels[i] = [90, column * 4, row * 9, (i * 2654435761) >>> 24, column * 3 + row * 5][band]!;
  }
  const file = encodeRgbPng(pixels, width, height);
  deepStrictEqual(decodePng(file, "picture.png").data, pixels);
  deepStrictEqual(encodeRgbPng(pixels, width, height), file);
});

Deno.test("a damaged file is refused by name, whatever byte is cut or changed", () => {
  const file = encodeRgbPng(Uint8Array.from({ length: 300 }, (_, i) => (i * 7) & 255), 10, 10);
  for (let length = 0; length < file.length; length++) {
    throws(() => decodePng(file.subarray(0, length), "cut.png"), (error: unknown) => {
      ok(error instanceof DecodeError);
      return /Cannot decode "cut\.png"/.test(error.message);
    });
  }
  for (let at = 0; at < file.length; at++) {
    const changed = file.slice();
    changed[at]! ^= 0x10;
    throws(() => decodePng(changed, "changed.png"), DecodeError, `byte ${at}`);
  }
});

Deno.test("a claimed size is held against the compressed bytes before memory is taken", () => {
  const file = encodeRgbPng(new Uint8Array(12), 2, 2);
  const claim = (width: number, height: number) => {
    const lie = file.slice();
    const view = new DataView(lie.buffer);
    view.setUint32(16, width);
    view.setUint32(20, height);
    view.setUint32(29, crc32(lie.subarray(12, 29)));
    return () => decodePng(lie, "lie.png");
  };
  throws(claim(8192, 8192), /cannot hold the 201334784 that its size claims/);
  throws(claim(16384, 16384), /claims 16384 × 16384 pixels; of its kind, 67108864 in all/);
  throws(claim(65536, 65536), /claims 65536 × 65536 pixels/);
  throws(claim(0, 2), /claims 0 × 2 pixels/);
  throws(claim(1, 2), /hold more than the 8 bytes/);
});

Deno.test("a palette that is none, or comes behind the pixels, is refused", () => {
  const file = encodePalettePng(Uint8Array.of(0, 1, 1, 0), 2, 2, Uint8Array.of(1, 2, 3, 4, 5, 6));
  // Signature and IHDR take 33 bytes, PLTE of two colors 18.
  const [head, palette, rest] = [file.subarray(0, 33), file.subarray(33, 51), file.subarray(51)];
  const end = rest.length - 12;
  const late = new Uint8Array([...head, ...rest.subarray(0, end), ...palette, ...rest.subarray(end)]);
  throws(() => decodePng(late, "late.png"), /its palette \(PLTE chunk\) comes behind its pixels/);
  const short = new Uint8Array([...palette.subarray(0, 12), 0, 0, 0, 0]), view = new DataView(short.buffer);
  view.setUint32(0, 4);
  view.setUint32(12, crc32(short.subarray(4, 12)));
  const odd = new Uint8Array([...head, ...short, ...rest]);
  throws(
    () => decodePng(odd, "odd.png"),
    /its palette \(PLTE chunk\) has 4 bytes; 1 to 256 colors have three each/,
  );
});
