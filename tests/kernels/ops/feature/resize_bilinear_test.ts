import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { resizeBilinear } from "../../../../kernels/ops/feature/resize_bilinear.ts";
import { resizeBilinear as reference } from "../../../../kernels/reference/feature/resize_bilinear.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const cases: { shape: [number, number, number, number]; to: [number, number] }[] = [
  { shape: [2, 9, 7, 21], to: [33, 25] },
  { shape: [1, 5, 4, 6], to: [23, 37] },
  { shape: [2, 33, 31, 5], to: [9, 7] },
  { shape: [1, 33, 31, 4], to: [2, 3] },
  { shape: [1, 13, 17, 3], to: [1, 1] },
  { shape: [1, 6, 5, 8], to: [1, 11] },
  { shape: [3, 1, 1, 9], to: [17, 15] },
  { shape: [1, 1, 1, 2], to: [301, 307] },
  { shape: [1, 1, 5, 7], to: [13, 9] },
  { shape: [1, 2, 2, 4], to: [259, 257] },
  { shape: [1, 7, 5, 4], to: [7, 9] },
  { shape: [1, 7, 5, 4], to: [3, 5] },
  { shape: [2, 20011, 2, 1], to: [20011, 3] },
];

gpuTest(
  "resizeBilinear() and its gradient match the twin up, down, and from or to one pixel",
  async (device, t) => {
    for (const { shape, to } of cases) {
      await t.step(`[${shape}] to ${to[0]} × ${to[1]}`, async () => {
        const x = uniform(1, shape.reduce((a, b) => a * b, 1));
        const gradient = uniform(2, shape[0] * to[0] * to[1] * shape[3]);
        const expected = reference(x, shape, ...to);
        const run = await runOp(
          device,
          { x: { shape, values: x, tracked: "input" } },
          (graph, { x }) => [resizeBilinear(graph, x, ...to)],
          gradient,
        );
        assertClose(run.outputs[0]!, expected.y, { rtol: 1e-6, atol: 1e-6, what: "y" });
        const summed = Math.max(1, to[0] * to[1] / shape[1] / shape[2]);
        assertClose(run.gradients.x!, expected.gradient(gradient), {
          rtol: 1e-5,
          atol: 1e-6 * Math.sqrt(summed),
          what: "dx",
        });
      });
    }
  },
);

gpuTest("resizeBilinear() puts pixels that coincide exactly where they were", async (device) => {
  // 513 outputs of 65 inputs, 8 to each: a position in f32 arithmetic would miss some by a rounding.
  const shape = [1, 65, 65, 1];
  const x = uniform(3, 65 * 65);
  const run = await runOp(
    device,
    { x: { shape, values: x } },
    (graph, { x }) => [resizeBilinear(graph, x, 513, 513)],
  );
  const coinciding = x.map((_, i) => run.outputs[0]![8 * Math.floor(i / 65) * 513 + 8 * (i % 65)]!);
  assert.deepEqual(coinciding, x);
});

Deno.test("resizeBilinear() gives back x where the size stays, and refuses extents that cannot be", () => {
  const graph = new Graph(0);
  const x = makeTensor({ label: "x", shape: [1, 4, 5, 8], tracked: true });
  assert.equal(resizeBilinear(graph, x, 4, 5), x);
  assert.equal(graph.dispatches.length, 0);
  assert.throws(
    () => resizeBilinear(graph, x, 0, 5),
    (error) =>
      error instanceof ShapeError && /to 0 × 5: extents must be integers in \[1, 32768\]/.test(error.message),
  );
});
