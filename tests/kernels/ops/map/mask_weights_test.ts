import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { maskWeights } from "../../../../kernels/ops/map/mask_weights.ts";
import { maskWeights as reference } from "../../../../kernels/reference/map/mask_weights.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("maskWeights() leaves a weight where a pixel is the image's, and 0 elsewhere", async (device, t) => {
  for (const shape of [[1, 1, 1], [2, 7, 5], [1, 31, 67]]) {
    await t.step(`[${shape}]`, async () => {
      const length = shape[0]! * shape[1]! * shape[2]!;
      const weights = uniform(1, length, -1, 1).map((weight, i) => i % 5 === 0 ? NaN : weight);
      const validity = [...uniform(2, length, 0, 1)].map((value, i) => Number(i % 5 !== 0 && value > 0.4));
      const { outputs } = await runOp(
        device,
        {
          weights: { shape, values: weights, layout: "map" },
          scalars: { shape: [1, 1, 4], values: [9, 0.375, 9, 9], layout: "map" },
          validity: { shape, values: validity, layout: "map", dtype: "u32" },
        },
        (graph, { weights, scalars, validity }) => [
          maskWeights(graph, weights, validity),
          maskWeights(graph, { tensor: scalars, index: 1 }, validity),
          maskWeights(graph, 2.5, validity),
        ],
      );
      const expected = [weights, 0.375, 2.5].map((weight) => reference(weight, validity));
      assert.deepEqual(outputs.map((output) => [...output]), expected);
    });
  }
});

Deno.test("maskWeights() refuses maps of another type or shape, and a number that is not there", () => {
  const graph = new Graph(0);
  const map = (dtype: "u32" | "f32", shape = [1, 5, 4]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  assert.throws(() => maskWeights(graph, 1, map("f32")), /Cannot mask weights by map .* a u32 map \[1,5,4\]/);
  assert.throws(
    () => maskWeights(graph, map("f32", [1, 4, 5]), map("u32")),
    /Cannot weigh the pixels of map by map \[1,4,5\] .* a f32 map \[1,5,4\] is needed/,
  );
  assert.throws(
    () => maskWeights(graph, { tensor: map("f32", [1, 1, 4]), index: 4 }, map("u32")),
    /Cannot look up the weight 4 of map \[1,1,4\]: it holds 4, from 0/,
  );
});
