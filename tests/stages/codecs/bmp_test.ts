import { deepStrictEqual, throws } from "node:assert/strict";
import { decodeBmp } from "../../../stages/codecs/bmp.ts";
import { DecodeError } from "../../../stages/codecs/image.ts";
import golden from "../../golden/pillow_pictures.json" with { type: "json" };

const file = (name: keyof typeof golden.cases) => Uint8Array.fromBase64(golden.cases[name].file);
const names = Object.keys(golden.cases).filter((name) =>
  name.endsWith(".bmp")
) as (keyof typeof golden.cases)[];

/** The file with 4 bytes set to a number. */
function changed(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(at, value, true);
  return copy;
}

Deno.test("a BMP that is cut anywhere is refused by name", () => {
  for (const name of names) {
    const bytes = file(name);
    // The last row's padding, and the mark behind the last run, are no part of the picture.
    for (let length = 0; length < bytes.length - 8; length += 5) {
      throws(
        () => decodeBmp(bytes.subarray(0, length), "cut.bmp"),
        (error: unknown) =>
          error instanceof DecodeError && error.message.startsWith('Cannot decode "cut.bmp"'),
        `${name} at ${length}`,
      );
    }
  }
});

Deno.test("what is not decoded is refused with the reason", () => {
  const gray = file("gray.bmp"),
    runs = file("palette_8_runs.bmp"),
    start = new DataView(runs.buffer).getUint32(10, true);
  const run = (at: number, count: number, value: number) => {
    const copy = runs.slice();
    copy.set([count, value], start + at);
    return copy;
  };
  const cases: [Uint8Array, RegExp][] = [
    [changed(gray, 14, 16), /its header has 16 bytes; 12 or 40 are the least/],
    [changed(gray, 30, 4), /its pixels of 8 bits in compression 4 are not read\. Save it as PNG/],
    [changed(gray, 30, 2), /its pixels of 8 bits in compression 2 are not read/],
    [changed(gray, 18, 0), /claims 0 × 13 pixels/],
    [changed(gray, 18, 1 << 30), /claims 1073741824 × 13 pixels/],
    [changed(gray, 18, 200), /it is cut short: \d+ bytes cannot hold the 200 × 13 pixels/],
    [changed(file("rgb_565.bmp"), 58, 0), /its bit fields leave out a color/],
    [run(0, 200, 1), /its runs are damaged, or of an unusual kind: row 0 has more than 19 pixels/],
    [run(2, 0, 0), /row 0 ends at column 5 of 19/],
    [run(2, 0, 1), /they end in row 0 of 13/],
    [run(2, 0, 2), /they jump over pixels/],
  ];
  for (const [bytes, reason] of cases) throws(() => decodeBmp(bytes, "odd.bmp"), reason);
});

Deno.test("bit fields of any width and place are spread over 0 to 255", () => {
  // One pixel of 32 bits: 10 bits of red, 11 of green, 10 of blue.
  const bytes = new Uint8Array(14 + 40 + 12 + 4), view = new DataView(bytes.buffer);
  bytes.set([0x42, 0x4d]);
  [[10, 66], [14, 40], [18, 1], [22, 1], [30, 3], [54, 0xffc00000], [58, 0x003ff800], [62, 0x3ff]].forEach((
    [at, value],
  ) => view.setUint32(at!, value!, true));
  view.setUint16(28, 32, true);
  view.setUint32(66, ((1023 << 22) | (1024 << 11) | 511) >>> 0, true);
  const { data, channels } = decodeBmp(bytes, "fields.bmp");
  deepStrictEqual([channels, ...data], [3, 255, Math.trunc(1024 * 255 / 2047), Math.trunc(511 * 255 / 1023)]);
});
