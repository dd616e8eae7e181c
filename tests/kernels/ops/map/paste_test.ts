import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { paste } from "../../../../kernels/ops/map/paste.ts";
import { paste as reference } from "../../../../kernels/reference/map/paste.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("images, labels and weights are pasted by one mask, as by the twin", async (device) => {
  for (const shape of [[1, 1, 1], [2, 5, 7], [1, 67, 71]] as const) {
    const pixels = shape[0] * shape[1] * shape[2], channels = 6;
    const mask = [...uniform(1, pixels)].map((x) => x < 0.4 ? 1 : 0);
    const values = (seed: number, count: number) => uniform(seed, count, 0, 255);
    const labels = [2, 3].map((seed) => [...values(seed, pixels)].map(Math.floor));
    const weights = [4, 5].map((seed) => values(seed, pixels));
    const images = [6, 7].map((seed) => values(seed, pixels * channels));
    const map = { shape, layout: "map" } as const, image = { shape: [...shape, channels] };
    const { outputs } = await runOp(
      device,
      {
        mask: { ...map, values: mask, dtype: "u32" },
        labels: { ...map, values: labels[0]!, dtype: "u32" },
        otherLabels: { ...map, values: labels[1]!, dtype: "u32" },
        weights: { ...map, values: weights[0]! },
        otherWeights: { ...map, values: weights[1]! },
        images: { ...image, values: images[0]! },
        otherImages: { ...image, values: images[1]! },
      },
      (graph, given) => [
        paste(graph, given.labels, given.otherLabels, given.mask),
        paste(graph, given.weights, given.otherWeights, given.mask),
        paste(graph, given.images, given.otherImages, given.mask),
      ],
    );
    [labels, weights, images].forEach(([own, inner], i) => {
      assert.deepEqual([...outputs[i]!], reference(own!, inner!, mask));
    });
  }
});

Deno.test("what is tracked, or not alike, is refused", () => {
  const mask = makeTensor({ label: "mask", shape: [2, 5, 5], dtype: "u32", layout: "map" });
  const image = makeTensor({ label: "image", shape: [2, 5, 5, 3] });
  const logits = makeTensor({ label: "logits", shape: [2, 5, 5, 3], tracked: true });
  const graph = new Graph(0);
  assert.throws(() => paste(graph, logits, image, mask), /Cannot paste logits \[2,5,5,3\]: a gradient would/);
  assert.throws(() => paste(graph, image, logits, mask), /Cannot paste logits \[2,5,5,3\]: a gradient would/);
  assert.throws(
    () => paste(graph, image, makeTensor({ label: "small", shape: [2, 5, 4, 3] }), mask),
    /Cannot paste small \[2,5,4,3\] \(f32\) into image \[2,5,5,3\] \(f32\): they must be alike/,
  );
  const short = makeTensor({ label: "short", shape: [1, 5, 5], dtype: "u32", layout: "map" });
  assert.throws(() => paste(graph, image, image, short), /Cannot paste into image by short \[1,5,5\]/);
});
