import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { maxPool } from "../../../../kernels/ops/feature/max_pool.ts";
import { maxPool as reference } from "../../../../kernels/reference/feature/max_pool.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const stem = { size: 3, stride: 2, padding: 1 };
const cases = [
  { shape: [1, 1, 1, 1], window: stem },
  { shape: [2, 7, 5, 21], window: stem },
  { shape: [1, 32, 31, 6], window: stem },
  { shape: [2, 2, 17, 8], window: stem },
  { shape: [1, 9, 8, 5], window: { size: 2, stride: 2, padding: 0 } },
  { shape: [1, 9, 11, 4], window: { size: 3, stride: 1, padding: 1 } },
  { shape: [1, 13, 11, 4], window: { size: 5, stride: 3, padding: 2 } },
  { shape: [1, 10, 12, 4], window: { size: 3, stride: 3, padding: 0 } },
  { shape: [2, 11, 9, 4], window: { size: 4, stride: 3, padding: 2 } },
] as const;

gpuTest("maxPool() and its gradient match the twin at awkward sizes", async (device, t) => {
  for (const { shape, window } of cases) {
    await t.step(`[${shape}] by ${Object.values(window)}`, async () => {
      // Few distinct values, so that ties abound.
      const x = uniform(1, shape.reduce<number>((a, b) => a * b, 1), -4, 4).map(Math.round);
      const expected = reference(x, shape, window);
      const gradient = uniform(2, expected.y.length);
      const run = await runOp(
        device,
        { x: { shape, values: x, tracked: "input" } },
        (graph, { x }) => [maxPool(graph, x, window)],
        gradient,
      );
      assert.deepEqual(run.outputs[0], expected.y);
      assertClose(run.gradients.x!, expected.gradient(gradient));
    });
  }
});

gpuTest("maxPool() without gradients keeps no winners", async (device) => {
  const shape = [1, 8, 8, 4] as const;
  const x = uniform(1, 256);
  const run = await runOp(device, { x: { shape, values: x } }, (graph, { x }) => [maxPool(graph, x, stem)]);
  assert.deepEqual(run.outputs[0], reference(x, shape, stem).y);
  const graph = new Graph(0);
  maxPool(graph, makeTensor({ label: "x", shape }), stem);
  assert.equal(graph.dispatches[0]!.writes.length, 1);
});

Deno.test("maxPool() refuses a window that cannot be", () => {
  const graph = new Graph(0);
  const x = makeTensor({ label: "x", shape: [1, 2, 9, 4] });
  assert.throws(
    () => maxPool(graph, x, { size: 3, stride: 2, padding: 0 }),
    (error) =>
      error instanceof ShapeError && /3 × 3: with padding 0 the image is smaller/.test(error.message),
  );
  assert.throws(() => maxPool(graph, x, { size: 2, stride: 2, padding: 2 }), /at most half the side/);
  assert.throws(() => maxPool(graph, x, { size: 2, stride: 3, padding: 1 }), /stride in \[1, side\]/);
});
