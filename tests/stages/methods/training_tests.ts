/** What any method's training is held to, as tests. @module */
import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import {
  everyMethod,
  openTraining,
  STEPS,
  takeSteps,
  train,
  type Trained,
} from "../../support/every_method.ts";
import { gpuTest } from "../../support/gpu.ts";

/** What each tells of its pixels, by the name that the method has before a comma. */
const told: Readonly<Record<string, readonly string[]>> = {
  supervised: [],
  deeplabv3plus: [],
  ccvc: ["conflict", "confident1", "confident2", "confident_conflict1", "confident_conflict2"],
  cps: ["conflict"],
  unimatch: ["confident"],
  "simple-baseline": ["trust"],
  ael: ["confidence", "confident"],
  pseudoseg: ["confidence"],
  "pseudoseg, hard": ["confidence", "confident"],
  u2pl: ["kept"],
  "cutmix-seg": ["confident"],
  // Without a threshold.
  "cutmix-seg, CutOut": [],
  "ps-mt": ["confident"],
};

/** A training of micro-batches in f16, held to one that is stopped and to one that makes outputs again, and to whole batches. */
export function trainingTest(name: string): void {
  gpuTest(
    `${name}: stopped and gone on from to the bit; in micro-batches and f16 much the same, in less memory`,
    (device) => assertTrains(device, name),
  );
}

async function assertTrains(device: Device, name: string): Promise<void> {
  const method = everyMethod[name]!;
  // Outputs made again are told from kept ones where both are rounded.
  const change = { accumulate: 2, precision: "f16" as const };
  const kept = await train(device, method, { ...change, recompute: "never" });
  for (const values of kept.captured) assert.ok(values.every(Number.isFinite));
  const first = openTraining(device, method, change);
  await takeSteps(first, 0, 2);
  const halfway = await first.snapshot();
  first.free();
  const second = openTraining(device, method, change);
  second.restore(halfway);
  await takeSteps(second, 2, STEPS);
  assert.deepEqual(await second.snapshot(), kept.captured);
  second.free();
  const again = await train(device, method, { ...change, recompute: "always" });
  assert.deepEqual(again.captured, kept.captured);
  assert.ok(again.memory.repeated > 0);
  assert.ok(again.memory.workspaceBytes <= kept.memory.workspaceBytes);

  const whole = await train(device, method);
  assert.deepEqual(Object.keys(whole.shares), told[name] ?? told[name.split(",")[0]!]);
  const parts = await train(device, method, { accumulate: 2 });
  // Micro-batches are normalized apart; pixels at a threshold may flip in f16.
  assertNear(parts, whole, 0.5);
  assertNear(kept, parts, 0.1);
  assert.ok(kept.memory.workspaceBytes < 0.8 * parts.memory.workspaceBytes);
  assert.ok(parts.memory.workspaceBytes < 0.8 * whole.memory.workspaceBytes);
}

/** A training that learns much the same as another. */
function assertNear(found: Trained, wanted: Trained, tolerance: number): void {
  assert.deepEqual(Object.keys(found.losses), Object.keys(wanted.losses));
  for (const [share, value] of Object.entries(wanted.shares)) {
    assert.ok(value >= 0 && value <= 1, `${share}: ${value}`);
    assert.ok(Math.abs(found.shares[share]! - value) < 0.35, `${share}: ${found.shares[share]}, ${value}`);
  }
  for (const [term, value] of Object.entries(wanted.losses)) {
    const near = found.losses[term]!;
    assert.ok(Math.abs(near - value) < tolerance * Math.abs(value) + 0.05, `${term}: ${near}, ${value}`);
  }
}
