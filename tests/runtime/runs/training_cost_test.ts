import assert from "node:assert/strict";
import { TrainingMeter } from "../../../runtime/runs/training_cost.ts";

/** A meter, and how it is told progress at a time. */
function metered() {
  let now = 0;
  const meter = new TrainingMeter(() => now);
  const tell = (at: number, kind: string, data: Record<string, unknown> = {}) => {
    now = at;
    meter.on({ type: "progress", node: "co-train", data: { kind, ...data } });
  };
  tell(0, "memory", { peakBytes: 36, workspaceBytes: 30 });
  const step = (at: number, step: number, phase = "method") =>
    tell(at, "step", { step, phase, images: 8 * step });
  return { meter, tell, step };
}

Deno.test("a step's time is the median between readings, without warm-up, scores and checkpoints", () => {
  const { meter, tell, step } = metered();
  tell(1, "compile", { done: 4, total: 4 });
  step(5, 1, "warm-up");
  step(15, 3, "warm-up");
  step(17, 5);
  tell(18, "tick", { step: 6 });
  step(19, 7);
  step(22, 8);
  tell(60, "evaluation");
  step(65, 10);
  tell(90, "checkpoint");
  step(91, 11);
  step(93, 13);
  // 1, 3 and 1 seconds a step; what a score or a checkpoint came into is not counted.
  assert.deepEqual(meter.of("co-train"), { images: 104, stepSeconds: 1, peakBytes: 36 });
  step(96, 14);
  assert.equal(meter.of("co-train")?.stepSeconds, 2);
});

Deno.test("a training with too few readings has no time, and other stages no cost", () => {
  const { meter, step } = metered();
  step(5, 1);
  assert.deepEqual(meter.of("co-train"), { images: 8, peakBytes: 36 });
  meter.on({ type: "progress", node: "evaluate", data: { done: 1, total: 2 } });
  assert.equal(meter.of("evaluate"), undefined);
});

Deno.test("memory is what was held at most since the training's own was there", () => {
  const held = { most: 50, reset: () => held.most = 40 };
  const meter = new TrainingMeter(() => 0, () => held);
  const tell = (data: Record<string, unknown>) => meter.on({ type: "progress", node: "co-train", data });
  tell({ kind: "memory", peakBytes: 36 });
  held.most = 44;
  tell({ kind: "evaluation" });
  held.most = 99;
  meter.on({ type: "progress", node: "evaluate", data: { done: 1, total: 2 } });
  assert.deepEqual(meter.of("co-train"), { images: 0, peakBytes: 36, heldBytes: 44 });
});
