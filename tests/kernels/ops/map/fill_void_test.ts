import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { fillVoid } from "../../../../kernels/ops/map/fill_void.ts";
import { fillVoid as reference } from "../../../../kernels/reference/map/fill_void.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("fillVoid() gives void pixels of the image a class, and leaves padding void", async (device, t) => {
  for (const [value, shape] of [[0, [1, 1, 1]], [0, [2, 7, 5]], [254, [1, 31, 67]]] as const) {
    await t.step(`[${shape}], class ${value}`, async () => {
      const pixels = shape.reduce((a: number, b) => a * b, 1);
      const labels = uniform(1, pixels, 0, 4).map((label) => label < 2 ? 255 : Math.floor(label));
      const validity = uniform(2, pixels, 0, 2).map(Math.floor);
      const map = { shape, layout: "map" as const, dtype: "u32" as const };
      const { outputs } = await runOp(
        device,
        { labels: { ...map, values: labels }, validity: { ...map, values: validity } },
        (graph, { labels, validity }) => [fillVoid(graph, labels, validity, value)],
      );
      assert.deepEqual([...outputs[0]!], reference(labels, validity, value));
    });
  }
});

Deno.test("fillVoid() refuses maps of different shapes, and what is no class", () => {
  const map = (label: string, shape: number[]) => makeTensor({ label, shape, dtype: "u32", layout: "map" });
  const labels = map("labels", [1, 2, 3]);
  assert.throws(
    () => fillVoid(new Graph(0), labels, map("validity", [1, 3, 2]), 0),
    /Cannot fill labels by validity \[1,3,2\] .* a u32 map \[1,2,3\] is needed/,
  );
  for (const value of [-1, 0.5, 255]) {
    assert.throws(
      () => fillVoid(new Graph(0), labels, map("validity", [1, 2, 3]), value),
      (error) => error instanceof ShapeError && /it must be a whole number from 0 to 254/.test(error.message),
    );
  }
});
