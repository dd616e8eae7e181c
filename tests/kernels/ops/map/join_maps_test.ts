import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { joinMaps } from "../../../../kernels/ops/map/join_maps.ts";
import { joinMaps as reference } from "../../../../kernels/reference/map/join_maps.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("joinMaps() puts batches one after another, wherever they end", async (device, t) => {
  for (const [height, width] of [[1, 1], [5, 7], [67, 31]] as const) {
    await t.step(`${height} × ${width}`, async () => {
      const parts = [3, 1, 2].map((batch, i) =>
        [...uniform(i, batch * height * width, 0, 256)].map((value) => Math.floor(value))
      );
      const given = (i: number) => ({
        shape: [[3, 1, 2][i]!, height, width],
        values: parts[i]!,
        layout: "map" as const,
        dtype: "u32" as const,
      });
      const { outputs } = await runOp(
        device,
        { a: given(0), b: given(1), c: given(2) },
        (graph, { a, b, c }) => [joinMaps(graph, [a, b, c]), joinMaps(graph, [b])],
      );
      assert.deepEqual(outputs.map((output) => [...output]), [reference(parts), parts[1]]);
    });
  }
});

Deno.test("joinMaps() refuses none, and maps of another size or type", () => {
  const graph = new Graph(0);
  const map = (dtype: "u32" | "f32", shape: number[]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  assert.throws(() => joinMaps(graph, []), new ShapeError("Cannot join no maps: one or more are needed"));
  assert.throws(
    () => joinMaps(graph, [map("u32", [1, 2, 3]), map("u32", [2, 3, 2])]),
    /Cannot join to map by map \[2,3,2\] .* a u32 map \[2,2,3\] is needed/,
  );
  assert.throws(() => joinMaps(graph, [map("f32", [1, 2, 3])]), ShapeError);
});
