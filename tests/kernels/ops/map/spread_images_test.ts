import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { spreadImages } from "../../../../kernels/ops/map/spread_images.ts";
import { spreadImages as reference } from "../../../../kernels/reference/map/spread_images.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp } from "../../../support/gpu.ts";

gpuTest("spreadImages() says of each pixel what is said of its image", async (device, t) => {
  for (const shape of [[1, 1, 1], [3, 5, 7], [5, 33, 31]] as const) {
    await t.step(`[${shape}]`, async () => {
      const values = Array.from({ length: shape[0] }, (_, n) => (n * n + 1) % 5);
      const { outputs } = await runOp(
        device,
        { table: { shape: [1, 1, shape[0]], values, layout: "map", dtype: "u32" } },
        (graph, { table }) => [spreadImages(graph, table, shape)],
      );
      assert.deepEqual([...outputs[0]!], reference(values, shape[1] * shape[2]));
    });
  }
});

Deno.test("spreadImages() refuses a table of another number of images", () => {
  const table = makeTensor({ label: "clean", shape: [1, 1, 3], dtype: "u32", layout: "map" });
  assert.throws(
    () => spreadImages(new Graph(0), table, [4, 2, 2]),
    /Cannot say something of 4 images by clean \[1,1,3\] .* a u32 map \[1,1,4\] is needed/,
  );
});
