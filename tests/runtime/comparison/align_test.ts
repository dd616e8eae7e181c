import assert from "node:assert/strict";
import { aligned } from "../../../runtime/comparison/client/align.ts";

Deno.test("aligned: curves over one row, a way's mean where all of its runs have a value", () => {
  const { x, ways } = aligned([
    { way: 0, x: [1, 2, 4], y: [10, 20, 40] },
    { way: 0, x: [1, 2, 4, 6], y: [20, 40, 60, 80] },
    { way: 1, x: [3, 4], y: [7, 8] },
  ], true);
  assert.deepEqual(x, [1, 2, 3, 4, 6]);
  assert.deepEqual(ways.get(0)!.mean, [15, 30, null, 50, null]);
  assert.deepEqual(ways.get(0)!.runs, [[10, 20, null, 40, null], [20, 40, null, 60, 80]]);
  assert.deepEqual(ways.get(1), { mean: [null, null, 7, 8, null], runs: [[null, null, 7, 8, null]] });
});

Deno.test("aligned: between its readings a run has what lies between them, and of scores nothing", () => {
  const lines = [{ way: 0, x: [1, 5], y: [1, 5] }, { way: 0, x: [1, 2, 4, 5], y: [3, 2, 0, 5] }];
  assert.deepEqual(aligned(lines, true).ways.get(0)!.mean, [2, 2, 2, 5]);
  assert.deepEqual(aligned(lines, false).ways.get(0)!.mean, [2, null, null, 5]);
});

Deno.test("aligned: nothing before a run's first reading, and nothing of no lines", () => {
  const { ways } = aligned([{ way: 2, x: [3, 9], y: [1, 1] }, { way: 2, x: [1, 4], y: [5, 5] }], true);
  assert.deepEqual(ways.get(2)!.mean, [null, 3, 3, null]);
  assert.deepEqual(aligned([], true), { x: [], ways: new Map() });
});
