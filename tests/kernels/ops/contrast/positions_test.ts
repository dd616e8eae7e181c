import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { positions } from "../../../../kernels/ops/contrast/positions.ts";
import { positions as reference } from "../../../../kernels/reference/contrast/positions.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("positions() finds those of a bit, in order", async (device, t) => {
  for (const [rows, columns] of [[1, 1], [3, 7], [2, 256], [5, 257], [21, 4099]] as const) {
    await t.step(`${rows} rows of ${columns}`, async () => {
      // The last row has all of them, the one before none.
      const flags = uniform(1, rows * columns, 0, 8).map((x, i) =>
        Math.floor(i / columns) === rows - 1 ? 7 : Math.floor(i / columns) === rows - 2 ? 0 : Math.floor(x)
      );
      const split = Array.from({ length: rows }, (_, row) => flags.slice(row * columns, (row + 1) * columns));
      for (const bit of [1, 4]) {
        const { outputs: [places, counts] } = await runOp(
          device,
          { flags: { shape: [1, rows, columns], values: flags, layout: "map", dtype: "u32" } },
          (graph, { flags }) => {
            const found = positions(graph, flags, bit);
            return [found.places, found.counts];
          },
        );
        const expected = reference(split, bit);
        assert.deepEqual([...counts!], expected.map(({ length }) => length));
        expected.forEach((row, i) =>
          assert.deepEqual([...places!.slice(i * columns, i * columns + row.length)], row)
        );
      }
    });
  }
});

Deno.test("positions() refuses what is no map of flags", () => {
  const map = (shape: number[], dtype: "u32" | "f32" = "u32") =>
    makeTensor({ label: "flags", shape, dtype, layout: "map" });
  assert.throws(() => positions(new Graph(0), map([1, 2, 3], "f32"), 1), /a u32 map \[1,2,3\] is needed/);
  assert.throws(() => positions(new Graph(0), map([2, 2, 3]), 1), /a u32 map \[1,2,3\] is needed/);
  assert.throws(() => positions(new Graph(0), map([1, 65_536, 1]), 1), /65535 rows at most/);
});
