import assert from "node:assert/strict";
import { polyFactor, rateFactor, rateFactorAfter } from "../../../../stages/training/config/schedule.ts";

Deno.test("polyFactor() decays with the published lag: steps 0 and 1 at the full rate, the last above 0", () => {
  const factors = Array.from({ length: 4 }, (_, step) => polyFactor(step, 4, 0.9));
  assert.deepEqual(factors, [1, 1, 0.75 ** 0.9, 0.5 ** 0.9]);
});

Deno.test("polyFactor() follows the published law over a whole run", () => {
  const steps = 1277 * 40;
  for (const step of [1, 2, 1000, 25_540, steps - 1]) {
    // After iteration n the rate is set to (1 − n/N)^p, for iteration n + 1.
    const n = step - 1;
    assert.equal(polyFactor(step, steps, 0.9), (1 - n / steps) ** 0.9);
  }
  assert.equal(polyFactor(steps - 1, steps, 0.9), (1 - (steps - 2) / steps) ** 0.9);
  assert.equal(polyFactor(7, 10, 0), 1);
  assert.equal(polyFactor(0, 1, 0.9), 1);
});

Deno.test("polyFactor() refuses steps outside the run", () => {
  for (const step of [-1, 4, 5, NaN]) assert.throws(() => polyFactor(step, 4, 0.9), RangeError);
});

Deno.test("polyFactor() without the lag decays from step 1 on", () => {
  const factors = Array.from({ length: 4 }, (_, step) => polyFactor(step, 4, 0.9, 0));
  assert.deepEqual(factors, [1, 0.75 ** 0.9, 0.5 ** 0.9, 0.25 ** 0.9]);
});

Deno.test("polyFactor() with a margin is of a run that is longer", () => {
  const factors = Array.from({ length: 4 }, (_, step) => polyFactor(step, 4, 0.9, 0, 1));
  assert.deepEqual(factors, [1, (4 / 5) ** 0.9, (3 / 5) ** 0.9, (2 / 5) ** 0.9]);
});

const law = { power: 0.9, rateLag: 1, rateMargin: 0, rateDecayAt: [0.5, 0.75], rateDecayBy: 0.1 } as const;

Deno.test("a rate falls by a power, by half a cosine, or by a factor at shares of the run", () => {
  const all = (rateDecay: "poly" | "cosine" | "steps", steps = 8) =>
    Array.from({ length: steps }, (_, step) => rateFactor({ ...law, rateDecay }, step, steps));
  assert.deepEqual(all("poly"), Array.from({ length: 8 }, (_, step) => polyFactor(step, 8, 0.9)));
  assert.equal(rateFactor({ ...law, rateDecay: "poly", rateLag: 0, rateMargin: 1 }, 7, 8), (2 / 9) ** 0.9);
  // PyTorch's MultiStepLR with milestones 4 and 6, CosineAnnealingLR with T_max 8.
  assert.deepEqual(all("steps"), [1, 1, 1, 1, 0.1, 0.1, 0.1 ** 2, 0.1 ** 2]);
  const cosine = [1, 0.961939766, 0.853553391, 0.691341716, 0.5, 0.308658284, 0.146446609, 0.038060234];
  all("cosine").forEach((value, i) => assert.ok(Math.abs(value - cosine[i]!) < 1e-8, `${i}: ${value}`));
  for (const rateDecay of ["poly", "cosine", "steps"] as const) {
    assert.equal(rateFactor({ ...law, rateDecay }, 0, 1), 1);
    assert.throws(() => rateFactor({ ...law, rateDecay }, 8, 8), RangeError);
  }
});

Deno.test("a rate falls from the start, or from the warm-up's end as if there had been none", () => {
  const all = (rateDecayFrom: "start" | "method", warmUp: number) =>
    Array.from(
      { length: 8 },
      (_, step) => rateFactorAfter({ ...law, rateDecay: "poly", rateDecayFrom }, step, 8, warmUp),
    );
  const whole = Array.from({ length: 8 }, (_, step) => polyFactor(step, 8, 0.9));
  assert.deepEqual(all("start", 3), whole);
  assert.deepEqual(all("method", 0), whole);
  assert.deepEqual(all("method", 3), [
    1,
    1,
    1,
    ...Array.from({ length: 5 }, (_, step) => polyFactor(step, 5, 0.9)),
  ]);
  assert.deepEqual(all("method", 8), new Array(8).fill(1));
});
