import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { selfAttention } from "../../../../kernels/ops/attention/self_attention.ts";
import { selfAttention as twin } from "../../../../kernels/reference/attention/self_attention.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

/** [N, h, w], channels of queries and of values, and which positions are none. */
const cases: readonly (readonly [
  pixels: readonly number[],
  depth: number,
  channels: number,
  none: (i: number) => boolean,
])[] = [
  [[1, 1, 1], 4, 3, () => false],
  [[2, 3, 5], 6, 5, (i) => i % 4 === 1],
  // More positions than lanes, an image without any, and channels in whole fours.
  [[3, 9, 11], 8, 4, (i) => i < 99 || i % 7 === 0],
  [[1, 4, 3], 128, 21, () => false],
];

gpuTest("selfAttention() matches the twin, forward and backward", async (device, t) => {
  for (const [pixels, depth, channels, none] of cases) {
    await t.step(`[${pixels}], ${depth} and ${channels} channels`, async () => {
      const [batch, height, width] = pixels as [number, number, number], count = height * width;
      const positions = batch * count;
      const inputs = {
        query: uniform(1, positions * depth, -2, 2),
        key: uniform(2, positions * depth, -2, 2),
        values: uniform(3, positions * channels, -1, 1),
      };
      const validity = Array.from({ length: positions }, (_, i) => Number(!none(i)));
      const dy = uniform(4, positions * channels, -1, 1);
      const expected = twin(inputs, validity, { batch, count, depth, channels });
      const given = (values: Float64Array, channels: number) =>
        ({ shape: [...pixels, channels], values, tracked: "input" }) as const;
      const { outputs, gradients } = await runOp(
        device,
        {
          query: given(inputs.query, depth),
          key: given(inputs.key, depth),
          values: given(inputs.values, channels),
          validity: { shape: pixels, values: validity, dtype: "u32", layout: "map" },
        },
        (graph, tensors) => {
          const { attended, weights } = selfAttention(graph, tensors);
          return [attended, weights];
        },
        dy,
      );
      assertClose(outputs[0]!, expected.attended, { rtol: 1e-5, atol: 1e-6, what: "attended" });
      assertClose(outputs[1]!, expected.weights, { rtol: 1e-5, atol: 1e-7, what: "weights" });
      for (const [name, wanted] of Object.entries(expected.gradients(dy))) {
        assertClose(gradients[name]!, wanted, { rtol: 1e-4, atol: 1e-5, what: name });
      }
    });
  }
});

gpuTest("selfAttention() holds against scores of any size", async (device) => {
  const shape = [1, 1, 2, 4], one = [200, 0, 0, 0, -200, 0, 0, 0];
  const { outputs } = await runOp(
    device,
    {
      query: { shape, values: one },
      key: { shape, values: one },
      values: { shape: [1, 1, 2, 1], values: [3, 5] },
      validity: { shape: [1, 1, 2], values: [1, 1], dtype: "u32", layout: "map" },
    },
    (graph, tensors) => [selfAttention(graph, tensors).attended],
  );
  assert.deepEqual([...outputs[0]!], [3, 5]);
});

Deno.test("selfAttention() refuses what does not suit", () => {
  const graph = new Graph(0);
  const image = (label: string, shape: readonly number[]) => makeTensor({ label, shape });
  const validity = makeTensor({ label: "v", shape: [2, 3, 3], dtype: "u32", layout: "map" });
  const query = image("q", [2, 3, 3, 8]), key = image("k", [2, 3, 3, 8]), values = image("x", [2, 3, 3, 5]);
  assert.throws(
    () => selfAttention(graph, { query, key: image("k", [2, 3, 3, 4]), values, validity }),
    /Cannot attend from q \[2,3,3,8\] to k \[2,3,3,4\] for x \[2,3,3,5\]: \[2,3,3,8\] and \[2,3,3,C\] are needed/,
  );
  assert.throws(
    () => selfAttention(graph, { query, key, values: image("x", [2, 3, 4, 5]), validity }),
    /Cannot attend from q .* for x \[2,3,4,5\]/,
  );
  const other = makeTensor({ label: "v", shape: [2, 3, 4], dtype: "u32", layout: "map" });
  assert.throws(
    () => selfAttention(graph, { query, key, values, validity: other }),
    /Cannot attend in q by v/,
  );
});
