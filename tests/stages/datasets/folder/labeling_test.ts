/** Labels of masks of every kind, and what is said where there are none. */
import { deepStrictEqual, match, ok } from "node:assert/strict";
import type { StoredImage } from "../../../../stages/codecs/image.ts";
import {
  type FolderClassesInput,
  type PixelMark,
  readClasses,
} from "../../../../stages/datasets/folder/class_values.ts";
import { markLabeling } from "../../../../stages/datasets/folder/labeling.ts";

/** A mask of one row. */
function row(
  channels: 1 | 2 | 3 | 4,
  bits: number,
  pixels: readonly (number | readonly number[])[],
  palette?: readonly number[],
): StoredImage {
  const data = bits > 8 ? Uint16Array.from(pixels.flat()) : Uint8Array.from(pixels.flat());
  return {
    width: pixels.length,
    height: 1,
    channels,
    bits,
    data,
    orientation: 1,
    ...(palette && { palette: Uint8Array.from(palette) }),
  };
}

function label(mask: StoredImage, given: FolderClassesInput, ignore: readonly PixelMark[] = []) {
  const read = readClasses(given);
  ok("entries" in read, JSON.stringify(read));
  return markLabeling(read.entries, ignore)(mask);
}

/** The labels, as numbers. */
function labels(mask: StoredImage, given: FolderClassesInput, ignore?: readonly PixelMark[]): number[] {
  const found = label(mask, given, ignore);
  ok(found instanceof Uint8Array, JSON.stringify(found));
  return [...found];
}

/** What is wrong, and what to do. */
function wrong(mask: StoredImage, given: FolderClassesInput, ignore?: readonly PixelMark[]): string {
  const found = label(mask, given, ignore);
  ok(!(found instanceof Uint8Array));
  return `${found.problem}. ${found.remedy}`;
}

Deno.test("gray of every depth has its values, and its color where one of 8 bits is the same", () => {
  const one = row(1, 1, [0, 1, 1]);
  deepStrictEqual(labels(one, ["a", "b"]), [0, 1, 1]);
  deepStrictEqual(labels(one, { a: "#000000", b: "#ffffff" }), [0, 1, 1]);
  match(wrong(one, { a: 0, b: 255 }), /holds a value that no class names: 1 \(2 pixels\)/);
  deepStrictEqual(labels(row(1, 4, [0, 15, 5]), { a: 0, b: "#ffffff", c: "#555555" }), [0, 1, 2]);
  const deep = row(1, 16, [0, 1000, 65535, 257]);
  deepStrictEqual(labels(deep, { a: 0, b: 1000, c: 65535, d: 257 }), [0, 1, 2, 3]);
  deepStrictEqual(labels(deep, { a: 0, d: "#010101", rest: "else" }), [0, 2, 2, 1]);
  deepStrictEqual(labels(deep, { low: { value: [0, 999] }, high: { red: [1000, 65535] } }), [0, 1, 1, 0]);
});

Deno.test("a palette is known by index and by color, also where two indices have one", () => {
  const palette = [0, 0, 0, 255, 0, 0, 255, 0, 0, 0, 0, 255];
  const mask = row(1, 8, [0, 1, 2, 3], palette);
  deepStrictEqual(labels(mask, ["a", "b", "c", "d"]), [0, 1, 2, 3]);
  deepStrictEqual(labels(mask, { red: "#FF0000", black: "#000000", blue: "#0000ff" }), [1, 0, 0, 2]);
  deepStrictEqual(labels(mask, { first: 1, second: 2, rest: "else" }), [2, 0, 1, 2]);
  // An index beyond the palette has a gray, as Pillow gives it.
  deepStrictEqual(labels(row(1, 8, [9], palette), { gray: "#090909", rest: "else" }), [0]);
  match(
    wrong(mask, ["a", "b"]),
    /2 values that no class names: 2 \(1 pixel\), 3 \(1 pixel\)\. Write ignore: \[2, 3\]/,
  );
});

Deno.test("colors have alpha or not, and a value where red, green and blue are one", () => {
  const red = [255, 0, 0], gray = [7, 7, 7];
  deepStrictEqual(labels(row(3, 8, [red, gray]), { red: "#ff0000", seven: 7 }), [0, 1]);
  const sheer = row(4, 8, [[...red, 255], [...red, 0], [...gray, 9]]);
  deepStrictEqual(labels(sheer, { red: "#ff0000", seven: 7 }), [0, 0, 1]);
  deepStrictEqual(labels(sheer, { red: "#ff0000", rest: "else" }, [{ alpha: 0 }]), [0, 255, 1]);
  deepStrictEqual(labels(row(2, 8, [[3, 255], [3, 0]]), { three: { value: 3, alpha: 255 }, rest: "else" }), [
    0,
    1,
  ]);
  const deep = row(4, 16, [[65535, 0, 0, 65535], [65535, 0, 1, 65535]]);
  deepStrictEqual(labels(deep, { red: "#ff0000", rest: "else" }), [0, 1]);
  deepStrictEqual(labels(row(3, 16, [[257, 257, 514]]), { a: "#010102", b: "else" }), [0]);
});

Deno.test("what is ignored comes before ranges and before the rest", () => {
  const mask = row(1, 8, [0, 1, 254, 255]);
  deepStrictEqual(labels(mask, { background: 0, nucleus: { value: [1, 255] } }, [255]), [0, 1, 1, 255]);
  deepStrictEqual(labels(mask, { background: "else", one: 1 }, [255]), [0, 1, 0, 255]);
  deepStrictEqual(labels(mask, ["a", "b"], ["else"]), [0, 1, 255, 255]);
});

Deno.test("a color that occurs once is found among a million pixels", () => {
  const data = new Uint8Array(3 * 2 ** 20);
  data[3 * 700_000 + 2] = 1;
  const mask: StoredImage = { width: 1024, height: 1024, channels: 3, bits: 8, data, orientation: 1 };
  match(
    wrong(mask, { black: "#000000", white: "#ffffff" }),
    /a value that no class names: "#000001" \(1 pixel\)/,
  );
});

Deno.test("a pixel of two classes is refused with both", () => {
  const mask = row(3, 8, [[9, 0, 3]]);
  match(
    wrong(mask, { a: { red: [1, 20] }, b: { blue: 3 } }),
    /a pixel \(red 9, green 0, blue 3, alpha 255\) that is "a" and "b" by load\.classes\. Narrow/,
  );
});

Deno.test("what to write fits what was found", () => {
  match(
    wrong(row(1, 8, [0, 255]), ["background", "my cat"]),
    /write classes: \{ background: 0, "my cat": 255 \}/,
  );
  match(
    wrong(row(3, 8, [[0, 0, 0], [1, 0, 0], [4, 0, 0]]), { background: 0, other: "#ffffff" }),
    /Write ignore: \[\{"red":\[1,4\]\}\], or a class of it: classes: \{ …, name: \{"red":\[1,4\]\} \}/,
  );
  const smooth = row(3, 8, Array.from({ length: 90 }, (_, i) => [i, 255 - i, 0]));
  match(
    wrong(smooth, { a: "#000000", b: "#ffffff" }),
    /holds 90 values .* and 82 more \(82 pixels\)\. So many values/,
  );
});
