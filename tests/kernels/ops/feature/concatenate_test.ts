import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { concatenate } from "../../../../kernels/ops/feature/concatenate.ts";
import { concatenate as reference } from "../../../../kernels/reference/feature/concatenate.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const cases: { extents: [number, number, number]; channels: [number, number, number] }[] = [
  { extents: [1, 1, 1], channels: [4, 8, 1] },
  { extents: [2, 7, 5], channels: [12, 4, 21] },
  { extents: [1, 31, 37], channels: [20, 8, 6] },
];

gpuTest("concatenate() and its gradients equal the twin at awkward sizes", async (device, t) => {
  for (const { extents, channels } of cases) {
    await t.step(`[${extents}], ${channels.join(" + ")} channels`, async () => {
      const pixels = extents.reduce((a, b) => a * b, 1);
      const parts = channels.map((count, i) => uniform(i, pixels * count));
      const gradient = uniform(9, pixels * channels.reduce((a, b) => a + b, 0));
      const given = (i: number) => ({ shape: [...extents, channels[i]!], values: parts[i]! });
      const run = await runOp(
        device,
        {
          a: { ...given(0), tracked: "input" as const },
          b: given(1),
          c: { ...given(2), tracked: "input" as const },
        },
        (graph, { a, b, c }) => [concatenate(graph, [a, b, c])],
        gradient,
      );
      const expected = reference(parts, channels);
      assert.deepEqual(run.outputs[0], expected.joined);
      const [a, , c] = expected.gradients(gradient);
      assert.deepEqual(run.gradients, { a, c });
      assert.equal(run.dispatches, 5, "three copies forward, and back only to the two tracked");
    });
  }
});

Deno.test("concatenate() gives back a single tensor, and refuses parts that do not fit", () => {
  const graph = new Graph(0);
  const image = (shape: number[]) => makeTensor({ label: "part", shape });
  const alone = image([1, 2, 3, 5]);
  assert.equal(concatenate(graph, [alone]), alone);
  const refuses = (parts: number[][], message: RegExp) =>
    assert.throws(
      () => concatenate(graph, parts.map(image)),
      (error) => error instanceof ShapeError && message.test(error.message),
    );
  refuses([], /one or more are needed/);
  refuses([[1, 2, 3, 4], [1, 2, 4, 4]], /\[1,2,4,4\].*\[1,2,3,4\]: batch, height and width must be equal/);
  refuses([[1, 2, 3, 5], [1, 2, 3, 4]], /\[1,2,3,5\].*multiple of 4; put it last/);
});
