import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { percentile } from "../../../../kernels/ops/number/percentile.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { percentile as reference } from "../../../../kernels/reference/number/percentile.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";
import type { Device } from "../../../../kernels/device.ts";

async function found(
  device: Device,
  values: ArrayLike<number>,
  shape: readonly number[],
  percentages: readonly number[],
  mask?: ArrayLike<number>,
): Promise<number[]> {
  const { outputs } = await runOp(
    device,
    {
      values: { shape, values, layout: "map" },
      mask: { shape, values: mask ?? new Uint32Array(values.length), layout: "map", dtype: "u32" },
    },
    (graph, tensors) =>
      percentages.map((percentage) =>
        percentile(graph, tensors.values, percentage, { ...(mask && { mask: tensors.mask }) }).tensor
      ),
  );
  return outputs.map(([value]) => value!);
}

/** A rounding of the neighbors' difference, and one of the sum. */
function assertNear(actual: number, expected: number, what: string): void {
  assert.ok(
    Object.is(actual, expected) || Math.abs(actual - expected) <= 2 ** -23 * Math.abs(expected),
    `${what}: ${actual}, and ${expected} is expected`,
  );
}

const PERCENTAGES = [0, 100, 50, 20, 80.75, 81.2500001, 99.99, 0.001, 33.333333];

gpuTest("percentile() is that of the sorted values, at awkward sizes", async (device, t) => {
  for (const shape of [[1, 1, 1], [1, 1, 2], [1, 3, 1], [2, 7, 5], [1, 64, 1], [3, 41, 67], [4, 129, 129]]) {
    await t.step(`[${shape}]`, async () => {
      const length = shape.reduce((a, b) => a * b, 1);
      const values = Float32Array.from(uniform(1, length, 0, 3));
      const mask = uniform(2, length, 0, 1).map((x) => x < 0.3 ? 0 : x < 0.6 ? 1 : 7);
      for (const chosen of [undefined, mask]) {
        (await found(device, values, shape, PERCENTAGES, chosen)).forEach((value, i) => {
          const expected = reference(values, PERCENTAGES[i]!, chosen);
          assertNear(value, expected, `${PERCENTAGES[i]} % ${chosen ? "masked" : ""}`);
        });
      }
    });
  }
});

gpuTest("percentile() of ties, of both signs, zeros, the smallest and the infinite", async (device) => {
  const tied = Float32Array.from({ length: 1000 }, (_, i) => [1.5, 1.5, 2, -0.25][i % 4]!);
  const signs = Float32Array.from(uniform(3, 999, -1, 1), (x, i) => x * 10 ** (i % 60 - 30));
  const special = Float32Array.of(-Infinity, -1, -0, 0, 2 ** -149, -(2 ** -149), 1, Infinity, Infinity);
  // Neighbors in all but the lowest bit, which the last level tells apart.
  const near = Float32Array.from({ length: 257 }, (_, i) => 1 + (i * 97 % 257) * 2 ** -23);
  const spaced = [0, 12.5, 25, 50, 62.5, 87.5, 100];
  for (const values of [tied, signs, special, near]) {
    const shape = [1, 1, values.length];
    const wanted = values === special ? spaced : PERCENTAGES;
    (await found(device, values, shape, wanted)).forEach((value, i) => {
      const expected = reference(values, wanted[i]!);
      // −0 and 0 are one number; neighbors of opposite signs cancel.
      if (value === expected) return;
      assert.ok(
        Math.abs(value - expected) <= 2 ** -22 * Math.max(Math.abs(expected), 1e-6),
        `${value}, ${expected}`,
      );
    });
  }
});

gpuTest("percentile() counts no numbers as the largest, and nothing masked", async (device) => {
  const values = Float32Array.of(3, NaN, 1, 2);
  assert.deepEqual(await found(device, values, [1, 2, 2], [0, 100 / 3]), [1, 2].map(Math.fround));
  assert.ok(Number.isNaN((await found(device, values, [1, 2, 2], [100]))[0]));
  assert.deepEqual(await found(device, values, [1, 2, 2], [0, 50, 100], [0, 0, 0, 0]), [0, 0, 0]);
  assert.deepEqual(await found(device, values, [1, 2, 2], [0, 50, 100], [0, 0, 0, 9]), [2, 2, 2]);
});

gpuTest("percentile() follows a percentage that moves between runs", async (device) => {
  const shape = [2, 9, 11], values = Float32Array.from(uniform(5, 198));
  const memory = allocate(device, "test", [
    { label: "values", shape, layout: "map" },
    { label: "percentages", shape: [1, 1, 4], layout: "map" },
  ]);
  const [map, percentages] = memory.tensors as [Tensor, Tensor];
  upload(device, map, values);
  const graph = new Graph(0);
  const { tensor } = percentile(graph, map, { tensor: percentages, index: 2 });
  graph.keep(tensor);
  const program = compile(device, graph);
  for (const percentage of [80, 82.5, 0, 100, 130, -1]) {
    upload(device, percentages, Float32Array.of(7, 7, percentage, 7));
    program.run();
    const [read] = await readBack(device, [program.locate(tensor)]);
    assertNear(read![0]!, reference(values, Math.min(100, Math.max(0, percentage))), `${percentage} %`);
  }
  program.free();
  memory.free();
});

Deno.test("percentile() refuses what lies outside 0 to 100, and maps that do not suit", () => {
  const map = (dtype: "f32" | "u32", shape = [1, 5, 4]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  for (const percentage of [-0.1, 100.5, NaN]) {
    assert.throws(() => percentile(new Graph(0), map("f32"), percentage), /it must lie in \[0, 100\]/);
  }
  assert.throws(() => percentile(new Graph(0), map("u32"), 50), /a f32 map \[1,5,4\] is needed/);
  assert.throws(
    () => percentile(new Graph(0), map("f32"), 50, { mask: map("u32", [1, 4, 5]) }),
    /a u32 map \[1,5,4\] is needed/,
  );
  assert.throws(
    () => percentile(new Graph(0), map("f32"), { tensor: map("f32", [1, 1, 4]), index: 4 }),
    /Cannot look up the percentage 4/,
  );
});
