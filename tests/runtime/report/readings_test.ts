import assert from "node:assert/strict";
import { type Reading, thinned } from "../../../runtime/report/readings.ts";
import { uniform } from "../../support/uniform.ts";

/** A training's readings with two spikes that are one step wide. */
function readings(count: number): Reading[] {
  const draws = uniform(7, 2 * count, 0, 1);
  return Array.from({ length: count }, (_, i) => ({
    step: i + 1,
    epoch: 1 + Math.floor(i / 500),
    rate: 0.01 * (1 - i / count),
    imagesPerSecond: i === 70_003 ? 0.5 : 100 + draws[i]!,
    losses: {
      ce1: i === 33_333 ? 99 : 2 * (1 - i / count) + draws[i]!,
      con1: i < 3 ? NaN : draws[count + i]!,
    },
  }));
}

Deno.test("100,000 readings become 3,000 at most, all of them real, with every extreme, the first and the last", () => {
  const all = readings(100_000), kept = thinned(all, 3000);
  assert.ok(kept.length <= 3000 && kept.length > 1000, String(kept.length));
  const known = new Set(all);
  assert.ok(kept.every((reading) => known.has(reading)));
  assert.ok(kept.every(({ step }, i) => i === 0 || step > kept[i - 1]!.step));
  assert.deepEqual([kept[0]!.step, kept.at(-1)!.step], [1, 100_000]);
  assert.ok(kept.some(({ losses }) => losses["ce1"] === 99));
  assert.ok(kept.some(({ imagesPerSecond }) => imagesPerSecond === 0.5));
  const lows = (list: readonly Reading[]) => Math.min(...list.map(({ losses }) => losses["ce1"]!));
  assert.equal(lows(kept), lows(all));
});

Deno.test("few readings stay as they are; thinning as they come keeps the extremes, too", () => {
  const all = readings(20_000);
  assert.deepEqual(thinned(all.slice(0, 3000), 3000), all.slice(0, 3000));
  let kept: Reading[] = [];
  for (const reading of all) {
    kept.push(reading);
    if (kept.length > 600) kept = thinned(kept, 300);
  }
  const most = (list: readonly Reading[]) => Math.max(...list.map(({ losses }) => losses["ce1"]!));
  assert.equal(most(kept), most(all));
  assert.ok(kept.length <= 600);
});
