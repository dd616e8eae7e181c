/** A gradient in the middle of a step. @module */
import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { Graph } from "../../../kernels/graph.ts";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { resizeBilinear } from "../../../kernels/ops/feature/resize_bilinear.ts";
import { consistencyLoss } from "../../../kernels/ops/loss/consistency_loss.ts";
import { softmaxCrossEntropy } from "../../../kernels/ops/loss/softmax_cross_entropy.ts";
import { stepAlong } from "../../../kernels/ops/perturbation/step_along.ts";
import { compile } from "../../../kernels/program/program.ts";
import { makeTensor, type Precision, type Tensor } from "../../../kernels/tensor.ts";
import { initialize } from "../../../models/initialization.ts";
import { declareNetworks } from "../../../models/networks.ts";
import { allocateParameters } from "../../../models/parameters.ts";
import { makePasses } from "../../../stages/methods/passes.ts";
import { assertClose, gpuTest, halfTest, store, uniform } from "../../support/gpu.ts";

const BATCH = 2, SIZE = 33, CLASSES = 3, SIDE = 9, CHANNELS = 64;
const image = [BATCH, SIZE, SIZE, 3], features = [BATCH, SIDE, SIDE, CHANNELS];
const lengthOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

interface Ways {
  readonly precision?: Precision;
  readonly recompute?: boolean;
  /** In place of the gradient. */
  readonly given?: Float32Array<ArrayBuffer>;
  /** What is added to the features at which the gradient is taken; one run each. */
  readonly moves?: readonly Float64Array[];
}

/**
 * A step: features of a network that learns are moved along the gradient of how far two networks, one of them itself, are from a
 * goal there; the network learns labels from the moved ones.
 */
async function takeStep(device: Device, { precision = "f32", recompute = false, given, moves }: Ways = {}) {
  const networks = declareNetworks({
    backbone: "resnet14",
    classes: CLASSES,
    dilations: { replaceStride: [false, false, true] },
    rates: [1, 2, 3],
  }, { student: {}, teacher: {} });
  const parameters = allocateParameters(device, networks.registry, {
    training: true,
    averages: new Set(["teacher"]),
  });
  parameters.load(initialize(networks.registry, 3));
  const held = allocate(device, "inputs", [
    { label: "x", shape: image },
    { label: "labels", shape: image.slice(0, 3), dtype: "u32", layout: "map" },
    { label: "goal", shape: [BATCH, SIZE, SIZE, CLASSES] },
    { label: "move", shape: features },
    { label: "given", shape: features },
    { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
  ]);
  const [x, labels, goal, move, put, counters] = held.tensors as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  upload(device, x, store(uniform(1, lengthOf(image), -2, 2), image));
  upload(device, labels, Uint32Array.from(uniform(2, labels.bytes / 4, 0, CLASSES), Math.floor));
  upload(device, goal, store(uniform(4, lengthOf(goal.shape), -3, 3), goal.shape));
  if (given) upload(device, put, given);

  const graph = new Graph(device.facts.sharing, { precision });
  const step = makePasses(graph, networks, {
    tensor: parameters.tensor,
    counters,
    together: true,
    averages: { teacher: "student" },
  });
  step.train("teacher", x);
  const clean = step.features("student", x), size = clean.size;
  const at = graph.withoutGradients(() => graph.inPrecision("f32", () => add(graph, clean.values, move)));
  let value: Tensor | undefined;
  const slope = given ? put : step.gradient(at, (values) => {
    const source = { ...clean, values };
    const logits = resizeBilinear(
      graph,
      add(
        graph,
        step.evaluate("teacher", source).logits,
        step.evaluate("student", source).logits,
      ),
      size.height,
      size.width,
    );
    const loss = consistencyLoss(graph, logits, goal, {
      label: "divergence",
      distance: "kl-divergence",
      denominator: "images",
    });
    value = loss.value;
    return loss;
  });
  const moved = stepAlong(graph, clean.values, slope, { length: 2, epsilon: 1e-8 });
  const { logits } = step.train("student", { moved: { ...clean, values: moved } }).moved;
  const ce = softmaxCrossEntropy(graph, logits, labels, { label: "ce", size, denominator: "valid" });
  graph.backward(ce.backward(graph, 1), (a, b) => add(graph, a, b));
  graph.keep(slope);
  const program = compile(device, graph, undefined, { recompute });
  const values: number[] = [];
  for (const by of moves ?? [new Float64Array(lengthOf(features))]) {
    // Training passes have moved the statistics.
    parameters.load(initialize(networks.registry, 3));
    upload(device, move, store(by, features));
    program.run();
    if (value) values.push((await readBack(device, [program.locate(value)]))[0]![0]!);
  }
  const learned = networks.registry.parameters.map(({ name }) => parameters.tensor(name))
    .flatMap(({ gradient }) => gradient ? [gradient] : []);
  const [gradient, loss, ...gradients] = await readBack(device, [
    slope.home ? slope : program.locate(slope),
    program.locate(ce.value),
    ...learned,
  ]);
  const found = { values, gradient: gradient!, loss: loss![0]!, gradients, repeated: program.repeated };
  for (const owner of [program, held, parameters]) owner.free();
  return found;
}

const along = (gradient: ArrayLike<number>, by: ArrayLike<number>) => {
  let sum = 0;
  for (let i = 0; i < by.length; i++) sum += gradient[i]! * by[i]!;
  return sum;
};

gpuTest("step.gradient() is the derivative of the loss through frozen networks", async (device) => {
  const half = lengthOf(features) / 2;
  const { gradient } = await takeStep(device);
  // Parts of the gradient itself: by others the loss hardly moves, and what it moves is rounded.
  const parts = [
    (i: number) => i < half,
    (i: number) => i >= half,
    (i: number) => i % CHANNELS < 20,
    (i: number) => Math.floor(i / CHANNELS) % 5 === 0,
  ];
  const directions = parts.map((isIn) => {
    const part = Float64Array.from(gradient, (entry, i) => isIn(i) ? entry : 0), length = Math.hypot(...part);
    return part.map((entry) => entry / length);
  });
  const h = 0.05;
  const moves = directions.flatMap((by) => [by.map((entry) => h * entry), by.map((entry) => -h * entry)]);
  const { values } = await takeStep(device, { moves });
  const expected = directions.map((_, i) => (values[2 * i]! - values[2 * i + 1]!) / (2 * h));
  assertClose(directions.map((by) => along(gradient, by)), expected, { rtol: 0.01, atol: 0 });
});

gpuTest(
  "step.gradient() is a constant to the step, whose own gradients are as if it had been given",
  async (device) => {
    const whole = await takeStep(device);
    const { values: _, ...given } = await takeStep(device, { given: whole.gradient });
    const { values, ...rest } = whole;
    assert.deepEqual(given, rest);
    assert.ok(values[0]! > 0);
    assert.ok(rest.gradients.some((values) => values.some((entry) => entry !== 0)));
  },
);

gpuTest("step.gradient() gives the same bits where outputs of norms are made again", async (device) => {
  const { repeated: none, ...kept } = await takeStep(device);
  const { repeated, ...again } = await takeStep(device, { recompute: true });
  assert.deepEqual(again, kept);
  assert.ok(repeated > none);
});

halfTest("step.gradient() is made in f32 where activations are f16", async (device) => {
  const whole = await takeStep(device), half = await takeStep(device, { precision: "f16" });
  const cosine = along(whole.gradient, half.gradient) /
    Math.sqrt(along(whole.gradient, whole.gradient) * along(half.gradient, half.gradient));
  assert.ok(cosine > 0.99, `${cosine}`);
  const { values: _, ...given } = await takeStep(device, { precision: "f16", given: half.gradient });
  const { values: __, ...rest } = half;
  assert.deepEqual(given, rest);
});

Deno.test("step.gradient() refuses what it cannot be taken by, and passes that move statistics", () => {
  const graph = new Graph(0), at = makeTensor({ label: "f", shape: [2, 3, 3, 4], dtype: "f16" });
  const step = makePasses(graph, { byName: { student: {} as never } }, {
    tensor: () => assert.fail(),
    counters: at,
    together: true,
  });
  assert.throws(
    () => step.gradient(at, () => assert.fail()),
    /Cannot differentiate by f, which is stored in f16/,
  );
  const single = makeTensor({ ...at, dtype: "f32" });
  const passes = [
    (at: Tensor) => void step.train("student", at),
    (at: Tensor) => void step.features("student", at),
    (at: Tensor) => void step.backbone("student", at),
  ];
  for (const pass of passes) {
    assert.throws(
      () =>
        step.gradient(single, (at) => {
          pass(at);
          return assert.fail();
        }),
      /Cannot differentiate through a training pass of "student", which moves statistics: evaluate it/,
    );
  }
  // It is over.
  assert.throws(() => step.train("nobody", single), /Cannot run network "nobody"/);
});
