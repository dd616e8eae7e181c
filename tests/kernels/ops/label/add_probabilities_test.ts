import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { addProbabilities } from "../../../../kernels/ops/label/add_probabilities.ts";
import { clear } from "../../../../kernels/ops/feature/clear.ts";
import { addProbabilities as reference } from "../../../../kernels/reference/label/add_probabilities.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const count = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

gpuTest("addProbabilities() sums the twin's windows, whole, cut off and outside", async (device, t) => {
  const windows = [
    // [N, h, w] at (x, y), of totals [N, 7, 11].
    { size: [1, 7, 11], x: 0, y: 0 },
    { size: [1, 3, 4], x: 7, y: 4, scale: 0.5 },
    { size: [1, 1, 1], x: 10, y: 6 },
    { size: [1, 5, 90], x: -40, y: -2 },
    { size: [1, 20, 3], x: 9, y: -6, scale: 0.5 },
    { size: [1, 3, 4], x: 11, y: 0 },
    { size: [1, 3, 4], x: 0, y: -3 },
  ];
  for (const [batch, classes] of [[1, 1], [2, 7], [1, 19], [3, 24]] as const) {
    await t.step(`batch ${batch}, ${classes} classes`, async () => {
      const given = windows.map(({ size: [, height, width] }, i) => {
        const shape = [batch, height!, width!, classes];
        // Beyond exp's range, were the largest not subtracted.
        return { shape, values: uniform(i, count(shape), -120, 120) };
      });
      const placeOf = ({ x, y, scale = 1 }: typeof windows[number]) => ({ x, y, scale });
      const shape = [batch, 7, 11, classes];
      const totals = { shape, values: new Float64Array(count(shape)) };
      given.forEach((logits, i) => reference(logits, totals, placeOf(windows[i]!)));
      const inputs = Object.fromEntries(given.map((logits, i) => [`window ${i}`, logits]));
      const { outputs } = await runOp(device, inputs, (graph, tensors) => {
        const sums = graph.tensor({ label: "totals", shape });
        clear(graph, sums);
        given.forEach((_, i) => addProbabilities(graph, tensors[`window ${i}`]!, sums, placeOf(windows[i]!)));
        return [sums];
      });
      assertClose(outputs[0]!, totals.values, { atol: 2e-5, rtol: 1e-5 });
      // The sums of a pixel are the number of windows over it.
      const corner = outputs[0]!.slice(0, classes).reduce((a, b) => a + b, 0);
      assert.ok(Math.abs(corner - 2) < 1e-4, `${corner}`);
    });
  }
});

Deno.test("addProbabilities() wants one batch and one class count, and launches nothing outside", () => {
  const graph = new Graph(0);
  const image = (shape: readonly number[]) => makeTensor({ label: `[${shape}]`, shape });
  for (const wrong of [[2, 4, 4, 3], [1, 4, 4, 4], [4, 4, 3]]) {
    assert.throws(
      () => addProbabilities(graph, image([1, 2, 2, 3]), image(wrong), { x: 0, y: 0 }),
      ShapeError,
    );
  }
  addProbabilities(graph, image([1, 2, 2, 3]), image([1, 4, 4, 3]), { x: 4, y: 0 });
  assert.equal(graph.dispatches.length, 0);
});
