import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { add } from "../../../../kernels/ops/feature/add.ts";
import { joinBatches, splitBatch } from "../../../../kernels/ops/feature/batches.ts";
import {
  joinBatches as joinTwin,
  splitBatch as splitTwin,
} from "../../../../kernels/reference/feature/batches.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const cases = [[1, 1, 1], [7, 5, 21], [31, 37, 6]];

gpuTest("joinBatches() and its gradients equal the twin at awkward sizes", async (device, t) => {
  for (const image of cases) {
    await t.step(`2 + 1 + 3 images of [${image}]`, async () => {
      const size = image.reduce((a, b) => a * b, 1);
      const parts = [2, 1, 3].map((count, i) => uniform(i, count * size));
      const gradient = uniform(9, 6 * size);
      const run = await runOp(
        device,
        {
          a: { shape: [2, ...image], values: parts[0]!, tracked: "input" },
          b: { shape: [1, ...image], values: parts[1]! },
          c: { shape: [3, ...image], values: parts[2]!, tracked: "input" },
        },
        (graph, { a, b, c }) => [joinBatches(graph, [a, b, c])],
        gradient,
      );
      const twin = joinTwin(parts);
      assert.deepEqual(run.outputs[0], twin.joined);
      const [a, , c] = twin.gradients(gradient);
      assert.deepEqual(run.gradients, { a, c });
    });
  }
});

gpuTest("splitBatch() and its gradients equal the twin, whichever parts are used", async (device, t) => {
  for (const image of cases) {
    for (const unused of [undefined, 0, 2]) {
      await t.step(
        `3 parts of [6,${image}], ${unused === undefined ? "all" : `all but ${unused}`} used`,
        async () => {
          const size = image.reduce((a, b) => a * b, 1);
          const x = uniform(1, 6 * size), gradient = uniform(2, 2 * size);
          const run = await runOp(
            device,
            { x: { shape: [6, ...image], values: x, tracked: "input" } },
            (graph, { x }) => {
              const parts = splitBatch(graph, x, 3);
              const used = parts.filter((_, i) => i !== unused);
              return [used.reduce((sum, part) => add(graph, sum, part)), ...parts];
            },
            gradient,
          );
          const twin = splitTwin(x, 3);
          assert.deepEqual(run.outputs.slice(1), twin.parts);
          const back = twin.parts.map((_, i) => i === unused ? undefined : gradient);
          assert.deepEqual(run.gradients.x, twin.gradient(back));
        },
      );
    }
  }
});

Deno.test("batches come back as they are where there is one, and are refused where they do not fit", () => {
  const graph = new Graph(0);
  const image = (shape: number[]) => makeTensor({ label: "part", shape });
  const alone = image([2, 2, 3, 5]);
  assert.equal(joinBatches(graph, [alone]), alone);
  assert.deepEqual(splitBatch(graph, alone, 1), [alone]);
  const refuses = (body: () => void, message: RegExp) =>
    assert.throws(body, (error) => error instanceof ShapeError && message.test(error.message));
  refuses(() => joinBatches(graph, []), /one or more are needed/);
  refuses(
    () => joinBatches(graph, [alone, image([2, 2, 4, 5])]),
    /\[2,2,4,5\].*\[2,2,3,5\]: height, width and channels/,
  );
  refuses(() => splitBatch(graph, alone, 3), /\[2,2,3,5\] into 3 parts: the batch must be a multiple/);
});
