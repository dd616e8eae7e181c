import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { readBack } from "../../../kernels/memory.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import type { At } from "../../../stages/methods/schedule.ts";
import { type CapturedTraining, captureTraining } from "../../../stages/training/capture.ts";
import { openSession } from "../../../stages/training/session.ts";
import { startFrom, startWeights } from "../../../stages/training/start.ts";
import { openStepper, type Stepper } from "../../../stages/training/stepper.ts";
import { gpuTest } from "../../support/gpu.ts";
import { pairSettings, shapesViews } from "../../support/training.ts";

const views = shapesViews();
const settings = {
  ...pairSettings(views),
  accumulate: 1,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
  warmUp: false,
} as const;
const batch = { labeled: [0, 1], unlabeled: [2, 3] };
const at = (step: number): At => ({ step, steps: 4, epoch: 0, epochs: 1, stepsPerEpoch: 4 });
const take = (stepper: Pick<Stepper, "step">, step: number) =>
  stepper.step(batch, { epoch: 0, step, rate: 0.01, at: at(step) });

/** CCVC with a weight that moves and a state that starts at 3 and counts updates, and what keeps the value of its first term. */
function openParts(device: Device) {
  const { method } = settings;
  const kept: Tensor[] = [];
  const training = captureTraining(device, {
    ...settings,
    method: {
      ...method,
      schedules: { rising: ({ step }) => 1 + step },
      state: () => ({ seen: { shape: [1, 1, 4], start: 3 } }),
      terms(step) {
        const terms = method.terms(step),
          [[name, term]] = Object.entries(terms) as [[string, typeof terms[0]]];
        kept.splice(0, Infinity, step.graph.keep(term!.loss.value));
        return { ...terms, [name]: { ...term!, weight: step.schedules.rising! } };
      },
    },
  });
  const weights = startWeights(training.networks.registry, method, settings.seed);
  startFrom(device, training, weights);
  return {
    training,
    weights,
    stepper: openStepper(device, training, { ...settings, recompute: false }),
    kept: () => kept[0]!,
  };
}

const carried = async (device: Device, { parameters, state }: CapturedTraining) => {
  const read = [];
  for (const tensor of [...parameters.state, ...Object.values(state.tensors)]) {
    read.push(...await readBack(device, [tensor]));
  }
  return read;
};

gpuTest("what a step has left is seen: terms, what they weighed, tensors that were kept", async (device) => {
  const { stepper, training, kept } = openParts(device);
  for (const step of [0, 1]) {
    take(stepper, step);
    const [first, ...others] = await stepper.lastTerms();
    assert.equal(first!.weight, 1 + step);
    assert.ok(others.every(({ weight }) => weight > 0));
    const [value] = await readBack(device, [stepper.locate(kept())]);
    assert.equal(value![0], first!.value);
  }
  // To look is not to read: the means are still those of both steps.
  const before = await stepper.lastTerms(), means = (await stepper.losses()).terms;
  assert.deepEqual(Object.keys(means), before.map(({ name }) => name));
  assert.ok(before.some(({ name, value }) => value !== means[name]));
  for (const owner of [stepper, training]) owner.free();
});

gpuTest(
  "a training that starts anew takes its steps again to the bit, moments and state too",
  async (device) => {
    const { stepper, training, weights } = openParts(device);
    const start = await carried(device, training);
    take(stepper, 0);
    take(stepper, 1);
    const [terms, end] = [await stepper.lastTerms(), await carried(device, training)];
    assert.notDeepEqual(end, start);
    startFrom(device, training, weights);
    assert.deepEqual(await carried(device, training), start);
    assert.deepEqual([...start.at(-1)!], [3, 3, 3, 3]);
    take(stepper, 0);
    take(stepper, 1);
    assert.deepEqual([await stepper.lastTerms(), await carried(device, training)], [terms, end]);
    for (const owner of [stepper, training]) owner.free();
  },
);

gpuTest("a session takes the steps of its parts", async (device) => {
  const session = openSession(device, settings), training = captureTraining(device, settings);
  startFrom(device, training, startWeights(training.networks.registry, settings.method, settings.seed));
  const stepper = openStepper(device, training, { ...settings, recompute: false });
  for (const step of [0, 1]) for (const one of [session, stepper]) take(one, step);
  assert.deepEqual(await stepper.losses(), await session.losses());
  assert.deepEqual(await training.parameters.read(), await session.state());
  for (const owner of [session, stepper, training]) owner.free();
});
