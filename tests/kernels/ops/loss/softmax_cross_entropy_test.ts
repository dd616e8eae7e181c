import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import {
  softmaxCrossEntropy,
  type SoftmaxCrossEntropyOptions,
} from "../../../../kernels/ops/loss/softmax_cross_entropy.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { softmaxCrossEntropy as reference } from "../../../../kernels/reference/loss/softmax_cross_entropy.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, store, uniform } from "../../../support/gpu.ts";

/** Labels over all classes, with `ignored` among them at every third pixel. */
function someLabels(seed: number, pixels: number, classes: number, ignored = 255): number[] {
  return [...uniform(seed, pixels, 0, classes)].map((x, i) => i % 3 === 2 ? ignored : Math.floor(x));
}

async function run(
  device: Device,
  shape: number[],
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: Omit<SoftmaxCrossEntropyOptions, "label" | "weights"> & { weights?: ArrayLike<number> },
  weight = 1,
): Promise<{ value: number; gradient: Float64Array }> {
  const map = { shape: shape.slice(0, 3), layout: "map" as const };
  const { weights: values, ...rest } = options;
  const { outputs } = await runOp(
    device,
    {
      logits: { shape, values: logits, tracked: "input" },
      labels: { ...map, values: labels, dtype: "u32" },
      weights: { ...map, values: values ?? new Array(labels.length).fill(1) },
    },
    (graph, { logits, labels, weights }) => {
      const loss = softmaxCrossEntropy(graph, logits, labels, {
        ...rest,
        label: "test",
        ...(values && { weights }),
      });
      return [loss.value, ...loss.backward(graph, weight).map(([, gradient]) => gradient)];
    },
  );
  return { value: outputs[0]![0]!, gradient: outputs[1]! };
}

gpuTest("softmaxCrossEntropy() and its gradient match the twin", async (device, t) => {
  // 40,000 pixels need more pixels than chunks.
  for (const shape of [[1, 1, 1, 1], [1, 1, 1, 5], [2, 7, 5, 21], [1, 13, 11, 24], [1, 200, 200, 3]]) {
    for (const denominator of ["valid", "weights", "all weights", "all"] as const) {
      await t.step(`[${shape}], denominator ${denominator}`, async () => {
        const pixels = shape[0]! * shape[1]! * shape[2]!, classes = shape[3]!;
        const logits = uniform(1, pixels * classes, -9, 9);
        const labels = someLabels(2, pixels, classes);
        for (const weights of [undefined, uniform(3, pixels, 0, 2)]) {
          const options = { denominator, ...(weights && { weights }) };
          const expected = reference(logits, labels, classes, options);
          const actual = await run(device, shape, logits, labels, options, 0.75);
          assertClose([actual.value], [expected.value], { rtol: 1e-5, what: "value" });
          assertClose(actual.gradient, expected.gradient.map((g) => 0.75 * g), {
            rtol: 2e-5,
            atol: 2e-6 / pixels,
            what: "gradient",
          });
        }
      });
    }
  }
});

gpuTest("softmaxCrossEntropy() gives the value's derivative", async (device) => {
  const shape = [1, 2, 2, 3], logits = uniform(10, 12, -2, 2), labels = [2, 0, 255, 1], h = 1e-4;
  const options = { denominator: "valid" as const, weights: [0.5, 2, 1, 3] };
  const moved = (i: number, by: number) =>
    reference(logits.map((x, j) => i === j ? x + by : x), labels, 3, options).value;
  const derivative = logits.map((_, i) => (moved(i, h) - moved(i, -h)) / (2 * h));
  const { value, gradient } = await run(device, shape, logits, labels, options);
  assertClose(gradient, derivative, { rtol: 1e-4, atol: 1e-6 });
  // By hand: the weights times −log p, over three pixels.
  const term = (pixel: number, label: number) => {
    const row = [...logits.slice(3 * pixel, 3 * pixel + 3)].map(Math.exp);
    return -Math.log(row[label]! / (row[0]! + row[1]! + row[2]!));
  };
  assertClose([value], [(0.5 * term(0, 2) + 2 * term(1, 0) + 3 * term(3, 1)) / 3]);
});

gpuTest("softmaxCrossEntropy() is exact for logits whose exponentials overflow", async (device) => {
  const shape = [1, 1, 4, 6];
  // The last pixel's logits are large and close: their differences must keep all their digits.
  const logits = [0, 1000, 2000, 0, -500, 30, 1e4, -1e30, 5, 1e4, 1, 2].concat(
    [-900, -901, -902, -900.5, -903, -1e5],
    [1e4, 1e4 + 0.5, 1e4 - 0.25, 1e4 + 1, 1e4 - 3, 1e4 + 0.125],
  );
  const expected = reference(logits, [0, 1, 3, 5], 6, { denominator: "valid" });
  const actual = await run(device, shape, logits, [0, 1, 3, 5], { denominator: "valid" });
  assertClose([actual.value], [expected.value], { rtol: 1e-6 });
  assertClose(actual.gradient, expected.gradient, { atol: 1e-6 });
});

gpuTest(
  "softmaxCrossEntropy() ignores the label it is told to, and labels that are no class",
  async (device) => {
    const shape = [1, 3, 7, 5], logits = uniform(4, 105);
    const labels = someLabels(5, 21, 5, 3);
    labels[0] = 200;
    const expected = reference(logits, labels, 5, { ignore: 3, denominator: "valid" });
    const actual = await run(device, shape, logits, labels, { ignore: 3, denominator: "valid" });
    assertClose([actual.value], [expected.value]);
    assertClose(actual.gradient, expected.gradient);
    assert.deepEqual([...actual.gradient.slice(0, 5)], [0, 0, 0, 0, 0]);
  },
);

gpuTest("softmaxCrossEntropy() is 0 with zero gradients where no pixel takes part", async (device) => {
  const shape = [1, 2, 3, 5], logits = uniform(6, 30);
  for (const denominator of ["valid", "weights", "all weights", "all"] as const) {
    const { value, gradient } = await run(device, shape, logits, new Array(6).fill(255), { denominator });
    assert.equal(value, 0);
    assert.deepEqual([...gradient], new Array(30).fill(0));
  }
  const unweighted = { denominator: "weights" as const, weights: new Array(6).fill(0) };
  const { value, gradient } = await run(device, shape, logits, new Array(6).fill(1), unweighted);
  assert.equal(value, 0);
  assert.ok(gradient.every((entry) => entry === 0));
});

gpuTest("softmaxCrossEntropy() writes zeros to the padding of its gradient", async (device) => {
  await checkPadding(device, 3);
  await checkPadding(device, 7);
});

async function checkPadding(device: Device, side: number): Promise<void> {
  const shape = [1, 3, 3, 5];
  const memory = allocate(device, "test", [
    { label: "logits", shape },
    { label: "labels", shape: [1, side, side], dtype: "u32", layout: "map" },
  ]);
  const logits = makeTensor({ ...memory.tensors[0]!, tracked: true });
  const labels = memory.tensors[1]!;
  upload(device, logits, store(uniform(7, 45), shape));
  const known = [0, 1, 2, 3, 4, 255, 0, 1, 2];
  upload(device, labels, Uint32Array.from({ length: side * side }, (_, i) => known[i % known.length]!));
  const graph = new Graph(0);
  const size = { height: side, width: side };
  const loss = softmaxCrossEntropy(graph, logits, labels, { label: "test", denominator: "valid", size });
  const gradient = graph.keep(loss.backward(graph, 1)[0]![1]);
  const program = compile(device, graph);
  // Whatever the workspace held before must not show.
  upload(device, program.locate(gradient), new Float32Array(gradient.bytes / 4).fill(7));
  program.run();
  const [stored] = await readBack(device, [program.locate(gradient)]);
  stored!.forEach((entry, i) =>
    assert.ok(
      i % 8 < 5 ? entry !== 0 || (i >> 3 === 5 && side === 3) : entry === 0,
      `entry ${i} is ${entry}`,
    )
  );
  program.free();
  memory.free();
}

gpuTest("softmaxCrossEntropy() gives bit-equal sums on every run", async (device) => {
  const shape = [1, 97, 89, 7], pixels = 97 * 89;
  const logits = uniform(8, pixels * 7, -3, 3), labels = someLabels(9, pixels, 7);
  const once = await run(device, shape, logits, labels, { denominator: "valid" });
  const again = await run(device, shape, logits, labels, { denominator: "valid" });
  assert.equal(once.value, again.value);
  assert.deepEqual(once.gradient, again.gradient);
});

Deno.test("softmaxCrossEntropy() refuses maps that do not fit the logits", () => {
  const graph = new Graph(0);
  const logits = makeTensor({ label: "logits", shape: [2, 5, 4, 3] });
  const map = (dtype: "u32" | "f32", shape = [2, 5, 4]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  assert.throws(
    () => softmaxCrossEntropy(graph, logits, map("u32", [2, 4, 5]), { label: "x", denominator: "valid" }),
    new ShapeError(
      'Cannot take the cross-entropy of logits [2,5,4,3] by map [2,4,5] (u32, layout "map"): ' +
        "a u32 map [2,5,4] is needed",
    ),
  );
  assert.throws(
    () =>
      softmaxCrossEntropy(graph, logits, map("u32"), {
        label: "x",
        denominator: "weights",
        weights: map("u32"),
      }),
    /Cannot weigh the cross-entropy of logits \[2,5,4,3\] by map .* a f32 map \[2,5,4\] is needed/,
  );
});
