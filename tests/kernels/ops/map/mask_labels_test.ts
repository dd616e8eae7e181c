import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { maskLabels } from "../../../../kernels/ops/map/mask_labels.ts";
import { maskLabels as reference } from "../../../../kernels/reference/map/mask_labels.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("maskLabels() gives 255 where a pixel is padding", async (device, t) => {
  for (const shape of [[1, 1, 1], [2, 7, 5], [1, 31, 67]]) {
    await t.step(`[${shape}]`, async () => {
      const pixels = shape.reduce((a, b) => a * b, 1);
      const labels = uniform(1, pixels, 0, 21).map(Math.floor);
      const validity = uniform(2, pixels, 0, 2).map(Math.floor);
      const map = { shape, layout: "map" as const, dtype: "u32" as const };
      const { outputs } = await runOp(
        device,
        { labels: { ...map, values: labels }, validity: { ...map, values: validity } },
        (
          graph,
          { labels, validity },
        ) => [maskLabels(graph, labels, validity), maskLabels(graph, labels, validity, 0)],
      );
      assert.deepEqual([...outputs[0]!], reference(labels, validity));
      assert.deepEqual([...outputs[1]!], reference(labels, validity, 0));
    });
  }
});

gpuTest("maskLabels() takes weights for a mask", async (device) => {
  const shape = [1, 3, 7], labels = uniform(1, 21, 0, 21).map(Math.floor);
  const weights = uniform(2, 21, -1, 1).map((x) => x < 0 ? 0 : x);
  const { outputs } = await runOp(
    device,
    {
      labels: { shape, layout: "map", dtype: "u32", values: labels },
      weights: { shape, layout: "map", values: weights },
    },
    (graph, { labels, weights }) => [maskLabels(graph, labels, weights)],
  );
  assert.deepEqual([...outputs[0]!], reference(labels, weights));
});

Deno.test("maskLabels() refuses maps of different shapes", () => {
  const map = (label: string, shape: number[]) => makeTensor({ label, shape, dtype: "u32", layout: "map" });
  assert.throws(
    () => maskLabels(new Graph(0), map("labels", [1, 2, 3]), map("validity", [1, 3, 2])),
    /Cannot mask labels by validity \[1,3,2\] .* a u32 map \[1,2,3\] is needed/,
  );
});
