import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { classMeans } from "../../../../kernels/ops/class/class_means.ts";
import { labelProbabilities } from "../../../../kernels/ops/label/ohem.ts";
import { classMeans as reference } from "../../../../kernels/reference/class/class_means.ts";
import { ohemLabels } from "../../../../kernels/reference/label/ohem.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("means and pixels of classes are the twin's, those of absent ones 0", async (device) => {
  // 13,000 pixels are more than a chunk; 255 classes more than a workgroup.
  for (
    const [shape, classes] of [[[1, 1, 1], 1], [[2, 5, 7], 21], [[2, 100, 65], 6], [[1, 9, 9], 255]] as const
  ) {
    const pixels = shape[0] * shape[1] * shape[2];
    const labels = [...uniform(1, pixels, 0, classes)].map((x, i) => {
      const label = Math.floor(x);
      return i % 5 === 3 ? 255 : label === 2 ? 1 : label;
    });
    const values = uniform(2, pixels);
    const { outputs: [means, counts] } = await runOp(
      device,
      {
        values: { shape, values, layout: "map" },
        labels: { shape, values: labels, dtype: "u32", layout: "map" },
      },
      (graph, { values, labels }) => {
        const { means, pixels } = classMeans(graph, values, labels, classes);
        return [means, pixels];
      },
    );
    const expected = reference(values, labels, classes);
    assertClose(means!, expected.means, { rtol: 1e-6, atol: 0 });
    assert.deepEqual([...counts!], expected.pixels);
  }
});

gpuTest(
  "the probability of a pixel's own label is what mining looks at, 2 where there is none",
  async (device) => {
    const shape = [2, 7, 5, 6], logits = uniform(1, 420, -4, 4);
    const labels = [...uniform(2, 70, 0, 6)].map((x, i) => i % 6 === 5 ? 255 : Math.floor(x));
    const { outputs: [probabilities] } = await runOp(
      device,
      {
        logits: { shape, values: logits },
        labels: { shape: [2, 7, 5], values: labels, dtype: "u32", layout: "map" },
      },
      (graph, { logits, labels }) => [labelProbabilities(graph, logits, labels)],
    );
    const { probabilities: expected } = ohemLabels(logits, labels, 6, { threshold: 1, minKept: 1 });
    assertClose(probabilities!, expected.map((p, i) => labels[i] === 255 ? 2 : p));
  },
);

Deno.test("no class, and values of other pixels, are refused", () => {
  const labels = makeTensor({ label: "labels", shape: [1, 2, 3], dtype: "u32", layout: "map" });
  const values = (shape: number[]) => makeTensor({ label: "values", shape, layout: "map" });
  assert.throws(
    () => classMeans(new Graph(0), values([1, 2, 3]), labels, 0),
    /Cannot take the means of 0 classes of labels: a count from 1 is needed/,
  );
  assert.throws(() => classMeans(new Graph(0), values([1, 3, 2]), labels, 2), /values \[1,3,2\]/);
});
