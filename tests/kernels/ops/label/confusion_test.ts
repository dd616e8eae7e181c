import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { allocate, asUint32, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { clear } from "../../../../kernels/ops/feature/clear.ts";
import { confusion } from "../../../../kernels/ops/label/confusion.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { confusion as reference } from "../../../../kernels/reference/label/confusion.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { gpuTest, uniform } from "../../../support/gpu.ts";

/** The matrix after `runs` runs over the same maps, from what it held at first. */
async function count(
  device: Device,
  shape: number[],
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  options: { classes: number; ignore?: number; held?: number; runs?: number; cleared?: boolean },
): Promise<number[]> {
  const { held = 0, runs = 1, cleared = false, ...rest } = options;
  const map = { dtype: "u32" as const, layout: "map" as const };
  const cells = rest.classes ** 2;
  const memory = allocate(device, "test", [
    { ...map, label: "predictions", shape },
    { ...map, label: "labels", shape },
    { ...map, label: "matrix", shape: [1, rest.classes, rest.classes] },
  ]);
  const [predicted, truth, matrix] = memory.tensors as [Tensor, Tensor, Tensor];
  upload(device, predicted, Uint32Array.from(predictions));
  upload(device, truth, Uint32Array.from(labels));
  upload(device, matrix, new Uint32Array(cells).fill(held));
  const graph = new Graph(0);
  if (cleared) clear(graph, matrix);
  confusion(graph, predicted, truth, matrix, rest);
  const program = compile(device, graph);
  for (let run = 0; run < runs; run++) program.run();
  const [read] = await readBack(device, [matrix]);
  program.free();
  memory.free();
  return [...asUint32(read!)].slice(0, cells);
}

const someLabels = (seed: number, pixels: number, classes: number) =>
  uniform(seed, pixels, 0, classes).map((x, i) => i % 5 === 4 ? 255 : Math.floor(x));

gpuTest("confusion() counts as the twin does", async (device, t) => {
  for (const [shape, classes] of [[[1, 1, 1], 1], [[2, 7, 5], 21], [[1, 131, 67], 3]] as const) {
    await t.step(`[${shape}], ${classes} classes`, async () => {
      const pixels = shape[0] * shape[1] * shape[2];
      // Predictions in blocks, as neighbors mostly agree, with some that are no class.
      const predictions = uniform(1, pixels, 0, classes).map((_, i, all) =>
        i % 11 === 10 ? classes : Math.floor(all[i - (i % 7)]!)
      );
      const labels = someLabels(2, pixels, classes);
      assert.deepEqual(
        await count(device, [...shape], predictions, labels, { classes }),
        reference(predictions, labels, classes),
      );
    });
  }
});

gpuTest("confusion() adds to what the matrix holds, beyond what f32 counts", async (device) => {
  const shape = [1, 3, 3], labels = [0, 1, 0, 1, 0, 1, 255, 1, 1], predictions = [0, 0, 0, 1, 1, 1, 1, 1, 0];
  const once = reference(predictions, labels, 2);
  assert.deepEqual(once, [2, 1, 2, 3]);
  const held = 2 ** 31 + 1;
  const options = { classes: 2, held, runs: 3 };
  assert.deepEqual(await count(device, shape, predictions, labels, options), once.map((n) => held + 3 * n));
});

gpuTest("confusion() ignores the label it is told to", async (device) => {
  const labels = [0, 1, 2, 0], predictions = [0, 1, 2, 2];
  const counted = await count(device, [1, 2, 2], predictions, labels, { classes: 3, ignore: 0 });
  assert.deepEqual(counted, [0, 0, 0, 0, 1, 0, 0, 0, 1]);
});

gpuTest("clear() sets a tensor to zero before it is added to", async (device) => {
  const labels = someLabels(3, 35, 6), predictions = someLabels(4, 35, 6);
  const options = { classes: 6, held: 77, runs: 2, cleared: true };
  assert.deepEqual(
    await count(device, [1, 5, 7], predictions, labels, options),
    reference(predictions, labels, 6),
  );
});

Deno.test("confusion() refuses a matrix of other classes, or without a home", () => {
  const map = (label: string, shape: number[]) => makeTensor({ label, shape, dtype: "u32", layout: "map" });
  const maps = [map("guess", [1, 4, 5]), map("truth", [1, 4, 5])] as const;
  assert.throws(
    () => confusion(new Graph(0), ...maps, map("matrix", [1, 3, 3]), { classes: 4 }),
    /Cannot count pairs of 4 classes by matrix \[1,3,3\] .* a u32 map \[1,4,4\] is needed/,
  );
  assert.throws(
    () => confusion(new Graph(0), ...maps, map("matrix", [1, 4, 4]), { classes: 4 }),
    /Cannot sum over runs in matrix: it has no home/,
  );
});
