import assert from "node:assert/strict";
import { cosineRamp, selfPaced, sigmoidRamp } from "../../../stages/methods/schedule.ts";

const at = (start: number, epoch: number) =>
  selfPaced(start)({ step: 3 * epoch, steps: 900, epoch, epochs: 300, stepsPerEpoch: 3 });

Deno.test("selfPaced() rises by 0.01 an epoch and is held at 0.95, to which a higher one falls", () => {
  assert.deepEqual([0, 1, 2].map((epoch) => at(0.5, epoch)), [
    0.5,
    0.5 + 0.01,
    0.5 + 0.01 + 0.01,
  ]);
  assert.equal(at(0.94, 1), 0.95);
  assert.deepEqual([44, 46, 300].map((epoch) => at(0.5, epoch).toFixed(6)), [
    "0.940000",
    "0.950000",
    "0.950000",
  ]);
  // The first epoch runs with what is set, as published.
  assert.deepEqual([0, 1, 2].map((epoch) => at(2, epoch)), [2, 0.95, 0.95]);
  assert.equal(at(0.3, 0), 0.3);
});

Deno.test("sigmoidRamp() rises from e⁻⁵ of its value to all of it; without epochs it is there at once", () => {
  const value = (epochs: number, epoch: number) =>
    sigmoidRamp(3, epochs)({ step: 3 * epoch, steps: 900, epoch, epochs: 300, stepsPerEpoch: 3 });
  assert.deepEqual([0, 5, 10, 99].map((epoch) => value(10, epoch)), [
    3 * Math.exp(-5),
    3 * Math.exp(-5 / 4),
    3,
    3,
  ]);
  assert.equal(value(0, 0), 3);
});

Deno.test("cosineRamp() rises step by step, from 0, by half a cosine; without epochs it is there at once", () => {
  const value = (epochs: number, step: number) =>
    cosineRamp(3, epochs)({ step, steps: 900, epoch: Math.floor(step / 3), epochs: 300, stepsPerEpoch: 3 });
  const wanted = [0, 3 * (1 - Math.sqrt(0.75)) / 2, 1.5, 3, 3];
  [0, 2, 6, 12, 99].forEach((step, i) => assert.ok(Math.abs(value(4, step) - wanted[i]!) < 1e-12, `${step}`));
  assert.equal(value(4, 0), 0);
  assert.equal(value(0, 0), 3);
});
