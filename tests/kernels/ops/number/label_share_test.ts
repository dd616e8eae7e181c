import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { labelShare } from "../../../../kernels/ops/number/label_share.ts";
import { labelShare as reference } from "../../../../kernels/reference/number/label_share.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("labelShare() counts what is not 255", async (device, t) => {
  for (
    const [shape, ignored] of [[[1, 1, 1], 0], [[1, 1, 1], 1], [[2, 7, 5], 0.3], [[3, 65, 67], 0.97]] as const
  ) {
    await t.step(`[${shape}], ${ignored} ignored`, async () => {
      const labels = uniform(1, shape[0] * shape[1] * shape[2], 0, 1).map((x, i) =>
        x < ignored ? 255 : i % 21
      );
      const { outputs } = await runOp(
        device,
        { labels: { shape, values: labels, layout: "map", dtype: "u32" } },
        (graph, { labels }) => {
          const { share, inverse } = labelShare(graph, labels);
          assert.deepEqual([share.index, inverse.index], [0, 1]);
          assert.equal(share.tensor, inverse.tensor);
          return [share.tensor];
        },
      );
      assertClose([...outputs[0]!].slice(0, 2), reference(labels), { rtol: 2 ** -23, atol: 0 });
    });
  }
});

Deno.test("labelShare() refuses what is no map of labels", () => {
  const map = makeTensor({ label: "map", shape: [1, 5, 4], layout: "map" });
  assert.throws(() => labelShare(new Graph(0), map), /a u32 map \[1,5,4\] is needed/);
});
