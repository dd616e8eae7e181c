import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { atLeast } from "../../../../kernels/ops/map/at_least.ts";
import { mapMean } from "../../../../kernels/ops/number/map_mean.ts";
import { mapMean as reference } from "../../../../kernels/reference/number/map_mean.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("mapMean() matches the twin", async (device, t) => {
  for (const shape of [[1, 1, 1], [2, 7, 5], [1, 16, 16], [3, 211, 307]]) {
    await t.step(`[${shape}]`, async () => {
      const values = uniform(1, shape[0]! * shape[1]! * shape[2]!, -1, 3);
      const { outputs } = await runOp(
        device,
        { values: { shape, values, layout: "map" } },
        (graph, { values }) => [mapMean(graph, values).tensor],
      );
      assertClose(outputs[0]!, [reference(values), 0, 0, 0], { rtol: 1e-6, atol: 1e-7 });
    });
  }
});

gpuTest("mapMean() of some pixels matches the twin, and is 0 of none", async (device, t) => {
  for (const [seed, shape] of [[1, 1, 1], [2, 7, 5], [3, 211, 307]].entries()) {
    await t.step(`[${shape}]`, async () => {
      const count = shape.reduce((product, extent) => product * extent, 1);
      const values = uniform(seed, count, -1, 3);
      const some = Uint32Array.from(uniform(9 + seed, count, 0, 3), Math.floor),
        none = new Uint32Array(count);
      const { outputs } = await runOp(
        device,
        {
          values: { shape, values, layout: "map" },
          some: { shape, values: some, layout: "map", dtype: "u32" },
          none: { shape, values: none, layout: "map", dtype: "u32" },
        },
        (graph, { values, some, none }) =>
          [some, none].map((mask) => mapMean(graph, values!, { mask: mask! }).tensor),
      );
      assertClose(outputs[0]!, [reference(values, some), 0, 0, 0], { rtol: 1e-6, atol: 1e-7 });
      assert.deepEqual([...outputs[1]!], [0, 0, 0, 0]);
    });
  }
});

gpuTest("mapMean() of a mask is exact, whatever lies behind the map's end", async (device) => {
  const shape = [1, 37, 29], values = uniform(2, 37 * 29, 0, 1);
  const { outputs } = await runOp(
    device,
    { values: { shape, values, layout: "map" } },
    // 0 is at least −1: what is behind the end passes, too.
    (graph, { values }) => [0.5, -1].map((least) => mapMean(graph, atLeast(graph, values, least)).tensor),
  );
  const passed = values.filter((value) => value >= 0.5).length;
  assert.deepEqual(outputs.map(([mean]) => mean), [Math.fround(passed / values.length), 1]);
});

Deno.test("mapMean() refuses what is no map of f32", () => {
  const map = makeTensor({ label: "map", shape: [1, 5, 4], dtype: "u32", layout: "map" });
  assert.throws(() => mapMean(new Graph(0), map), /Cannot take the mean by map .* a f32 map \[1,5,4\]/);
  const values = makeTensor({ label: "values", shape: [1, 5, 3], layout: "map" });
  assert.throws(
    () => mapMean(new Graph(0), values, { mask: map }),
    /Cannot choose pixels of values by map .* a u32 map \[1,5,3\]/,
  );
});
