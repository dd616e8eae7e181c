/** Training gives the same bytes whatever a tuner has remembered. */
import assert from "node:assert/strict";
import { blueprint } from "../../../kernels/program/blueprint.ts";
import type { Device } from "../../../kernels/device.ts";
import type { Tuning } from "../../../kernels/tuning/tuning.ts";
import { captureTraining } from "../../../stages/training/capture.ts";
import { openSession } from "../../../stages/training/session.ts";
import { gpuTest, openTestDevice } from "../../support/gpu.ts";
import { pairSettings, shapesViews } from "../../support/training.ts";

const settings = {
  ...pairSettings(shapesViews()),
  accumulate: 1,
  warmUp: false,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
} as const;

/** All that two steps leave on a device, and what was compiled for them. */
async function trained(device: Device) {
  const compiled = new Set<string>(), compile = device.pipeline.bind(device);
  device.pipeline = (kernel, constants, ...others) => {
    compiled.add(`${kernel.name} ${JSON.stringify(constants)}`);
    return compile(kernel, constants, ...others);
  };
  const session = openSession(device, settings);
  for (let step = 0; step < 2; step++) {
    const rate = 0.01;
    session.step({ labeled: [0, 1], unlabeled: [2, 3] }, { epoch: 0, step, rate });
  }
  const left = await session.snapshot();
  session.free();
  return { left, compiled };
}

gpuTest("two steps end in the same bytes, tuned or not", async (device) => {
  const { phases } = captureTraining(blueprint(device), settings);
  const choices = phases.method.programs[0].graph.dispatches.flatMap(({ choice }) => choice ? [choice] : []);
  // No device would choose so; every launch that can be done in another way is.
  const tuning: Tuning = new Map(choices.map(({ bucket, candidates }) => [bucket, candidates.at(-1)!.name]));
  assert.ok(choices.filter(({ candidates }) => candidates.length > 1).length > 50);
  const other = await openTestDevice({ tuning: () => Promise.resolve(tuning) });
  const [untuned, tuned] = [await trained(device), await trained(other)];
  assert.notDeepEqual(tuned.compiled, untuned.compiled);
  other.close();
  assert.equal(tuned.left.length, untuned.left.length);
  for (const [i, values] of untuned.left.entries()) {
    assert.deepEqual(new Uint8Array(tuned.left[i]!.buffer), new Uint8Array(values.buffer), `tensor ${i}`);
  }
});
