import { deepStrictEqual, throws } from "node:assert/strict";
import { decodeGif } from "../../../stages/codecs/gif.ts";
import { DecodeError } from "../../../stages/codecs/image.ts";
import golden from "../../golden/pillow_pictures.json" with { type: "json" };

const file = (name: keyof typeof golden.cases) => Uint8Array.fromBase64(golden.cases[name].file);
const whole = file("palette.gif");
/** Where the first picture's header begins. */
const picture = whole.indexOf(0x2c, 13 + 3 * 2 ** ((whole[10]! & 7) + 1));

function changed(at: number, ...values: number[]): Uint8Array {
  const copy = whole.slice();
  copy.set(values, at);
  return copy;
}

Deno.test("a GIF that is cut before its picture's end is refused by name", () => {
  // What follows are the end of the codes, of the blocks, and of the file.
  for (let length = 6; length < whole.length - 4; length++) {
    throws(
      () => decodeGif(whole.subarray(0, length), "cut.gif"),
      (error: unknown) =>
        error instanceof DecodeError && /"cut\.gif": it is (cut short|damaged)/.test(error.message),
      `cut at ${length}`,
    );
  }
});

Deno.test("a picture that leaves the screen uncovered has the transparent index around, or 0", () => {
  const inner = decodeGif(whole, "a.gif"), { width, height } = inner;
  const larger = changed(6, width + 2, 0, height + 3, 0);
  larger.set([1, 0, 2, 0], picture + 1);
  const control = [0x21, 0xf9, 4, 1, 0, 0, 7, 0];
  const transparent = new Uint8Array([
    ...larger.subarray(0, picture),
    ...control,
    ...larger.subarray(picture),
  ]);
  for (const [bytes, around] of [[larger, 0], [transparent, 7]] as const) {
    const image = decodeGif(bytes, "larger.gif");
    deepStrictEqual([image.width, image.height], [width + 2, height + 3]);
    const expected = Array.from({ length: image.data.length }, (_, i) => {
      const x = i % image.width - 1, y = Math.floor(i / image.width) - 2;
      return x >= 0 && y >= 0 && x < width && y < height ? inner.data[y * width + x]! : around;
    });
    deepStrictEqual([...image.data], expected);
  }
});

Deno.test("what is no picture is refused with the reason", () => {
  const cases: [Uint8Array, RegExp][] = [
    [changed(picture, 0x3b), /it holds no picture/],
    [changed(picture, 0x55), /byte \d+ begins no block/],
    [changed(picture + 5, 0, 0), /its first picture is 0 × 13 in codes of 8 bits/],
    [changed(picture + 10, 11), /in codes of 11 bits/],
    [changed(picture + 5, 255, 255, 255, 255), /claims 65535 × 65535 pixels/],
    [
      changed(picture + 5, 0, 8, 0, 8),
      /it is damaged: the codes of its first picture end early, or stand for nothing/,
    ],
  ];
  for (const [bytes, reason] of cases) throws(() => decodeGif(bytes, "odd.gif"), reason);
});
