import assert from "node:assert/strict";
import { score } from "../../../stages/evaluation/metrics.ts";

/** The published 1e-10 in the denominator shows from the eighth digit on. */
const close = (actual: number | null | undefined, expected: number) =>
  assert.ok(typeof actual === "number" && Math.abs(actual - expected) < 1e-7, `${actual} is not ${expected}`);

Deno.test("score() matches scores computed by hand; rows are the truth", () => {
  // Truth 0: 5 right, 1 as 1, 2 as 2. Truth 1: 3 as 0, 7 right. Truth 2: 2 as 1, 4 right.
  const { iou, miou, pixelAccuracy } = score({ classes: 3, matrix: [5, 1, 2, 3, 7, 0, 0, 2, 4] });
  close(iou[0]!, 100 * 5 / (8 + 8 - 5));
  close(iou[1]!, 100 * 7 / (10 + 10 - 7));
  close(iou[2]!, 100 * 4 / (6 + 6 - 4));
  close(miou, (500 / 11 + 700 / 13 + 50) / 3);
  close(pixelAccuracy, 100 * 16 / 24);
});

Deno.test("score() does not mistake rows for columns", () => {
  // All of truth 0 is right, and all of truth 1 is taken for 2.
  const { iou } = score({ classes: 3, matrix: Uint32Array.of(6, 0, 0, 0, 0, 3, 0, 0, 1) });
  close(iou[0]!, 100);
  close(iou[1]!, 0);
  close(iou[2]!, 25);
});

/** Classes 0 and 1 are right; 2 and 3 are nowhere. */
const halfAbsent = { classes: 4, matrix: [4, 0, 0, 0, 0, 4, 0, 0, ...Array(8).fill(0)] };

Deno.test("score() gives no IoU of a class that is nowhere, and leaves it out of the mean", () => {
  const { iou, miou, pixelAccuracy } = score(halfAbsent);
  assert.deepEqual(iou.slice(2), [null, null]);
  close(miou, 100);
  close(pixelAccuracy, 100);
});

Deno.test("score() as published counts a class that is nowhere as 0, in the mean over all classes", () => {
  const { iou, miou, pixelAccuracy } = score(halfAbsent, "zero");
  assert.deepEqual(iou.slice(2), [0, 0]);
  close(miou, 50);
  close(pixelAccuracy, 100);
});

Deno.test("a class that is only predicted, or only in truth, counts 0 by either rule", () => {
  for (const absent of ["left out", "zero"] as const) {
    close(score({ classes: 2, matrix: [4, 4, 0, 0] }, absent).iou[1], 0);
    close(score({ classes: 2, matrix: [4, 0, 4, 0] }, absent).miou, 25);
  }
});

Deno.test("score() of no pixels is none, by either rule", () => {
  for (const absent of ["left out", "zero"] as const) {
    assert.deepEqual(score({ classes: 2, matrix: [0, 0, 0, 0] }, absent), {
      miou: null,
      pixelAccuracy: null,
      iou: [null, null],
    });
  }
});

Deno.test("a perfect prediction of two classes scores 100", () => {
  const { iou, miou, pixelAccuracy } = score({ classes: 2, matrix: [90, 0, 0, 10] });
  for (const each of [...iou, miou, pixelAccuracy]) close(each, 100);
});

Deno.test("score() reads counts beyond 2³¹, and only as many cells as there are classes", () => {
  const { iou } = score({ classes: 1, matrix: Uint32Array.of(4_000_000_000, 9, 9, 9) });
  close(iou[0]!, 100);
});
