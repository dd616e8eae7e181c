import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { batchNorm } from "../../../../kernels/ops/norm/batch_norm.ts";
import { measuredConvolution } from "../../../../kernels/ops/convolution/convolution.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { batchNorm as normReference } from "../../../../kernels/reference/norm/batch_norm.ts";
import {
  convolution as reference,
  type ConvolutionShape,
} from "../../../../kernels/reference/convolution/convolution.ts";
import type { Sharing } from "../../../../kernels/sharing.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, halfTest, store, uniform, unstore } from "../../../support/gpu.ts";
import { skip } from "../../../support/skip.ts";

const plain = { stride: 1, padding: 1, dilation: 1 };
const options = { training: true, relu: false, momentum: 0.3, epsilon: 1e-5 };

/** A convolution with the batch norm of its output, captured; operands on the device. */
function captured(
  device: Device,
  shape: ConvolutionShape,
  { sharing = device.facts.sharing, passes = 1, precision = "f32" as "f32" | "f16", values }: {
    sharing?: Sharing;
    passes?: number;
    precision?: "f32" | "f16";
    values?: { x: Float64Array; w: Float64Array };
  } = {},
) {
  const channels = shape.outputs, count = (extents: readonly number[]) => extents.reduce((a, b) => a * b, 1);
  const weightShape = [shape.taps, shape.taps, shape.x[3], channels];
  const given = {
    ...values ?? { x: uniform(1, count(shape.x)), w: uniform(2, count(weightShape)) },
    weight: uniform(3, channels, 0.5, 1.5),
    bias: uniform(4, channels),
    runningMean: uniform(5, channels),
    runningVariance: uniform(6, channels, 0.5, 2),
  };
  const vectors = ["weight", "bias", "runningMean", "runningVariance"] as const;
  const memory = allocate(device, "operands", [
    { label: "x", shape: shape.x, dtype: precision },
    { label: "w", shape: weightShape, layout: "kernel" },
    ...vectors.map((label) => ({ label, shape: [channels] })),
  ]);
  const [x, w, ...others] = memory.tensors as [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor];
  const fill = () => {
    [given.x, given.w, ...vectors.map((name) => given[name])].forEach((values, i) => {
      const tensor = memory.tensors[i]!, stored = store(values, tensor.shape, tensor.layout);
      const halves = () => new Uint32Array(Float16Array.from(stored).buffer);
      upload(device, tensor, tensor.dtype === "f16" ? halves() : stored);
    });
  };
  const [weight, bias, runningMean, runningVariance] = others;
  const graph = new Graph(sharing, { precision });
  const { y, statistics } = measuredConvolution(graph, x, w, { ...shape, parts: passes });
  const normal = batchNorm(graph, y, { weight, bias, runningMean, runningVariance }, {
    ...options,
    passes,
    ...(statistics && { statistics }),
  });
  graph.keep(normal);
  const run = async (tuning?: ReadonlyMap<string, string>) => {
    fill();
    const program = compile(device, graph, undefined, tuning ? { tuning } : {});
    program.run();
    const read = await readBack(device, [program.locate(normal), runningMean, runningVariance]);
    program.free();
    return read;
  };
  return { graph, given, normal, run, free: memory.free };
}

const kernels = (graph: Graph) => graph.dispatches.map(({ kernel }) => kernel.name);
const isMeasured = (graph: Graph) => kernels(graph).some((name) => name.startsWith("convolution_statistics"));

const shapes: [string, ConvolutionShape, number][] = [
  ["one pass", { x: [2, 9, 14, 8], taps: 3, outputs: 70, ...plain }, 1],
  ["passes that end within a group", { x: [2, 2, 47, 40], taps: 1, outputs: 66, ...plain, padding: 0 }, 2],
  ["less than a group", { x: [1, 3, 5, 4], taps: 1, outputs: 130, ...plain, padding: 0 }, 1],
  ["passes of several images", { x: [4, 13, 11, 12], taps: 3, outputs: 36, ...plain }, 2],
];
/** Subgroups, where the device has them; workgroup memory runs everywhere. */
const ways: Record<string, "workgroup" | undefined> = {
  "the device's subgroups": undefined,
  "a GPU's workgroups": "workgroup",
};

const unshared = ({ facts }: Device) => `${facts.name} has no subgroups of 8 or 16 lanes`;

for (const [way, own] of Object.entries(ways)) {
  gpuTest(`batch norm of a convolution's own statistics matches the twin: ${way}`, async (device, t) => {
    const sharing = own ?? device.facts.sharing;
    if (sharing === 0) return skip(unshared(device));
    for (const [name, shape, passes] of shapes) {
      await t.step(name, async () => {
        const { graph, given, normal, run, free } = captured(device, shape, { sharing, passes });
        assert.ok(isMeasured(graph), "statistics come from the convolution");
        assert.ok(!kernels(graph).includes("batch_norm_statistics"));
        const convolved = reference(given.x, given.w, undefined, shape);
        let running = { runningMean: given.runningMean, runningVariance: given.runningVariance };
        const part = convolved.length / passes;
        const twins = Array.from({ length: passes }, (_, i) => {
          const twin = normReference({
            ...given,
            ...running,
            ...options,
            x: convolved.slice(i * part, (i + 1) * part),
          });
          running = twin;
          return twin;
        });
        const [y, mean, variance] = await run();
        const expected = Float64Array.from(twins.flatMap((twin) => [...twin.y]));
        assertClose(unstore(y!, normal.shape), expected, { rtol: 1e-4, atol: 1e-4, what: "y" });
        const vector = [shape.outputs];
        assertClose(unstore(mean!, vector), running.runningMean, { what: "running mean", atol: 1e-5 });
        assertClose(unstore(variance!, vector), running.runningVariance, { what: "running variance" });
        free();
      });
    }
  });

  gpuTest(`every tile leaves the same statistics: ${way}`, async (device) => {
    const sharing = own ?? device.facts.sharing;
    if (sharing === 0) return skip(unshared(device));
    const shape = { x: [4, 11, 13, 20] as const, taps: 3, outputs: 70, ...plain };
    const { graph, run, free } = captured(device, shape, { sharing, passes: 2 });
    const { bucket, candidates } = graph.dispatches.find(({ choice }) => choice)!.choice!;
    assert.ok(candidates.length > 2);
    const untuned = await run();
    for (const { name } of candidates) {
      assert.deepEqual(await run(new Map([[bucket, name]])), untuned, name);
    }
    free();
  });

  gpuTest(`a small spread beside a large mean comes out: ${way}`, async (device) => {
    const sharing = own ?? device.facts.sharing;
    if (sharing === 0) return skip(unshared(device));
    const shape = { x: [2, 33, 31, 40] as const, taps: 1, outputs: 40, ...plain, padding: 0 };
    // The output is the input, to the bit.
    const x = uniform(9, 2 * 33 * 31 * 40).map((value) => Math.fround(1000 + value / 100));
    const w = Float64Array.from({ length: 1600 }, (_, i) => Number(i % 40 === Math.floor(i / 40)));
    const { graph, given, normal, run, free } = captured(device, shape, { sharing, values: { x, w } });
    assert.ok(isMeasured(graph));
    const { y } = normReference({ ...given, ...options, x });
    const [read] = await run();
    // One unit in the last place of the mean, 6e-5, is 1 % of the standard deviation.
    assertClose(unstore(read!, normal.shape), y, { rtol: 1e-3, atol: 2e-2 });
    free();
  });
}

halfTest("statistics of values that are stored in f16", async (device) => {
  const shape = { x: [2, 10, 14, 8] as const, taps: 3, outputs: 70, ...plain };
  const { graph, given, normal, run, free } = captured(device, shape, { precision: "f16" });
  if (device.facts.sharing !== 0) assert.ok(isMeasured(graph));
  const x = reference(Float64Array.from(Float16Array.from(given.x)), given.w, undefined, shape);
  const { y } = normReference({ ...given, ...options, x });
  const [read] = await run();
  assertClose(unstore(new Float16Array(read!.buffer), normal.shape), y, { rtol: 4e-3, atol: 4e-3 });
  free();
});

Deno.test("statistics are read from the pixels where a tile leaves none, or would in vain", () => {
  const x = makeTensor({ label: "x", shape: [2, 12, 12, 16] });
  const norm = (sharing: Sharing, x: Tensor, outputs = 64, { parts = 1, taps = 3 } = {}) => {
    const graph = new Graph(sharing), vector = makeTensor({ label: "vector", shape: [outputs] });
    const shape = [taps, taps, x.shape[3]!, outputs];
    const w = makeTensor({ label: "w", shape, layout: "kernel" });
    const { y, statistics } = measuredConvolution(graph, x, w, { padding: taps >> 1, parts });
    batchNorm(graph, y, { weight: vector, bias: vector, runningMean: vector, runningVariance: vector }, {
      training: true,
      relu: true,
      passes: parts,
      ...(statistics && { statistics }),
    });
    return kernels(graph);
  };
  const plainNorm = ["batch_norm_statistics", "batch_norm_moments", "batch_norm"];
  assert.deepEqual(norm(16, x), [
    "convolution_statistics",
    "batch_norm_groups",
    "batch_norm_moments",
    "batch_norm",
  ]);
  assert.deepEqual(norm(0, x), ["convolution", ...plainNorm]);
  // A pass of 162 pixels takes 4 tiles of 48, of which the last is nearly empty; one of 288 takes 6.
  const small = makeTensor({ label: "small", shape: [4, 9, 9, 64] });
  const large = makeTensor({ label: "large", shape: [4, 12, 12, 64] });
  assert.equal(norm(16, large, 64, { parts: 2 })[0], "convolution_statistics");
  assert.deepEqual(norm(16, small, 64, { parts: 2 }), ["convolution", ...plainNorm]);
  assert.deepEqual(norm(16, x, 32, { taps: 1 }), ["convolution_narrow", ...plainNorm]);
});
