import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { entropy } from "../../../../kernels/ops/label/entropy.ts";
import { entropy as reference } from "../../../../kernels/reference/label/entropy.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("entropy() is the twin's", async (device, t) => {
  for (const shape of [[1, 1, 1, 1], [1, 1, 1, 6], [2, 7, 5, 21], [1, 67, 13, 24], [3, 5, 11, 2]]) {
    await t.step(`[${shape}]`, async () => {
      // Negative logits would lose to the padding, did it take part.
      const values = uniform(1, shape.reduce((a, b) => a * b, 1), -9, -1);
      const { outputs } = await runOp(
        device,
        { logits: { shape, values } },
        (graph, { logits }) => [entropy(graph, logits), entropy(graph, logits, { scale: 0.5 })],
      );
      assertClose(outputs[0]!, reference(values, shape[3]!), { what: "as they are" });
      assertClose(outputs[1]!, reference(values, shape[3]!, 0.5), { what: "halved" });
    });
  }
});

gpuTest("entropy() is ln C where all classes are alike, and 0 where one is far ahead", async (device) => {
  const rows = [Array(7).fill(-80), Array(7).fill(3e4), [3e4, 0, 0, 0, 0, 0, -3e4], [
    5,
    5,
    -1e30,
    -1e30,
    -500,
    -2e3,
    -1e9,
  ]];
  const logits = { shape: [1, 1, rows.length, 7], values: rows.flat() };
  for (const scale of [1, 50]) {
    const { outputs } = await runOp(
      device,
      { logits },
      (graph, { logits }) => [entropy(graph, logits, { scale })],
    );
    assertClose(outputs[0]!, [Math.log(7), Math.log(7), 0, Math.log(2)], { atol: 1e-6 });
    assert.equal(outputs[0]![2], 0);
  }
});

Deno.test("entropy() lets no gradient through and wants an image", () => {
  const graph = new Graph(0);
  const logits = makeTensor({ label: "logits", shape: [1, 2, 2, 3], tracked: true });
  assert.equal(entropy(graph, logits).tracked, false);
  assert.throws(() => entropy(graph, makeTensor({ label: "vector", shape: [4] })), ShapeError);
});
