import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { noteClasses } from "../../../../kernels/ops/class/class_index.ts";
import { noteClasses as reference } from "../../../../kernels/reference/class/class_index.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("which images hold a class is noted as by the twin, the last time counts", async (device) => {
  for (
    const [shape, classes, share] of [[[1, 1, 1], 1, 0], [[4, 5, 7], 6, 0.15], [
      [3, 66, 65],
      70,
      0.01,
    ]] as const
  ) {
    const pixels = shape[1] * shape[2];
    // In stripes, so that rows have runs; some are of no class.
    const labels = [...uniform(1, Math.ceil(shape[0] * pixels / 3), 0, classes + 1)].flatMap((x) => {
      const label = Math.floor(x) === classes ? 255 : Math.floor(x);
      return [label, label, label];
    }).slice(0, shape[0] * pixels);
    const images = Array.from({ length: shape[0] }, (_, n) => (2 * n + 1) % 3), total = 5;
    const index = [...uniform(2, classes * total)].map((x) => x < 0.5 ? 1 : 0);
    const { outputs: [noted] } = await runOp(
      device,
      {
        index: { shape: [classes, total], values: index, layout: "map" },
        labels: { shape, values: labels, dtype: "u32", layout: "map" },
        images: { shape: [shape[0]], values: images, layout: "map" },
      },
      (graph, { index, labels, images }) => {
        noteClasses(graph, index, { labels: [labels], images }, share);
        return [index];
      },
    );
    assert.deepEqual([...noted!], reference(index, labels, images, { classes, share }));
  }
});

gpuTest(
  "lists of images take turns, as one list of which they are the odd and the even ones",
  async (device) => {
    const [images, pixels, classes, total] = [3, 20, 4, 3];
    const labels = [5, 6].map((seed) => [...uniform(seed, images * pixels, 0, classes)].map(Math.floor));
    const places = [0, 1, 1, 0, 2, 1], index = new Array(classes * total).fill(0), share = 0.3;
    const { outputs: [noted] } = await runOp(
      device,
      {
        index: { shape: [classes, total], values: index, layout: "map" },
        one: { shape: [images, 4, 5], values: labels[0]!, dtype: "u32", layout: "map" },
        two: { shape: [images, 4, 5], values: labels[1]!, dtype: "u32", layout: "map" },
        images: { shape: [2 * images], values: places, layout: "map" },
      },
      (graph, { index, one, two, images }) => {
        noteClasses(graph, index, { labels: [one, two], images }, share);
        return [index];
      },
    );
    const image = (of: number[], n: number) => of.slice(n * pixels, (n + 1) * pixels);
    const turns = Array.from({ length: images }, (_, n) => [...image(labels[0]!, n), ...image(labels[1]!, n)])
      .flat();
    assert.deepEqual([...noted!], reference(index, turns, places, { classes, share }));
  },
);

gpuTest(
  "as many pixels as the share are enough, and one pixel is needed whatever the share",
  async (device) => {
    const noted = async (share: number) => {
      const { outputs: [index] } = await runOp(
        device,
        {
          index: { shape: [3, 1], values: [0, 0, 1], layout: "map" },
          labels: { shape: [1, 2, 5], values: [0, 0, 0, 1, 1, 1, 1, 1, 1, 1], dtype: "u32", layout: "map" },
          images: { shape: [1], values: [0], layout: "map" },
        },
        (graph, { index, labels, images }) => {
          noteClasses(graph, index, { labels: [labels], images }, share);
          return [index];
        },
      );
      return [...index!];
    };
    assert.deepEqual(await noted(0.3), [1, 1, 0]);
    assert.deepEqual(await noted(0.31), [0, 1, 0]);
    assert.deepEqual(await noted(0), [1, 1, 0]);
  },
);

Deno.test("an index without a home, or a share that is none, is refused", () => {
  const labels = makeTensor({ label: "labels", shape: [1, 2, 2], dtype: "u32", layout: "map" });
  const images = makeTensor({ label: "images", shape: [1], layout: "map" });
  const index = { label: "index", shape: [3, 4], layout: "map" } as const, graph = new Graph(0);
  assert.throws(
    () => noteClasses(graph, makeTensor(index), { labels: [labels], images }, 0.1),
    /index: it has no home/,
  );
  const homed = makeTensor({ ...index, home: { buffer: {} as GPUBuffer, offset: 0 } });
  assert.throws(
    () => noteClasses(graph, homed, { labels: [labels], images }, -0.1),
    /from a share of -0.1 on/,
  );
});
