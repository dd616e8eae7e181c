import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { compile } from "../../../kernels/program/program.ts";
import { adam } from "../../../kernels/reference/update/adam.ts";
import { sgd } from "../../../kernels/reference/update/sgd.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import { allocateParameters } from "../../../models/parameters.ts";
import { type ParameterGroup, type ParameterKind, Registry } from "../../../models/registry.ts";
import { describePair } from "../../../stages/weights/pair.ts";
import { planTraining } from "../../../stages/training/memory.ts";
import { keepStart } from "../../../stages/training/start.ts";
import { openSession, type Session, type SessionOptions } from "../../../stages/training/session.ts";
import {
  captureUpdate,
  momentsOf,
  needsStart,
  type OptimizerSettings,
  ratesLength,
  SCHEDULES_FROM,
  updateNumbers,
} from "../../../stages/training/update.ts";
import { assertClose, gpuTest, halfTest, store, uniform } from "../../support/gpu.ts";
import { pairSettings, shapesViews } from "../../support/training.ts";

const groups = {
  backbone: { rate: 0.5 },
  head: { rate: 4 },
  norms: { rate: 0.25, decay: 0 },
  biases: { rate: 2, decay: 3 },
} as const;

Deno.test("a rate is the base rate × the part's multiple × the kind's, each product rounded as it is made", () => {
  const rate = 0.001 * 0.7 ** 0.9, multiples = { backbone: { rate: 1 / 3 }, norms: { rate: 1 / 7 } };
  const numbers = updateNumbers({ kind: "sgd", momentum: 0.9, weightDecay: 0, groups: multiples }, {
    rate,
    step: 5,
  });
  const backbone = rate * (1 / 3);
  assert.deepEqual(numbers, [backbone, backbone * (1 / 7), backbone, rate, rate * (1 / 7), rate, 0, 0]);
  assert.equal(numbers.length, SCHEDULES_FROM);
});

Deno.test("Adam's corrections count the steps of the whole run from 1; schedules come after them", () => {
  const optimizer = { kind: "adamw", beta1: 0.5, beta2: 0.75, epsilon: 1e-8, weightDecay: 0 } as const;
  const corrections = (step: number) => updateNumbers(optimizer, { rate: 1, step }).slice(-2);
  assert.deepEqual(corrections(0), [2, 2]);
  assert.deepEqual(corrections(1), [1 / 0.75, 1 / Math.sqrt(1 - 0.75 ** 2)]);
  assert.deepEqual([ratesLength({}), ratesLength({ a: 1 }), ratesLength({ a: 1, b: 2, c: 3, d: 4, e: 5 })], [
    8,
    12,
    16,
  ]);
});

const optimizers: Record<string, OptimizerSettings> = {
  SGD: { kind: "sgd", momentum: 0.5, weightDecay: 0.125, groups },
  "SGD, which looks ahead": { kind: "sgd", momentum: 0.5, nesterov: true, weightDecay: 0.125, groups },
  Adam: { kind: "adam", beta1: 0.5, beta2: 0.75, epsilon: 1e-3, weightDecay: 0.125, groups },
  AdamW: { kind: "adamw", beta1: 0.5, beta2: 0.75, epsilon: 1e-3, weightDecay: 0.125, groups },
};
for (const [name, optimizer] of Object.entries(optimizers)) {
  optimizers[`${name}, towards the start`] = { ...optimizer, decayTowards: "start" };
}

/** Some parameters of each part and kind. */
function declared(): Registry {
  const registry = new Registry();
  const initialization = { distribution: "constant", value: 0 } as const;
  const declare = (name: string, group: ParameterGroup, kind: ParameterKind, shape: number[]) =>
    registry.parameters.push({ name: `student.${name}`, shape, initialization, group, kind });
  declare("conv.weight", "backbone", "convolutions", [13, 7, 3, 3]);
  declare("norm.weight", "backbone", "norms", [13]);
  declare("norm.bias", "backbone", "norms", [13]);
  registry.statistics.push({ name: "student.norm.running_mean", shape: [13], value: 0 });
  declare("aspp.weight", "head", "convolutions", [5, 13, 1, 1]);
  declare("aspp.norm.weight", "head", "norms", [5]);
  declare("classifier.weight", "head", "convolutions", [3, 5, 1, 1]);
  declare("classifier.bias", "head", "biases", [3]);
  return registry;
}

for (const [name, optimizer] of Object.entries(optimizers)) {
  gpuTest(`${name}: each parameter follows its twin at the rate and decay of its group`, async (device) => {
    const registry = declared();
    const parameters = allocateParameters(device, registry, {
      training: true,
      moments: momentsOf(optimizer),
      starts: needsStart(optimizer),
    });
    const control = allocate(device, "control", [{ label: "rates", shape: [1, 1, 8], layout: "map" }]);
    const [rates] = control.tensors as [Tensor];
    const graph = new Graph(0);
    captureUpdate(graph, { parameters, rates, optimizer, mostBytes: 512, clears: true });
    const program = compile(device, graph);
    const sizes = registry.parameters.map(({ shape }) => shape.reduce((a, b) => a * b));
    const law = registry.parameters.map(({ name, shape, group, kind }, i) => {
      const values = uniform(i, sizes[i]!);
      const tensor = parameters.tensor(name);
      upload(device, tensor, store(values, tensor.shape, tensor.layout));
      const multiples = { rate: 1, decay: 1, ...(kind !== "convolutions" && groups[kind]) };
      const start = needsStart(optimizer) && kind === "convolutions" ? { start: values.slice() } : {};
      const rate = groups[group].rate * multiples.rate;
      return { values, tensor, shape, rate, decay: multiples.decay, start };
    });
    keepStart(device, parameters);
    const moments = sizes.map((size) => ({ first: new Float64Array(size), second: new Float64Array(size) }));
    for (const [step, rate] of [0.5, 0.25, 0.125].entries()) {
      upload(device, rates, Float32Array.from(updateNumbers(optimizer, { rate, step })));
      law.forEach(({ values, tensor, rate: multiple, decay, start }, i) => {
        const gradient = uniform(100 * step + i, sizes[i]!);
        upload(device, tensor.gradient!, store(gradient, tensor.shape, tensor.layout));
        const own = { ...optimizer, rate: rate * multiple, weightDecay: 0.125 * decay, ...start };
        if (own.kind === "sgd") sgd(values, gradient, moments[i]!.first, own);
        else adam(values, gradient, moments[i]!, { ...own, t: step + 1, decoupled: own.kind === "adamw" });
      });
      program.run();
    }
    const read = await readBack(device, law.flatMap(({ tensor }) => [tensor, tensor.gradient!]));
    law.forEach(({ values, tensor }, i) => {
      const expected = store(values, tensor.shape, tensor.layout);
      assertClose(read[2 * i]!, expected, { what: registry.parameters[i]!.name });
      assert.ok(read[2 * i + 1]!.every((value) => value === 0), "gradients are cleared");
    });
    for (const held of [program, control, parameters]) held.free();
  });
}

gpuTest("an update is refused where there is no room for its moments or the start", (device) => {
  const parameters = allocateParameters(device, declared(), { training: true, moments: 1 });
  const rates = parameters.tensor("student.norm.bias");
  const towards = { ...optimizers.SGD!, decayTowards: "start" as const };
  assert.throws(
    () => captureUpdate(new Graph(0), { parameters, rates, optimizer: towards }),
    /Cannot decay towards the start: parameters were allocated without it/,
  );
  assert.throws(
    () => captureUpdate(new Graph(0), { parameters, rates, optimizer: optimizers.Adam! }),
    /Cannot update by adam: it needs gradients and 2 moments, and parameters were allocated with 1/,
  );
  parameters.free();
});

const views = shapesViews();
const batch = { labeled: [0, 1], unlabeled: [2, 3] };
const settings = {
  ...pairSettings(views),
  network: describePair({ backbone: "resnet14", outputStride: 16, classes: views.labeled.classes }, [{}, {}]),
  optimizer: { kind: "adamw", beta1: 0.5, beta2: 0.75, epsilon: 1e-6, weightDecay: 0.125 },
} as const;
const rateAt = (step: number) => 0.004 / (step + 1);

function open(device: Device, change: Partial<SessionOptions> = {}) {
  const session = openSession(device, { ...settings, ...change });
  const take = (step: number) => session.step(batch, { epoch: 0, step, rate: rateAt(step) });
  return { ...session, take };
}

gpuTest(
  "a session trains by AdamW: its steps are those of the twin by the gradients it had",
  async (device) => {
    const session = open(device);
    const [start] = await session.snapshot();
    const values = Float64Array.from(start!);
    const moments = { first: new Float64Array(values.length), second: new Float64Array(values.length) };
    let before = new Float32Array(values.length);
    for (let step = 0; step < 3; step++) {
      session.take(step);
      const [, first] = await session.snapshot();
      // first = (before + gradient) / 2, and halves are exact.
      const gradient = Float64Array.from(first!, (value, i) => 2 * value - before[i]!);
      assert.ok(gradient.some((value) => value !== 0));
      const { optimizer } = settings;
      adam(values, gradient, moments, { ...optimizer, rate: rateAt(step), t: step + 1, decoupled: true });
      before = first!;
    }
    const [after, , second] = await session.snapshot();
    assertClose(after!, values, { atol: 1e-6, rtol: 1e-5, what: "parameters" });
    assertClose(second!, moments.second, { atol: 1e-9, rtol: 1e-4, what: "second moments" });
    assert.ok(values.some((value, i) => Math.abs(value - start![i]!) > 1e-3));
    session.free();
  },
);

for (const decayTowards of ["zero", "start"] as const) {
  gpuTest(
    `a training by Adam that is put back goes on to the bit, decay towards ${decayTowards}`,
    async (device) => {
      const optimizer = { ...settings.optimizer, kind: "adam", decayTowards } as const;
      const whole = open(device, { optimizer }), part = open(device, { optimizer });
      whole.take(0);
      const captured = await whole.snapshot();
      assert.deepEqual(captured.map(({ length }) => length), whole.snapshotLengths);
      part.restore(captured);
      for (const session of [whole, part]) for (const step of [1, 2]) session.take(step);
      assert.deepEqual(await part.snapshot(), await whole.snapshot());
      for (const session of [whole, part]) session.free();
    },
  );
}

gpuTest("the start that decay pulls to is planned for, and no part of a snapshot", (device) => {
  const sizes = (["zero", "start"] as const).map((decayTowards) => {
    const session = open(device, { optimizer: { ...settings.optimizer, decayTowards } });
    const { memory, snapshotLengths } = session;
    session.free();
    return { memory, snapshotLengths };
  }) as [Pick<Session, "memory" | "snapshotLengths">, Pick<Session, "memory" | "snapshotLengths">];
  const [zero, start] = sizes;
  assert.deepEqual(start.snapshotLengths, zero.snapshotLengths);
  assert.equal(start.memory.parameterBytes, 2 * zero.memory.parameterBytes);
  assert.equal(start.memory.peakBytes - zero.memory.peakBytes, zero.memory.parameterBytes);
});

gpuTest("Adam's second moments are planned for", (device) => {
  const planned = (optimizer: OptimizerSettings) =>
    planTraining(device, {
      ...settings,
      optimizer,
      accumulate: 1,
      recompute: "never",
      warmUp: false,
    }).memory;
  const one = planned({ kind: "sgd", momentum: 0.9, weightDecay: 0 }), two = planned(settings.optimizer);
  assert.equal(two.momentBytes, 2 * one.momentBytes);
  assert.equal(two.peakBytes - one.peakBytes, one.momentBytes);
});

halfTest(
  "in f16 a step that is left out changes no moment, and counts in the corrections",
  async (device) => {
    const skipped: number[] = [];
    const over = open(device, { precision: "f16", lossScale: 2 ** 24, onSkipped: (n) => skipped.push(n) });
    const start = await over.snapshot();
    for (const step of [0, 1]) over.take(step);
    await over.losses();
    const [values, first, second] = await over.snapshot();
    assert.deepEqual([values, skipped], [start[0], [2]]);
    for (const moments of [first!, second!]) assert.ok(moments.every((value) => value === 0));
    over.free();
    // The third step of the run is the first that is made.
    const session = open(device, { precision: "f16" });
    session.take(2);
    const [after, mean] = await session.snapshot();
    const gradient = Float64Array.from(mean!, (value) => 2 * value), expected = Float64Array.from(start[0]!);
    const moments = { first: new Float64Array(mean!.length), second: new Float64Array(mean!.length) };
    adam(expected, gradient, moments, { ...settings.optimizer, rate: rateAt(2), t: 3, decoupled: true });
    assertClose(after!, expected, { atol: 1e-6, rtol: 1e-5 });
    session.free();
  },
);
