import assert from "node:assert/strict";
import { checkRuns, parseRuns, readBrush, runsOf } from "../../../stages/annotations/run_lengths.ts";
import { writeBrush } from "./brush.ts";

/** Writes the text that is read, as pycocotools does. */
function formatRuns(runs: readonly number[]): string {
  let text = "";
  runs.forEach((run, index) => {
    let rest = index > 2 ? run - runs[index - 2]! : run;
    for (;;) {
      const bits = rest & 31;
      rest >>= 5;
      const ends = rest === (bits & 16 ? -1 : 0);
      text += String.fromCharCode(48 + (ends ? bits : bits | 32));
      if (ends) return;
    }
  });
  return text;
}

Deno.test("COCO's text of runs is read and written, whatever their size and order", () => {
  // Of a mask of pycocotools: 3 × 4, the four pixels in the middle.
  assert.deepEqual(parseRuns("412"), [4, 1, 2]);
  for (
    const runs of [[], [0], [0, 12], [5, 3, 1, 70000, 2, 1, 90000, 0, 31, 32, 33, 2 ** 25], [
      1,
      2,
      3,
      4,
      5,
      6,
    ]]
  ) {
    assert.deepEqual(parseRuns(formatRuns(runs)), runs);
  }
  assert.throws(() => parseRuns("41o"), /it ends within a number/);
  assert.throws(() => parseRuns("4 1"), /there is " " at character 1/);
  assert.throws(() => parseRuns("oooooooo0"), RangeError);
});

Deno.test("runs are held against their pixels", () => {
  checkRuns([1, 2, 3], 6);
  assert.throws(() => checkRuns([1, 2, 3], 7), /they are 6 pixels; 7 are needed/);
  assert.throws(() => checkRuns([1, -2, 7], 6), /run 1 is -2/);
  assert.throws(() => checkRuns([1, NaN], 6), /run 1 is NaN/);
  assert.throws(() => checkRuns([2 ** 40], 2 ** 40), /67108864 are read/);
  assert.deepEqual(runsOf(5, (i) => i < 2), [0, 2, 3]);
  assert.deepEqual(runsOf(3, () => false), [3]);
});

Deno.test("a brush of Label Studio is read, and refused where it is cut or of another size", () => {
  const painted = [0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 1];
  for (const repeats of [true, false]) {
    const bytes = writeBrush(painted, repeats);
    assert.deepEqual(readBrush(bytes, 4, 3), [1, 2, 4, 5]);
    assert.throws(() => readBrush(bytes, 3, 3), /48 values; 36 are needed, RGBA of 3 × 3/);
    for (let length = 0; length < bytes.length - 1; length++) {
      assert.throws(() => readBrush(bytes.slice(0, length), 4, 3), RangeError);
    }
  }
});
