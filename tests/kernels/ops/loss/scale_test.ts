import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { scale } from "../../../../kernels/ops/loss/scale.ts";
import { scale as reference } from "../../../../kernels/reference/loss/scale.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("scale() multiplies by the number at the index, images and maps", async (device) => {
  for (const [shape, layout] of [[[2, 7, 5, 21], "channels"], [[3, 31, 67], "map"]] as const) {
    const values = uniform(1, shape.reduce<number>((a, b) => a * b, 1), -3, 3);
    const { outputs } = await runOp(
      device,
      {
        x: { shape, values, layout },
        factors: { shape: [1, 1, 4], values: [9, 9, 0.1, 9], layout: "map" },
      },
      (graph, { x, factors }) => [scale(graph, x, { tensor: factors, index: 2 })],
    );
    assertClose(outputs[0]!, reference(values, 0.1), { rtol: 1e-7, atol: 0 });
  }
});

Deno.test("scale() refuses a number that is not there", () => {
  const map = makeTensor({ label: "map", shape: [1, 1, 4], layout: "map" });
  assert.throws(
    () => scale(new Graph(0), map, { tensor: map, index: -1 }),
    /Cannot look up the factor -1 of map \[1,1,4\]: it holds 4, from 0/,
  );
});
