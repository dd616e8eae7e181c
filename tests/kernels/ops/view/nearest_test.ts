import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { nearest } from "../../../../kernels/ops/view/nearest.ts";
import { nearest as twin } from "../../../../kernels/reference/view/nearest.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp } from "../../../support/gpu.ts";

gpuTest("nearest() matches the twin, smaller and larger", async (device, t) => {
  for (
    const [[batch, height, width], down, across] of [
      [[1, 1, 1], 3, 2],
      [[2, 65, 33], 17, 9],
      [[3, 17, 17], 5, 5],
      [[1, 4, 7], 9, 7],
    ] as const
  ) {
    await t.step(`[${batch}, ${height}, ${width}] to ${down} × ${across}`, async () => {
      const shape = [batch, height, width] as const;
      const values = Array.from({ length: batch * height * width }, (_, i) => i);
      const { outputs: [found] } = await runOp(
        device,
        { map: { shape, values, dtype: "u32", layout: "map" } },
        (graph, { map }) => [nearest(graph, map, down, across)],
      );
      assert.deepEqual(found, twin(values, shape, down, across));
    });
  }
});

Deno.test("nearest() leaves a map of the size alone, and refuses what is none", () => {
  const graph = new Graph(0), map = makeTensor({ label: "v", shape: [1, 3, 4], dtype: "u32", layout: "map" });
  assert.equal(nearest(graph, map, 3, 4), map);
  assert.equal(graph.dispatches.length, 0);
  assert.throws(
    () => nearest(graph, map, 0, 4),
    /Cannot resize v \[1,3,4\] to 0 × 4: extents must be integers/,
  );
  assert.throws(
    () => nearest(graph, makeTensor({ label: "x", shape: [1, 3, 4] }), 2, 2),
    /Cannot resize a map by x/,
  );
});
