import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { StoredImage } from "../../../stages/codecs/image.ts";
import { equalRanges, ValueCounts } from "../../../stages/codecs/range.ts";

const image = (values: readonly number[], channels: 1 | 2 | 3 | 4 = 1, bits = 16): StoredImage => ({
  width: values.length / channels,
  height: 1,
  channels,
  bits,
  data: Uint16Array.from(values),
  orientation: 1,
});

function rangeOf(...images: readonly StoredImage[]) {
  const counts = new ValueCounts();
  for (const each of images) counts.add(each);
  return counts.range();
}

Deno.test("a thousandth of the samples at either end is outside, counted over all images", () => {
  const values = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);
  // 4000 values, each once: four at either end are cut off.
  deepStrictEqual(rangeOf(image(values(100, 1000)), image(values(1100, 3000))), [104, 4095]);
  // One hot pixel of many sets no range.
  deepStrictEqual(rangeOf(image([...Array(2000).fill(50), ...Array(2000).fill(90), 65535])), [50, 90]);
  deepStrictEqual(rangeOf(image([7, 9])), [7, 9]);
});

Deno.test("alpha is not counted, nor are images of 8 bits, and an even picture is no division by zero", () => {
  deepStrictEqual(rangeOf(image([5, 60000, 9, 60000], 2)), [5, 9]);
  deepStrictEqual(rangeOf(image([1, 2, 3, 60000], 4)), [1, 3]);
  deepStrictEqual(rangeOf(image([1, 2, 60000], 3)), [1, 60000]);
  strictEqual(rangeOf(image([1, 2], 1, 8)), undefined);
  strictEqual(rangeOf(), undefined);
  deepStrictEqual(rangeOf(image([300, 300])), [300, 301]);
});

Deno.test("ranges are equal by their values, and none is equal to none alone", () => {
  ok(equalRanges([1, 2], [1, 2]) && equalRanges(undefined, undefined));
  ok(!equalRanges([1, 2], [1, 3]) && !equalRanges(undefined, [1, 2]) && !equalRanges([0, 2], undefined));
});
