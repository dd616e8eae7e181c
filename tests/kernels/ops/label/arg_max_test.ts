import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { argMax } from "../../../../kernels/ops/label/arg_max.ts";
import { argMax as reference } from "../../../../kernels/reference/label/arg_max.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("argMax() gives the twin's labels and confidences", async (device, t) => {
  for (const shape of [[1, 1, 1, 1], [1, 1, 1, 6], [2, 7, 5, 21], [1, 67, 13, 24], [3, 5, 11, 2]]) {
    await t.step(`[${shape}]`, async () => {
      const length = shape.reduce((a, b) => a * b, 1);
      // Negative logits would lose to the padding, did it take part.
      const values = uniform(1, length, -9, -1);
      const { outputs } = await runOp(device, { logits: { shape, values } }, (graph, { logits }) => {
        const byLogit = argMax(graph, logits, { confidence: "logit" });
        const byProbability = argMax(graph, logits, { confidence: "probability" });
        return [byLogit.labels, byLogit.confidence, byProbability.labels, byProbability.confidence];
      });
      const expected = reference(values, shape[3]!);
      assert.deepEqual([...outputs[0]!], expected.labels);
      assert.deepEqual([...outputs[1]!], expected.logits);
      assert.deepEqual([...outputs[2]!], expected.labels);
      assertClose(outputs[3]!, expected.probabilities);
    });
  }
});

gpuTest("argMax() scales the logits first: half of a sum of two is their mean", async (device) => {
  const shape = [1, 5, 7, 11];
  const values = uniform(3, 5 * 7 * 11, -4, 4);
  const { outputs } = await runOp(device, { logits: { shape, values } }, (graph, { logits }) => {
    const { labels, confidence } = argMax(graph, logits, { confidence: "probability", scale: 0.5 });
    return [labels, confidence];
  });
  const expected = reference(values, 11, 0.5);
  assert.deepEqual([...outputs[0]!], expected.labels);
  assertClose(outputs[1]!, expected.probabilities);
});

gpuTest("argMax() takes the first of equal logits", async (device) => {
  const classes = 9, shape = [1, classes, classes, classes];
  // Pixel (i, j) has its maximum at the classes i and j.
  const values: number[] = [];
  for (let i = 0; i < classes; i++) {
    for (let j = 0; j < classes; j++) {
      for (let c = 0; c < classes; c++) values.push(c === i || c === j ? 3 : -2);
    }
  }
  const { outputs } = await runOp(device, { logits: { shape, values } }, (graph, { logits }) => {
    return [argMax(graph, logits, { confidence: "logit" }).labels];
  });
  assert.deepEqual([...outputs[0]!], reference(values, classes).labels);
  assert.equal(outputs[0]![5 * classes + 2], 2);
});

Deno.test("argMax() lets no gradient through and wants an image", () => {
  const graph = new Graph(0);
  const logits = makeTensor({ label: "logits", shape: [1, 2, 2, 3], tracked: true });
  const { labels, confidence } = argMax(graph, logits, { confidence: "logit" });
  assert.equal(labels.tracked || confidence.tracked, false);
  assert.throws(
    () => argMax(graph, makeTensor({ label: "vector", shape: [4] }), { confidence: "logit" }),
    ShapeError,
  );
});
