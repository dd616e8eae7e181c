import assert from "node:assert/strict";
import type { PipelineEvent } from "../../../pipeline/mod.ts";
import { CurveRecorder, isCurves, MOST_READINGS, withHistory } from "../../../runtime/report/curves.ts";
import type { TrainingEvent } from "../../../stages/training/progress.ts";

const memory = {
  kind: "memory",
  parameterBytes: 0,
  gradientBytes: 0,
  momentBytes: 0,
  statisticBytes: 0,
  stateBytes: 0,
  inputBytes: 0,
  workspaceBytes: 0,
  lowerBoundBytes: 0,
  peakBytes: 0,
  repeated: 0,
} as const;

/** A recorder that hears a training, and the clock that it looks at. */
function hearing() {
  const clock = { now: 0 };
  const recorder = new CurveRecorder(() => clock.now);
  const tell = (data: TrainingEvent, node = "co-train") =>
    recorder.on({ type: "progress", node, data: { ...data } } as PipelineEvent);
  const step = (step: number, steps: number, ce1: number) =>
    tell({
      kind: "step",
      step,
      steps,
      epoch: 1 + Math.floor(4 * (step - 1) / steps),
      epochs: 4,
      phase: "method",
      rate: 0.1,
      images: 8 * step,
      losses: { ce1 },
      ...(step > 1 && { shares: { conflict: 1 / (3 * step) } }),
    });
  return { clock, recorder, tell, step };
}

Deno.test("readings have rate, losses and images per second where nothing else came between two", () => {
  const { clock, recorder, tell, step } = hearing();
  assert.equal(recorder.of("co-train"), undefined);
  tell(memory);
  step(1, 40, 2);
  clock.now = 2;
  tell({ kind: "tick", step: 5, steps: 40, epoch: 1, epochs: 4, images: 40 });
  step(11, 40, 1.23456789);
  tell({
    kind: "evaluation",
    epoch: 1,
    epochs: 4,
    protocol: "original",
    miou: { network: 40, teacher: null },
  });
  clock.now = 9;
  step(21, 40, NaN);
  const curves = recorder.of("co-train")!;
  assert.deepEqual(curves.readings.map(({ imagesPerSecond }) => imagesPerSecond), [undefined, 40, undefined]);
  assert.deepEqual(curves.readings.map(({ losses }) => losses), [{ ce1: 2 }, { ce1: 1.23457 }, {}]);
  assert.deepEqual(curves.readings.map(({ shares }) => shares), [
    undefined,
    { conflict: 0.030303 },
    { conflict: 0.015873 },
  ]);
  assert.deepEqual(curves.progress, { step: 21, steps: 40, epoch: 3, epochs: 4 });
  assert.deepEqual(curves.evaluations, [{
    epoch: 1,
    protocol: "original",
    miou: { network: 40, teacher: null },
  }]);
  assert.ok(isCurves(JSON.parse(JSON.stringify(curves))));
  tell(memory);
  assert.deepEqual(recorder.of("co-train")!.readings, []);
});

Deno.test("a history completes curves that began at a checkpoint, and is all there is where none were heard", () => {
  const { recorder, tell, step } = hearing();
  tell(memory);
  step(30, 40, 0.5);
  const losses = [10, 20, 30].map((step) => ({
    step,
    epoch: Math.floor((step - 1) / 10),
    terms: { ce1: 1 / step },
  }));
  const evaluations = [{ epoch: 1, protocol: "original", miou: { network: 12 } }];
  const whole = withHistory(recorder.of("co-train"), { losses, evaluations });
  assert.deepEqual(whole.readings.map(({ step, epoch, rate }) => [step, epoch, rate]), [[10, 1, undefined], [
    20,
    2,
    undefined,
  ], [30, 3, 0.1]]);
  assert.equal(whole.readings[2]!.losses["ce1"], 0.5);
  assert.deepEqual(whole.evaluations, evaluations);
  assert.deepEqual(withHistory(undefined, { losses, evaluations }).readings.map(({ step }) => step), [
    10,
    20,
    30,
  ]);
});

Deno.test("100,000 readings that come one by one take little time and room, and no extreme is lost", () => {
  const { clock, recorder, tell, step } = hearing();
  tell(memory);
  const begun = performance.now();
  for (let i = 1; i <= 100_000; i++) {
    clock.now += 0.1;
    step(i, 100_000, i === 54_321 ? 77 : 1 + Math.sin(i) / i);
  }
  const seconds = (performance.now() - begun) / 1000;
  const { readings } = recorder.of("co-train")!;
  assert.ok(readings.length <= MOST_READINGS);
  assert.ok(readings.some(({ step, losses }) => step === 54_321 && losses["ce1"] === 77));
  // Of 10,000 s: 100 are a hundredth.
  assert.ok(seconds < 30, `${seconds} s`);
});

Deno.test("what is no curves is not taken for them", () => {
  for (
    const value of [undefined, [], {}, { readings: [{}], evaluations: [] }, {
      readings: [],
      evaluations: [],
      more: 1,
    }]
  ) {
    assert.ok(!isCurves(value));
  }
  assert.ok(isCurves({ readings: [], evaluations: [] }));
});
