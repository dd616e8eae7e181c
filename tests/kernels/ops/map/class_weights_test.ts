import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { classWeights } from "../../../../kernels/ops/map/class_weights.ts";
import { classWeights as reference } from "../../../../kernels/reference/map/class_weights.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest(
  "classWeights() gives each pixel its class's weight, and 0 to labels that are none",
  async (device, t) => {
    for (
      const [shape, classes] of [[[1, 1, 1], 1], [[2, 7, 5], 3], [[1, 31, 67], 21], [[3, 5, 9], 255]] as const
    ) {
      await t.step(`[${shape}], ${classes} classes`, async () => {
        const length = shape[0] * shape[1] * shape[2];
        const table = [...uniform(1, classes, 0, 4)].map((weight, i) => i % 4 === 1 ? 0 : weight);
        // Labels past the classes, 255 among them.
        const labels = [...uniform(2, length, 0, 1)].map((value, i) =>
          i % 6 === 5 ? 255 : Math.floor(value * Math.min(255, classes + 2))
        );
        const { outputs } = await runOp(
          device,
          {
            labels: { shape, values: labels, layout: "map", dtype: "u32" },
            table: { shape: [1, 1, classes], values: table, layout: "map" },
          },
          (graph, { labels, table }) => [classWeights(graph, labels, table)],
        );
        assert.deepEqual([...outputs[0]!], reference(labels, [...Float32Array.from(table)]));
      });
    }
  },
);

Deno.test("classWeights() refuses maps of another type or shape", () => {
  const graph = new Graph(0);
  const map = (dtype: "u32" | "f32", shape: readonly number[]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  assert.throws(
    () => classWeights(graph, map("f32", [1, 5, 4]), map("f32", [1, 1, 3])),
    /Cannot weigh classes by map .* a u32 map \[1,5,4\]/,
  );
  assert.throws(
    () => classWeights(graph, map("u32", [1, 5, 4]), map("f32", [1, 3, 1])),
    /by map \[1,3,1\]: a map \[1,1,C\] is needed/,
  );
});
