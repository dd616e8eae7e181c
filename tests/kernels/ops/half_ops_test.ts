import assert from "node:assert/strict";
import { add } from "../../../kernels/ops/feature/add.ts";
import { batchNorm } from "../../../kernels/ops/norm/batch_norm.ts";
import { joinBatches, splitBatch } from "../../../kernels/ops/feature/batches.ts";
import { channelDropout } from "../../../kernels/ops/feature/channel_dropout.ts";
import { concatenate } from "../../../kernels/ops/feature/concatenate.ts";
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import { cosineDiscrepancy } from "../../../kernels/ops/loss/cosine_discrepancy.ts";
import { globalAveragePool } from "../../../kernels/ops/feature/global_average_pool.ts";
import { maxPool } from "../../../kernels/ops/feature/max_pool.ts";
import { resizeBilinear } from "../../../kernels/ops/feature/resize_bilinear.ts";
import { softmaxCrossEntropy } from "../../../kernels/ops/loss/softmax_cross_entropy.ts";
import { batchNorm as batchNormTwin } from "../../../kernels/reference/norm/batch_norm.ts";
import { joinBatches as joinTwin } from "../../../kernels/reference/feature/batches.ts";
import {
  channelDropout as dropoutTwin,
  channelDropoutMask,
} from "../../../kernels/reference/feature/channel_dropout.ts";
import { concatenate as concatenateTwin } from "../../../kernels/reference/feature/concatenate.ts";
import {
  convolution as convolutionTwin,
  convolutionGradients,
  convolutionOutput,
  type ConvolutionShape,
} from "../../../kernels/reference/convolution/convolution.ts";
import { cosineDiscrepancy as cosineTwin } from "../../../kernels/reference/loss/cosine_discrepancy.ts";
import { globalAveragePool as averageTwin } from "../../../kernels/reference/feature/global_average_pool.ts";
import { maxPool as maxPoolTwin } from "../../../kernels/reference/feature/max_pool.ts";
import { resizeBilinear as resizeTwin } from "../../../kernels/reference/feature/resize_bilinear.ts";
import { softmaxCrossEntropy as crossEntropyTwin } from "../../../kernels/reference/loss/softmax_cross_entropy.ts";
import type { Sharing } from "../../../kernels/sharing.ts";
import { assertClose, halfTest, runOp, uniform } from "../../support/gpu.ts";
import { normInputs } from "./norm/norm_inputs.ts";

/** Activations in f16; the twins see the numbers that the device sees. */
const f16 = { precision: "f16" } as const;
/** A value stored once; drivers may cut instead of rounding. Sums in f16 would be off by a hundred times as much. */
const STORED = { rtol: 2 ** -10, atol: 2e-5 };
/** What is summed from activations and kept in f32 is as exact as ever. */
const SUMMED = { rtol: 1e-5, atol: 3e-5 };

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function halves(seed: number, shape: readonly number[], low = -1, high = 1): Float64Array {
  return Float64Array.from(Float16Array.from(uniform(seed, count(shape), low, high)));
}

const plain = { stride: 1, padding: 1, dilation: 1 };
const convolutions: [string, ConvolutionShape, readonly (Sharing | undefined)[]][] = [
  ["stem", { x: [2, 17, 13, 3], taps: 3, outputs: 21, ...plain, stride: 2 }, [undefined, 0, "workgroup"]],
  ["3×3 on primes", { x: [2, 7, 11, 37], taps: 3, outputs: 70, ...plain }, [undefined, 0, "workgroup"]],
  ["1×1", { x: [3, 5, 5, 48], taps: 1, outputs: 130, ...plain, padding: 0 }, [undefined]],
  ["few outputs", { x: [1, 4, 5, 200], taps: 1, outputs: 9, ...plain, padding: 0 }, [undefined]],
  ["dilation 2", { x: [1, 9, 9, 16], taps: 3, outputs: 16, stride: 1, padding: 2, dilation: 2 }, [undefined]],
];

for (const [name, shape, ways] of convolutions) {
  halfTest(`convolution() of f16 matches its twin: ${name}`, async (device) => {
    const output = convolutionOutput(shape);
    const weightShape = [shape.taps, shape.taps, shape.x[3], shape.outputs];
    const x = halves(1, shape.x), gradient = halves(4, output);
    const w = uniform(2, count(weightShape)), bias = uniform(3, shape.outputs);
    const expected = convolutionGradients(x, w, gradient, shape);
    const y = convolutionTwin(x, w, bias, shape);
    for (const sharing of ways) {
      const run = await runOp(
        device,
        {
          x: { shape: shape.x, values: x, tracked: "input" },
          w: { shape: weightShape, values: w, layout: "kernel", tracked: "parameter" },
          bias: { shape: [shape.outputs], values: bias, tracked: "parameter" },
        },
        (graph, { x, w, bias }) => {
          const y = convolution(graph, x, w, { ...shape, bias });
          assert.deepEqual([x.dtype, w.dtype, y.dtype], ["f16", "f32", "f16"]);
          return [y];
        },
        gradient,
        { ...f16, ...(sharing !== undefined && { sharing }) },
      );
      assertClose(run.outputs[0]!, y, { ...STORED, what: `y, sharing ${sharing}` });
      assertClose(run.gradients.x!, expected.x, { ...STORED, what: `dx, sharing ${sharing}` });
      assertClose(run.gradients.w!, expected.w, { ...SUMMED, what: `dw, sharing ${sharing}` });
      assertClose(run.gradients.bias!, expected.bias, { ...SUMMED, what: `dbias, sharing ${sharing}` });
    }
  });
}

halfTest("batchNorm() of f16 matches its twin, statistics in f32", async (device, t) => {
  for (
    const [training, relu, withResidual] of [[true, true, true], [true, true, false], [false, false, true]]
  ) {
    for (const shape of [[1, 7, 5, 21], [2, 41, 37, 6], [1, 37, 3, 255]]) {
      await t.step(`training ${training}, ReLU ${relu}, residual ${withResidual}: [${shape}]`, async () => {
        const channels = shape[3]!;
        const given = {
          x: halves(1, shape, 2, 4),
          weight: uniform(3, channels, 0.5, 1.5),
          bias: uniform(4, channels),
          runningMean: uniform(5, channels),
          runningVariance: uniform(6, channels, 0.5, 2),
        };
        const residual = halves(2, shape), gradient = halves(7, shape);
        const expected = batchNormTwin({
          ...given,
          training: training!,
          relu: relu!,
          momentum: 0.1,
          epsilon: 1e-5,
          ...(withResidual && { residual }),
        });
        const run = await runOp(
          device,
          normInputs(shape, { ...given, residual }),
          (graph, { x, residual, ...parameters }) => [
            batchNorm(graph, x, parameters, {
              training: training!,
              relu: relu!,
              ...(withResidual && { residual }),
            }),
            parameters.runningMean,
            parameters.runningVariance,
          ],
          gradient,
          f16,
        );
        const wanted = expected.gradients(gradient);
        assertClose(run.outputs[0]!, expected.y, { ...STORED, what: "y" });
        assertClose(run.outputs[1]!, expected.runningMean, { ...SUMMED, what: "running mean" });
        assertClose(run.outputs[2]!, expected.runningVariance, { ...SUMMED, what: "running variance" });
        assertClose(run.gradients.x!, wanted.x, { ...STORED, what: "dx" });
        if (withResidual) {
          assertClose(run.gradients.residual!, wanted.residual, { ...STORED, what: "dresidual" });
        }
        const sums = { rtol: 1e-4, atol: 1e-4 * Math.sqrt(count(shape) / channels) };
        assertClose(run.gradients.weight!, wanted.weight, { ...sums, what: "dweight" });
        assertClose(run.gradients.bias!, wanted.bias, { ...sums, what: "dbias" });
      });
    }
  }
});

halfTest("maxPool() of f16 equals its twin", async (device) => {
  const shape = [2, 13, 11, 21] as const, window = { size: 3, stride: 2, padding: 1 };
  const x = halves(1, shape), twin = maxPoolTwin(x, shape, window);
  const gradient = halves(2, twin.shape);
  const run = await runOp(
    device,
    { x: { shape, values: x, tracked: "input" } },
    (graph, { x }) => [maxPool(graph, x, window)],
    gradient,
    f16,
  );
  assert.deepEqual(run.outputs[0], twin.y);
  assertClose(run.gradients.x!, twin.gradient(gradient), STORED);
});

halfTest("resizeBilinear() of f16 matches its twin, from one pixel too", async (device, t) => {
  for (const [inputs, outputs] of [[[5, 7], [17, 13]], [[13, 11], [5, 4]], [[1, 1], [6, 5]]] as const) {
    await t.step(`${inputs} to ${outputs}`, async () => {
      const shape = [2, ...inputs, 21] as const, to = [2, ...outputs, 21];
      const x = halves(1, shape), gradient = halves(2, to);
      const twin = resizeTwin(x, shape, outputs[0], outputs[1]);
      const run = await runOp(
        device,
        { x: { shape, values: x, tracked: "input" } },
        (graph, { x }) => [resizeBilinear(graph, x, outputs[0], outputs[1])],
        gradient,
        f16,
      );
      assertClose(run.outputs[0]!, twin.y, STORED);
      // Back along one axis, stored, then along the other.
      assertClose(run.gradients.x!, twin.gradient(gradient), { rtol: 2 ** -9, atol: 2 ** -9 });
    });
  }
});

halfTest("globalAveragePool() of f16 matches its twin: its sums are of f32", async (device) => {
  const shape = [3, 61, 67, 24], x = halves(1, shape, 0, 1), gradient = halves(2, [3, 24], -999, 999);
  const twin = averageTwin(x, 3, 24);
  const run = await runOp(
    device,
    { x: { shape, values: x, tracked: "input" } },
    (graph, { x }) => [globalAveragePool(graph, x)],
    gradient,
    f16,
  );
  assertClose(run.outputs[0]!, twin.y, STORED);
  assertClose(run.gradients.x!, twin.gradient(gradient), STORED);
});

halfTest(
  "what only moves f16 keeps every bit: concatenate(), joinBatches(), splitBatch()",
  async (device) => {
    const image = [7, 5], a = halves(1, [2, ...image, 12]), b = halves(2, [2, ...image, 21]);
    const joined = concatenateTwin([a, b], [12, 21]), gradient = halves(3, [2, ...image, 33]);
    const side = await runOp(
      device,
      {
        a: { shape: [2, ...image, 12], values: a, tracked: "input" },
        b: { shape: [2, ...image, 21], values: b, tracked: "input" },
      },
      (graph, { a, b }) => [concatenate(graph, [a, b])],
      gradient,
      f16,
    );
    assert.deepEqual(side.outputs[0], joined.joined);
    const [da, db] = joined.gradients(gradient);
    assert.deepEqual(side.gradients, { a: da, b: db });

    // An odd count of vec4s: 8 bytes each, so that a part ends within 16.
    for (const shape of [[1, 1, 1, 3], [3, 7, 5, 21]]) {
      const parts = [halves(4, shape), halves(5, shape)];
      const twin = joinTwin(parts);
      const gradient = halves(6, [2, ...shape]);
      const row = await runOp(
        device,
        {
          a: { shape, values: parts[0]!, tracked: "input" },
          b: { shape, values: parts[1]!, tracked: "input" },
        },
        (graph, { a, b }) => {
          const both = joinBatches(graph, [a, b]);
          return [both, ...splitBatch(graph, both, 2)];
        },
        gradient,
        f16,
      );
      assert.deepEqual(row.outputs, [twin.joined, ...parts]);
      const [a, b] = twin.gradients(gradient);
      assert.deepEqual(row.gradients, { a, b });

      const half = await runOp(
        device,
        { x: { shape: [2 * shape[0]!, ...shape.slice(1)], values: twin.joined, tracked: "input" } },
        (graph, { x }) => splitBatch(graph, x, 2),
        a!,
        f16,
      );
      assert.deepEqual(
        half.gradients.x,
        Float64Array.from([...a!, ...a!.map(() => 0)]),
        "the unused part gets 0",
      );
    }
  },
);

halfTest("add() of f16 rounds once, forward and in sums of gradients", async (device) => {
  const shape = [1, 3, 5, 6], a = halves(1, shape), b = halves(2, shape), gradient = halves(3, shape);
  const run = await runOp(
    device,
    {
      a: { shape, values: a, tracked: "input" },
      b: { shape, values: b, tracked: "input" },
    },
    (graph, { a, b }) => [add(graph, add(graph, a, b), b)],
    gradient,
    f16,
  );
  assertClose(run.outputs[0]!, a.map((value, i) => value + 2 * b[i]!), { rtol: 2 ** -9, atol: 2 ** -9 });
  assert.deepEqual(run.gradients.a, gradient);
  assert.deepEqual(run.gradients.b, gradient.map((value) => 2 * value));
});

halfTest("add() of f16 and f32 is f32, and kept so", async (device) => {
  const shape = [1, 3, 5, 6], x = halves(1, shape);
  const window = { size: 1, stride: 1, padding: 0 };
  const { outputs } = await runOp(
    device,
    { x: { shape, values: x } },
    (graph, { x }) => {
      const full = graph.inPrecision("f32", () => maxPool(graph, x, window));
      const [mixed, half] = [add(graph, x, full), add(graph, x, x)];
      assert.deepEqual([full, mixed, half].map(({ dtype }) => dtype), ["f32", "f32", "f16"]);
      return [mixed, half];
    },
    undefined,
    f16,
  );
  for (const output of outputs) assert.deepEqual(output, x.map((value) => 2 * value));
});

halfTest("channelDropout() of f16 drops the host's channels", async (device) => {
  const shape = [5, 3, 7, 21], x = halves(1, shape), gradient = halves(2, shape);
  const address = { seed: 3, stream: "view", epoch: 1, step: 2 };
  const run = await runOp(
    device,
    {
      x: { shape, values: x, tracked: "input" },
      counters: { shape: [1, 1, 4], layout: "map", dtype: "u32", values: [3, 1, 2, 0] },
    },
    (graph, { x, counters }) => [
      channelDropout(graph, x, { probability: 0.5, streams: [address.stream], counters }),
    ],
    gradient,
    f16,
  );
  const mask = channelDropoutMask(5, 21, 0.5, address);
  const twin = (values: Float64Array) => dropoutTwin(values, mask, 21).map((value) => value + 0); // no −0
  assert.deepEqual(run.outputs[0], twin(x));
  assert.deepEqual(run.gradients.x, twin(gradient));
});

halfTest("losses of f16 inputs are of f32, their gradients of f16", async (device) => {
  const shape = [2, 7, 5, 21], pixels = 70;
  const logits = halves(1, shape, -9, 9);
  const labels = [...uniform(2, pixels, 0, 23)].map(Math.floor);
  const entropy = crossEntropyTwin(logits, labels, 21, { denominator: "valid" });
  const run = await runOp(
    device,
    {
      logits: { shape, values: logits, tracked: "input" },
      labels: { shape: shape.slice(0, 3), values: labels, layout: "map", dtype: "u32" },
    },
    (graph, { logits, labels }) => {
      const loss = softmaxCrossEntropy(graph, logits, labels, { label: "test", denominator: "valid" });
      return [loss.value, ...loss.backward(graph, 64).map(([, gradient]) => gradient)];
    },
    undefined,
    f16,
  );
  assertClose(run.outputs[0]!, [entropy.value], SUMMED);
  assertClose(run.outputs[1]!, entropy.gradient.map((value) => 64 * value), STORED);

  const [a, b] = [halves(3, shape), halves(4, shape, -0.5, 1)];
  const cosine = cosineTwin(a, b, 21);
  const pair = await runOp(
    device,
    { a: { shape, values: a, tracked: "input" }, b: { shape, values: b, tracked: "input" } },
    (graph, { a, b }) => {
      const loss = cosineDiscrepancy(graph, a, b, { label: "test" });
      return [loss.value, ...loss.backward(graph, 64).map(([, gradient]) => gradient)];
    },
    undefined,
    f16,
  );
  assertClose(pair.outputs[0]!, [cosine.value], SUMMED);
  assertClose(pair.outputs[1]!, cosine.gradientA.map((value) => 64 * value), STORED);
  assertClose(pair.outputs[2]!, cosine.gradientB.map((value) => 64 * value), STORED);
});
