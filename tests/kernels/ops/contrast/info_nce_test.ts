import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { drawShapes, infoNce, type InfoNceOptions } from "../../../../kernels/ops/contrast/info_nce.ts";
import { unrolled } from "../../../../kernels/reference/contrast/bank.ts";
import { infoNce as reference } from "../../../../kernels/reference/contrast/info_nce.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

interface Case {
  /** Of one batch; there are two. */
  readonly shape: readonly [number, number, number, number];
  /** Sure pixels and anchors of each class. */
  readonly sure: readonly number[];
  readonly anchors: readonly number[];
  /** Of each queue: size, place of the oldest key, keys. */
  readonly queues: readonly (readonly [size: number, oldest: number, length: number])[];
  readonly drawn: { readonly anchors: number; readonly negatives: number };
  readonly temperature: number;
}

const cases: Readonly<Record<string, Case>> = {
  "gaps, an empty queue, a class without anchors, rings that wrap": {
    shape: [2, 5, 3, 8],
    sure: [4, 0, 3, 9, 0, 2, 1],
    anchors: [2, 0, 3, 5, 0, 0, 1],
    queues: [[5, 4, 5], [3, 0, 3], [9, 0, 4], [4, 2, 4], [2, 0, 0], [6, 1, 2], [8, 7, 3]],
    drawn: { anchors: 70, negatives: 11 },
    temperature: 0.5,
  },
  "two classes, one anchor, one negative, a vector longer than a workgroup": {
    shape: [1, 7, 9, 260],
    sure: [1, 1],
    anchors: [1, 30],
    queues: [[3, 0, 1], [40, 39, 40]],
    drawn: { anchors: 1, negatives: 1 },
    temperature: 0.07,
  },
  "one class alone": {
    shape: [1, 2, 2, 4],
    sure: [0, 5, 0],
    anchors: [0, 5, 0],
    queues: [[4, 0, 4], [4, 0, 4], [4, 0, 4]],
    drawn: { anchors: 3, negatives: 2 },
    temperature: 0.5,
  },
};

async function compare(device: Device, given: Case, pairs: InfoNceOptions["pairs"]): Promise<number> {
  const { shape, sure, anchors, queues, drawn, temperature } = given;
  const classes = sure.length,
    channels = shape[3],
    split = shape[0] * shape[1] * shape[2],
    columns = 2 * split;
  const x = uniform(1, split * channels), u = uniform(2, split * channels);
  const means = uniform(3, classes * channels);
  const shapes = drawShapes(classes, drawn);
  const draws = (seed: number, { length }: { length: number }) =>
    Float32Array.from(uniform(seed, length, 0, 1));
  const anchorDraws = draws(4, { length: classes * drawn.anchors });
  const negativeDraws = draws(5, { length: classes * drawn.anchors * drawn.negatives });
  // The largest number below 1: the last one of those there are.
  anchorDraws[0] = negativeDraws[0] = 1 - 2 ** -24;
  // Pixels are drawn for several classes, and where there are few, often.
  const places = anchors.map((count, c) => Array.from({ length: count }, (_, k) => (7 * k + c) % columns));
  const stored = queues.map(([size], c) => uniform(20 + c, size * channels));
  const rows = <T>(values: ArrayLike<T>, each: number) =>
    Array.from(
      { length: values.length / each },
      (_, i) => Array.from(values).slice(i * each, (i + 1) * each),
    );
  const map = { layout: "map" } as const;
  const entries = Object.fromEntries(
    stored.map((values, c) => [`queue${c}`, { shape: [1, queues[c]![0], channels], values, ...map }]),
  );
  const { outputs } = await runOp(
    device,
    {
      x: { shape, values: x, tracked: "input" },
      u: { shape, values: u, tracked: "input" },
      sure: { shape: [1, 1, classes], values: sure, dtype: "u32", ...map },
      counts: { shape: [1, 1, classes], values: anchors, dtype: "u32", ...map },
      places: {
        shape: [1, classes, columns],
        values: places.flatMap((row) => [...row, ...new Array(columns - row.length).fill(columns)]),
        dtype: "u32",
        ...map,
      },
      means: { shape: [classes, channels], values: means },
      cursors: {
        shape: [1, classes, 2],
        values: queues.flatMap(([, ...ends]) => ends),
        dtype: "u32",
        ...map,
      },
      anchorDraws: { shape: shapes.anchors, values: anchorDraws, ...map },
      negativeDraws: { shape: shapes.negatives, values: negativeDraws, ...map },
      ...entries,
    } as Parameters<typeof runOp<string>>[1],
    (graph, tensors) => {
      const loss = infoNce(graph, {
        features: { x: tensors.x!, u: tensors.u! },
        sure: tensors.sure!,
        anchors: { places: tensors.places!, counts: tensors.counts! },
        means: tensors.means!,
        bank: { cursors: tensors.cursors!, queues: stored.map((_, c) => tensors[`queue${c}`]!) },
        draws: { anchors: tensors.anchorDraws!, negatives: tensors.negativeDraws! },
      }, { label: "test", temperature, pairs });
      const [dx, du] = loss.backward(graph, 3);
      assert.deepEqual([dx![0], du![0]], [tensors.x, tensors.u]);
      return [loss.value, dx![1], du![1], loss.partials];
    },
  );
  const expected = reference({
    features: [...x, ...u],
    channels,
    sure,
    anchors: places,
    means: rows(means, channels),
    queues: stored.map((values, c) => {
      const [, oldest, length] = queues[c]!;
      return unrolled(Float32Array.from(values), channels, [oldest, length]);
    }),
    draws: {
      anchors: rows(anchorDraws, drawn.anchors),
      negatives: rows(negativeDraws, drawn.anchors * drawn.negatives),
    },
    temperature,
    pairs,
  });
  const [value, dx, du, partials] = outputs as [Float64Array, Float64Array, Float64Array, Float64Array];
  assertClose(value, [expected.value], { rtol: 2e-6, atol: 1e-7, what: "value" });
  const scaled = expected.gradient.map((entry) => 3 * entry);
  const largest = Math.max(...scaled.map(Math.abs));
  assertClose([...dx, ...du], scaled, { rtol: 1e-5, atol: 3e-6 * largest, what: "gradient" });
  const terms = rows(partials, 4).map(([sum]) => sum! / drawn.anchors);
  const wanted = terms.map((_, c) => expected.terms.find(({ queue }) => queue === c)?.term ?? 0);
  assertClose(terms, wanted, { rtol: 2e-6, atol: 1e-6, what: "term" });
  return expected.terms.length;
}

for (const pairs of ["by class", "by turn"] as const) {
  gpuTest(`infoNce() and its gradient match the twin, anchors ${pairs}`, async (device, t) => {
    const contrasted: number[] = [];
    for (const [name, given] of Object.entries(cases)) {
      await t.step(name, async () => void contrasted.push(await compare(device, given, pairs)));
    }
    assert.deepEqual(contrasted, pairs === "by class" ? [4, 2, 0] : [3, 2, 0]);
  });
}

Deno.test("infoNce() refuses what does not suit", () => {
  const tensor = (shape: number[], dtype: "u32" | "f32" = "f32", layout: "map" | "channels" = "map") =>
    makeTensor({ label: "tensor", shape, dtype, layout, home: { buffer: {} as GPUBuffer, offset: 0 } });
  const image = tensor([1, 2, 3, 8], "f32", "channels");
  const of = (change = {}, temperature = 0.5) =>
    infoNce(new Graph(0), {
      features: { x: image, u: image },
      sure: tensor([1, 1, 2], "u32"),
      anchors: { places: tensor([1, 2, 12], "u32"), counts: tensor([1, 1, 2], "u32") },
      means: tensor([2, 8], "f32", "channels"),
      bank: { cursors: tensor([1, 2, 2], "u32"), queues: [tensor([1, 5, 8]), tensor([1, 6, 8])] },
      draws: { anchors: tensor([2, 1, 4]), negatives: tensor([2, 4, 3]) },
      ...change,
    }, { label: "test", temperature, pairs: "by class" });
  of();
  assert.throws(() => of({ sure: tensor([1, 1, 3], "u32") }), /a u32 map \[1,1,2\] is needed/);
  assert.throws(() => of({ means: tensor([2, 4], "f32", "channels") }), /means \[2,8\] are needed/);
  assert.throws(
    () => of({ draws: { anchors: tensor([2, 1, 5]), negatives: tensor([2, 4, 3]) } }),
    /\[2,1,4\] is needed/,
  );
  assert.throws(() => of({}, 0), /Cannot contrast by test at temperature 0: it must be more than 0/);
});
