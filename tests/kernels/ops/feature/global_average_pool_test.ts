import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { globalAveragePool } from "../../../../kernels/ops/feature/global_average_pool.ts";
import { globalAveragePool as reference } from "../../../../kernels/reference/feature/global_average_pool.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("globalAveragePool() and its gradient match the twin at awkward sizes", async (device, t) => {
  for (const shape of [[1, 1, 1, 1], [3, 7, 5, 21], [2, 65, 63, 8], [1, 131, 127, 6], [2, 19, 5, 254]]) {
    await t.step(`[${shape}]`, async () => {
      const [batch, height, width, channels] = shape as [number, number, number, number];
      const x = uniform(1, batch * height * width * channels, -1, 3);
      const gradient = uniform(2, batch * channels);
      const expected = reference(x, batch, channels);
      const run = await runOp(
        device,
        { x: { shape, values: x, tracked: "input" } },
        (graph, { x }) => [globalAveragePool(graph, x)],
        gradient,
      );
      assertClose(run.outputs[0]!, expected.y);
      assertClose(run.gradients.x!, expected.gradient(gradient), { atol: 0 });
    });
  }
});

Deno.test("globalAveragePool() refuses what is no image", () => {
  const vector = makeTensor({ label: "bias", shape: [8] });
  assert.throws(() => globalAveragePool(new Graph(0), vector), /Cannot use bias \[8\] as an image/);
});
