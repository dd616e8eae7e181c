import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { Graph } from "../../../kernels/graph.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { backgroundFirst } from "../../../kernels/ops/attention/background_first.ts";
import { selfAttention } from "../../../kernels/ops/attention/self_attention.ts";
import { argMax } from "../../../kernels/ops/label/arg_max.ts";
import { batchNorm } from "../../../kernels/ops/norm/batch_norm.ts";
import { channelDropout } from "../../../kernels/ops/feature/channel_dropout.ts";
import { concatenate } from "../../../kernels/ops/feature/concatenate.ts";
import { globalAveragePool } from "../../../kernels/ops/feature/global_average_pool.ts";
import { maxPool } from "../../../kernels/ops/feature/max_pool.ts";
import { resizeBilinear } from "../../../kernels/ops/feature/resize_bilinear.ts";
import { stepAlong } from "../../../kernels/ops/perturbation/step_along.ts";
import { compile } from "../../../kernels/program/program.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import { gpuTest, store, uniform } from "../../support/gpu.ts";

interface Given {
  /** Five channels, three of padding. */
  readonly x: Tensor;
  readonly even: Tensor;
  readonly pixel: Tensor;
  readonly vectors: readonly [Tensor, Tensor, Tensor, Tensor];
  readonly counters: Tensor;
}

const normalize = (graph: Graph, { x, vectors }: Given, training: boolean, clampsVariance?: boolean) => {
  const [weight, bias, runningMean, runningVariance] = vectors;
  return batchNorm(graph, x, { weight, bias, runningMean, runningVariance }, {
    training,
    relu: true,
    residual: x,
    clampsVariance,
  });
};

const ops: Record<string, (graph: Graph, given: Given) => Tensor> = {
  "batchNorm, training": (graph, given) => normalize(graph, given, true),
  "batchNorm, variances raised to epsilon": (graph, given) => normalize(graph, given, true, true),
  "batchNorm, without a weight": (graph, { x, vectors: [, bias, runningMean, runningVariance] }) =>
    batchNorm(graph, x, { bias, runningMean, runningVariance }, { training: true, relu: false }),
  "batchNorm, evaluation": (graph, given) => normalize(graph, given, false),
  maxPool: (graph, { x }) => maxPool(graph, x, { size: 3, stride: 2, padding: 1 }),
  globalAveragePool: (graph, { x }) => globalAveragePool(graph, x),
  resizeBilinear: (graph, { x }) => resizeBilinear(graph, x, 11, 4),
  "resizeBilinear, of one pixel": (graph, { pixel }) => resizeBilinear(graph, pixel, 5, 7),
  stepAlong: (graph, { x }) => stepAlong(graph, x, x, { length: 2, epsilon: 1, origin: 0.5 }),
  selfAttention: (graph, { x }) => {
    // Where the first channel is the largest, a position is none.
    const { labels: validity } = argMax(graph, x, { confidence: "logit" });
    return selfAttention(graph, { query: x, key: x, values: x, validity }).attended;
  },
  backgroundFirst: (graph, { x }) => backgroundFirst(graph, x),
  concatenate: (graph, { x, even }) => concatenate(graph, [even, x]),
  channelDropout: (graph, { x, counters }) =>
    channelDropout(graph, x, { probability: 0.3, streams: ["s"], counters }),
};

gpuTest("network ops leave the padding of channels zero, forward and backward", async (device, t) => {
  for (const [name, build] of Object.entries(ops)) {
    await t.step(name, async () => {
      const image = [2, 7, 5, 5], even = [2, 7, 5, 4], pixel = [2, 1, 1, 5], vector = [5];
      const shapes = [image, even, pixel, vector, vector, vector, vector];
      const inputs = allocate(device, "inputs", [
        ...shapes.map((shape) => ({ label: "input", shape })),
        { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
      ]);
      const slots = allocate(device, "gradients", shapes.map((shape) => ({ label: "gradient", shape })));
      const tensors = inputs.tensors.map((tensor, i) =>
        makeTensor({
          ...tensor,
          tracked: i < 5,
          ...(i === 3 || i === 4 ? { gradient: slots.tensors[i]! } : {}),
        })
      );
      shapes.forEach((shape, i) => {
        const length = shape.reduce((a, b) => a * b, 1);
        upload(device, tensors[i]!, store(uniform(i, length, 0.5, 2), shape));
      });
      const graph = new Graph(device.facts.sharing);
      const vectors = tensors.slice(3, 7) as unknown as Given["vectors"];
      const y = build(graph, {
        x: tensors[0]!,
        even: tensors[1]!,
        pixel: tensors[2]!,
        vectors,
        counters: tensors[7]!,
      });
      const seed = allocate(device, "seed", [y]);
      const length = y.shape.reduce((a, b) => a * b, 1);
      upload(device, seed.tensors[0]!, store(uniform(9, length), y.shape));
      const gradients = graph.backward([[y, seed.tensors[0]!]], (a, b) => add(graph, a, b));
      assert.ok(gradients.size > 0);
      const results = [y, ...gradients.values()].map((tensor) => graph.keep(tensor));
      const program = compile(device, graph);
      program.run();
      const located = [
        ...results.map((tensor) => program.locate(tensor)),
        ...tensors.slice(3, 7),
        slots.tensors[3]!,
        slots.tensors[4]!,
      ];
      const stored = await readBack(device, located);
      located.forEach(({ label, shape }, i) => {
        const channels = shape.at(-1)!, pitch = 4 * Math.ceil(channels / 4);
        const padding = stored[i]!.filter((_, at) => at % pitch >= channels);
        assert.ok(padding.every((value) => value === 0), `padding of ${label} [${shape}] is not zero`);
      });
      for (const held of [program, inputs, slots, seed]) held.free();
    });
  }
});
