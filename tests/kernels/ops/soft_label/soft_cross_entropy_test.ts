import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { sigmoidCrossEntropy } from "../../../../kernels/ops/soft_label/sigmoid_cross_entropy.ts";
import { softCrossEntropy } from "../../../../kernels/ops/soft_label/soft_cross_entropy.ts";
import { sigmoidCrossEntropy as sigmoidTwin } from "../../../../kernels/reference/soft_label/sigmoid_cross_entropy.ts";
import { softCrossEntropy as softTwin } from "../../../../kernels/reference/soft_label/soft_cross_entropy.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const shapes = [[1, 1, 1, 1], [2, 5, 7, 21], [1, 9, 13, 4], [3, 61, 59, 5]] as const;

/** Distributions of each pixel. */
function distributions(pixels: number, classes: number): Float64Array {
  const values = uniform(3, pixels * classes, 0, 1);
  return values.map((value, i) => {
    const first = Math.floor(i / classes) * classes;
    return value / values.subarray(first, first + classes).reduce((a, b) => a + b, 0);
  });
}

gpuTest("softCrossEntropy() and its gradient match the twin", async (device, t) => {
  for (const shape of shapes) {
    await t.step(`[${shape}]`, async () => {
      const [batch, height, width, classes] = shape, pixels = batch * height * width;
      const logits = uniform(1, pixels * classes, -8, 8), targets = distributions(pixels, classes);
      const counted = Array.from({ length: pixels }, (_, i) => Number(i % 4 !== 1));
      const weights = uniform(2, pixels, 0, 1).map((x, i) => counted[i]! * x);
      const map = { shape: [batch, height, width], layout: "map" } as const;
      const { outputs: [value, gradient] } = await runOp(
        device,
        {
          logits: { shape, values: logits, tracked: "input" },
          targets: { shape, values: targets },
          weights: { ...map, values: weights },
          counted: { ...map, values: counted, dtype: "u32" },
        },
        (graph, { logits, targets, ...maps }) => {
          const loss = softCrossEntropy(graph, logits, targets, { label: "soft", ...maps });
          return [loss.value, loss.backward(graph, 2)[0]![1]];
        },
      );
      const expected = softTwin(logits, targets, classes, { weights, counted });
      assertClose(value!, [expected.value], { what: "value" });
      assertClose(gradient!, expected.gradient.map((x) => 2 * x), { rtol: 1e-4, atol: 1e-6 / pixels });
    });
  }
});

gpuTest("over no pixel it is 0, and so is its gradient", async (device) => {
  const shape = [1, 1, 2, 3], map = { shape: [1, 1, 2], layout: "map", values: [0, 0] } as const;
  const { outputs: [value, gradient] } = await runOp(
    device,
    {
      logits: { shape, values: [1, 2, 3, 4, 5, 6], tracked: "input" },
      targets: { shape, values: [1, 0, 0, 0, 0, 1] },
      weights: map,
      counted: { ...map, dtype: "u32" },
    },
    (graph, { logits, targets, ...maps }) => {
      const loss = softCrossEntropy(graph, logits, targets, { label: "soft", ...maps });
      return [loss.value, loss.backward(graph, 1)[0]![1]];
    },
  );
  assert.ok([...value!, ...gradient!].every((x) => x === 0));
});

gpuTest("sigmoidCrossEntropy() and its gradient match the twin, far from 0 too", async (device, t) => {
  for (const shape of shapes) {
    await t.step(`[${shape}]`, async () => {
      const length = shape.reduce<number>((a, b) => a * b, 1);
      const scores = uniform(1, length, -4, 4).map((x, i) => i % 7 === 3 ? 40 * x : x);
      const targets = uniform(2, length, 0, 1).map((x, i) => i % 2 ? Math.round(x) : x);
      const { outputs: [value, gradient] } = await runOp(
        device,
        { scores: { shape, values: scores, tracked: "input" }, targets: { shape, values: targets } },
        (graph, { scores, targets }) => {
          const loss = sigmoidCrossEntropy(graph, scores, targets, { label: "tags" });
          return [loss.value, loss.backward(graph, 3)[0]![1]];
        },
      );
      const expected = sigmoidTwin(scores, targets);
      assertClose(value!, [expected.value], { what: "value" });
      assertClose(gradient!, expected.gradient.map((x) => 3 * x), { rtol: 1e-4, atol: 1e-6 / length });
    });
  }
});

Deno.test("shapes that do not suit are refused, and constants have no gradient", () => {
  const graph = new Graph(0);
  const image = (label: string, shape: readonly number[], dtype: "f32" | "f16" = "f32") =>
    makeTensor({ label, shape, dtype });
  const weights = makeTensor({ label: "w", shape: [1, 2, 2], layout: "map" });
  const counted = makeTensor({ label: "v", shape: [1, 2, 2], dtype: "u32", layout: "map" });
  const options = { label: "soft", weights, counted }, logits = image("z", [1, 2, 2, 3]);
  assert.throws(
    () => softCrossEntropy(graph, logits, image("q", [1, 2, 2, 4]), options),
    /Cannot take the cross-entropy of z \[1,2,2,3\] \(f32\) with q \[1,2,2,4\]: f32 tensors of one shape are needed/,
  );
  const half = image("z", [1, 2, 2, 3], "f16");
  assert.throws(
    () => softCrossEntropy(graph, half, image("q", [1, 2, 2, 3]), options),
    /z \[1,2,2,3\] \(f16\) with q/,
  );
  assert.throws(
    () => softCrossEntropy(graph, logits, image("q", [1, 2, 2, 3]), { ...options, weights: counted }),
    /Cannot take the cross-entropy of z \[1,2,2,3\] by v/,
  );
  assert.throws(
    () => sigmoidCrossEntropy(graph, logits, image("t", [1, 1, 1, 3]), { label: "tags" }),
    /Cannot take the sigmoid cross-entropy of z \[1,2,2,3\] with t \[1,1,1,3\]: the shapes must be equal/,
  );
  const loss = softCrossEntropy(graph, logits, image("q", [1, 2, 2, 3]), options);
  assert.deepEqual(loss.backward(graph, 1), []);
});
