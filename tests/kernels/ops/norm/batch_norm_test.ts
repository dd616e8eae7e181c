import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { add } from "../../../../kernels/ops/feature/add.ts";
import {
  batchNorm,
  type BatchNormOptions,
  type BatchNormParameters,
} from "../../../../kernels/ops/norm/batch_norm.ts";
import { batchNorm as reference } from "../../../../kernels/reference/norm/batch_norm.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import type { Sharing } from "../../../../kernels/sharing.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";
import { normInputs } from "./norm_inputs.ts";

function values(shape: readonly number[], offset = 0) {
  const channels = shape.at(-1)!, length = shape.reduce((a, b) => a * b, 1);
  return {
    x: uniform(1, length).map((value) => Math.fround(value + offset)),
    residual: uniform(2, length),
    weight: uniform(3, channels, 0.5, 1.5),
    bias: uniform(4, channels),
    runningMean: uniform(5, channels),
    runningVariance: uniform(6, channels, 0.5, 2),
    gradient: uniform(7, length),
  };
}

for (const training of [true, false]) {
  for (const relu of [true, false]) {
    for (const withResidual of [true, false]) {
      const name = [training ? "training" : "evaluation", relu && "ReLU", withResidual && "residual"]
        .filter(Boolean).join(", ");
      gpuTest(`batchNorm() and its gradients match the twin: ${name}`, async (device, t) => {
        for (const shape of [[2, 1, 1, 5], [1, 7, 5, 21], [3, 13, 11, 8], [2, 41, 37, 6], [1, 37, 3, 255]]) {
          await t.step(`[${shape}]`, async () => {
            const { residual, gradient, ...given } = values(shape);
            const expected = reference({
              ...given,
              training,
              relu,
              momentum: 0.1,
              epsilon: 1e-5,
              ...(withResidual && { residual }),
            });
            const run = await runOp(
              device,
              normInputs(shape, { ...given, residual }),
              (graph, { x, residual, ...parameters }) => [
                batchNorm(graph, x, parameters, { training, relu, ...(withResidual && { residual }) }),
                parameters.runningMean,
                parameters.runningVariance,
              ],
              gradient,
            );
            const wanted = expected.gradients(gradient);
            assertClose(run.outputs[0]!, expected.y, { what: "y" });
            assertClose(run.outputs[1]!, expected.runningMean, { what: "running mean" });
            assertClose(run.outputs[2]!, expected.runningVariance, { what: "running variance" });
            assertClose(run.gradients.x!, wanted.x, { what: "dx", rtol: 1e-4, atol: 2e-5 });
            const sums = { rtol: 1e-4, atol: 1e-5 * Math.sqrt(gradient.length) };
            assertClose(run.gradients.weight!, wanted.weight, { what: "dweight", ...sums });
            assertClose(run.gradients.bias!, wanted.bias, { what: "dbias", ...sums });
            assert.equal("residual" in run.gradients, withResidual);
            if (withResidual) assertClose(run.gradients.residual!, wanted.residual, { what: "dresidual" });
          });
        }
      });
    }
  }
}

gpuTest("batchNorm() keeps a small variance beside a large mean", async (device) => {
  const shape = [2, 33, 31, 4];
  const { x, weight, bias, runningMean, runningVariance } = values(shape, 1000);
  const inputs = { x, weight, bias, runningMean, runningVariance };
  const run = await runOp(
    device,
    {
      x: { shape, values: x },
      weight: { shape: [4], values: weight },
      bias: { shape: [4], values: bias },
      runningMean: { shape: [4], values: runningMean },
      runningVariance: { shape: [4], values: runningVariance },
    },
    (graph, { x, ...parameters }) => [batchNorm(graph, x, parameters, { training: true, relu: false })],
  );
  const { y } = reference({ ...inputs, training: true, relu: false, momentum: 0.1, epsilon: 1e-5 });
  // One unit in the last place of the mean, 6e-5, is 1e-4 of the standard deviation.
  assertClose(run.outputs[0]!, y, { rtol: 1e-4, atol: 3e-4 });
});

gpuTest(
  "batchNorm() shared by two inputs adds up both gradients and updates its state twice",
  async (device) => {
    const shape = [2, 5, 3, 6], vector = [6];
    const { residual: other, gradient, ...given } = values(shape);
    const options = { training: true, relu: true, momentum: 0.3, epsilon: 1e-3 };
    const first = reference({ ...given, ...options });
    const second = reference({
      ...given,
      ...options,
      x: other,
      runningMean: first.runningMean,
      runningVariance: first.runningVariance,
    });
    const run = await runOp(
      device,
      {
        x: { shape, values: given.x },
        other: { shape, values: other },
        weight: { shape: vector, values: given.weight, tracked: "parameter" },
        bias: { shape: vector, values: given.bias, tracked: "parameter" },
        runningMean: { shape: vector, values: given.runningMean },
        runningVariance: { shape: vector, values: given.runningVariance },
      },
      (graph, { x, other, ...parameters }) => {
        const a = batchNorm(graph, x, parameters, options);
        const b = batchNorm(graph, other, parameters, options);
        return [add(graph, a, b), parameters.runningMean, parameters.runningVariance];
      },
      gradient,
    );
    const [a, b] = [first.gradients(gradient), second.gradients(gradient)];
    const tolerance = { rtol: 1e-4, atol: 1e-4 };
    assertClose(run.outputs[1]!, second.runningMean);
    assertClose(run.outputs[2]!, second.runningVariance);
    assertClose(run.gradients.weight!, a.weight.map((value, i) => value + b.weight[i]!), tolerance);
    assertClose(run.gradients.bias!, a.bias.map((value, i) => value + b.bias[i]!), tolerance);
  },
);

gpuTest("batchNorm() of several passes is batchNorm() of each, in order", async (device, t) => {
  const options = { training: true, relu: true, momentum: 0.3, epsilon: 1e-3 };
  for (
    const { passes, shape } of [
      { passes: 2, shape: [4, 3, 5, 6] },
      { passes: 3, shape: [6, 13, 11, 21] },
      { passes: 3, shape: [3, 2, 1, 130] },
    ]
  ) {
    await t.step(`${passes} passes of [${shape}]`, async () => {
      const { gradient, residual, ...given } = values(shape);
      const vector = [shape.at(-1)!], part = gradient.length / passes;
      const take = (all: Float64Array, i: number) => all.slice(i * part, (i + 1) * part);
      let running = { runningMean: given.runningMean, runningVariance: given.runningVariance };
      const twins = Array.from({ length: passes }, (_, i) => {
        const inputs = { ...given, ...running, ...options, x: take(given.x, i), residual: take(residual, i) };
        return running = reference(inputs);
      }) as ReturnType<typeof reference>[];
      const run = await runOp(
        device,
        normInputs(shape, { ...given, residual }),
        (graph, { x, residual, ...parameters }) => {
          const each = [passes, ...vector];
          const afterEach = {
            mean: graph.tensor({ label: "mean after each", shape: each }),
            variance: graph.tensor({ label: "variance after each", shape: each }),
          };
          const y = batchNorm(graph, x, parameters, { ...options, passes, residual, afterEach });
          const { runningMean, runningVariance } = parameters;
          const evaluated = Array.from({ length: passes }, (_, after) => {
            const statistics = { runningMean: afterEach.mean, runningVariance: afterEach.variance };
            return batchNorm(graph, x, { ...parameters, ...statistics }, {
              ...options,
              training: false,
              after,
              residual,
            });
          });
          return [y, runningMean, runningVariance, afterEach.mean, afterEach.variance, ...evaluated];
        },
        gradient,
      );
      const back = twins.map((twin, i) => twin.gradients(take(gradient, i)));
      const joined = (parts: Float64Array[]) => Float64Array.from(parts.flatMap((values) => [...values]));
      const added = (parts: Float64Array[]) =>
        parts[0]!.map((_, c) => parts.reduce((sum, values) => sum + values[c]!, 0));
      const [y, mean, variance, eachMean, eachVariance, ...evaluated] = run.outputs;
      const tolerance = { rtol: 1e-4, atol: 1e-4 };
      assertClose(y!, joined(twins.map((twin) => twin.y)), { what: "y" });
      assertClose(mean!, twins.at(-1)!.runningMean, { what: "running mean" });
      assertClose(variance!, twins.at(-1)!.runningVariance, { what: "running variance" });
      const left = (name: "runningMean" | "runningVariance") => joined(twins.map((twin) => twin[name]));
      assertClose(eachMean!, left("runningMean"), { what: "running mean after each" });
      assertClose(eachVariance!, left("runningVariance"), { what: "running variance after each" });
      evaluated.forEach((values, after) => {
        const { runningMean, runningVariance } = twins[after]!;
        const statistics = { runningMean, runningVariance, training: false };
        const { y } = reference({ ...given, ...options, x: given.x, residual, ...statistics });
        assertClose(values, y, { what: `evaluation after pass ${after}`, ...tolerance });
      });
      assertClose(run.gradients.x!, joined(back.map(({ x }) => x)), { what: "dx", ...tolerance });
      assertClose(run.gradients.residual!, joined(back.map(({ residual }) => residual)), {
        what: "dresidual",
      });
      assertClose(run.gradients.weight!, added(back.map(({ weight }) => weight)), {
        what: "dweight",
        ...tolerance,
      });
      assertClose(run.gradients.bias!, added(back.map(({ bias }) => bias)), { what: "dbias", ...tolerance });
    });
  }
});

Deno.test("batchNorm() launches nothing backward where no gradient is wanted", () => {
  const shape = [2, 4, 4, 8];
  const build = (tracked: boolean, body: (graph: Graph, run: () => void) => void) => {
    const graph = new Graph(0);
    const [x, ...vectors] = [shape, [8], [8], [8], [8]].map((shape) =>
      makeTensor({ label: "t", shape, tracked })
    );
    const [weight, bias, runningMean, runningVariance] = vectors;
    const parameters = { weight, bias, runningMean, runningVariance } as BatchNormParameters;
    const options: BatchNormOptions = { training: true, relu: true };
    let y = x!;
    body(graph, () => y = batchNorm(graph, x!, parameters, options));
    graph.backward([[y, x!]], (a) => a);
    return graph.dispatches.length;
  };
  assert.equal(build(true, (graph, run) => graph.withoutGradients(run)), 3);
  assert.equal(build(false, (_, run) => run()), 3);
});

Deno.test("batchNorm() refuses one value per channel, and shapes that do not fit", () => {
  const graph = new Graph(0);
  const vector = makeTensor({ label: "vector", shape: [8] });
  const parameters = { weight: vector, bias: vector, runningMean: vector, runningVariance: vector };
  const pooled = makeTensor({ label: "pooled", shape: [1, 1, 1, 8] });
  const images = makeTensor({ label: "images", shape: [4, 2, 2, 8] });
  assert.throws(
    () => batchNorm(graph, images, parameters, { training: true, relu: true, passes: 3 }),
    (error) =>
      error instanceof ShapeError &&
      /\[4,2,2,8\] in 3 passes: the batch must be a multiple/.test(error.message),
  );
  assert.throws(
    () => batchNorm(graph, pooled, parameters, { training: true, relu: true }),
    (error) => error instanceof ShapeError && /no variance; use a batch of 2 or more/.test(error.message),
  );
  batchNorm(graph, pooled, parameters, { training: false, relu: true });
  const image = makeTensor({ label: "image", shape: [2, 3, 3, 4] });
  assert.throws(
    () => batchNorm(graph, image, parameters, { training: true, relu: true }),
    /weight \(vector\) is \[8\], and \[4\] is needed/,
  );
  const each = makeTensor({ label: "each", shape: [2, 8] });
  const statistics = { runningMean: each, runningVariance: each };
  const evaluation = { training: false, relu: true };
  const tracked = makeTensor({ label: "tracked", shape: [4, 2, 2, 8], tracked: true });
  const after = { ...evaluation, after: 1 };
  assert.equal(batchNorm(graph, tracked, { ...parameters, ...statistics }, after).tracked, false);
  assert.throws(
    () => batchNorm(graph, images, { ...parameters, ...statistics }, { ...evaluation, after: 2 }),
    /runningMean \(each\) is \[2,8\], and \[> 2, 8\] is needed, a value per pass and channel/,
  );
  assert.throws(
    () => batchNorm(graph, images, { ...parameters, ...statistics }, evaluation),
    /runningMean \(each\) is \[2,8\], and \[8\] is needed/,
  );
  const wide = makeTensor({ label: "wide", shape: [2, 3, 3, 8] });
  const residual = makeTensor({ label: "residual", shape: [2, 3, 4, 8] });
  assert.throws(
    () => batchNorm(graph, wide, parameters, { training: true, relu: true, residual }),
    /Cannot add residual residual \[2,3,4,8\] to wide \[2,3,3,8\]/,
  );
});

gpuTest(
  "batchNorm() adds its chunks up in one order, by workgroups as by single invocations",
  async (device, t) => {
    // Chunks of several parts, a part that is cut, and vec4s of channels that fill no workgroup.
    for (const [shape, passes] of [[[4, 37, 41, 44], 2], [[1, 96, 90, 8], 1], [[3, 5, 3, 70], 3]] as const) {
      await t.step(`[${shape}], ${passes} passes`, async () => {
        const { gradient, residual: _, ...given } = values(shape);
        const vector = [shape[3]];
        const run = (sharing: Sharing) =>
          runOp(
            device,
            {
              x: { shape, values: given.x, tracked: "input" },
              weight: { shape: vector, values: given.weight, tracked: "parameter" },
              bias: { shape: vector, values: given.bias, tracked: "parameter" },
              runningMean: { shape: vector, values: given.runningMean },
              runningVariance: { shape: vector, values: given.runningVariance },
            },
            (graph, { x, ...parameters }) => [
              batchNorm(graph, x, parameters, { training: true, relu: true, passes }),
              parameters.runningMean,
              parameters.runningVariance,
            ],
            gradient,
            { sharing },
          );
        assert.deepEqual(await run("workgroup"), await run(0));
      });
    }
  },
);
