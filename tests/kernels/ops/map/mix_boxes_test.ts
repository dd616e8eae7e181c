import { deepStrictEqual, throws } from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { mixImages, mixMaps } from "../../../../kernels/ops/map/mix_boxes.ts";
import { mixBoxes, pasteBoxes } from "../../../../kernels/reference/map/mix_boxes.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

// Empty; one pixel; touching two edges; the whole.
const table = [[0, 0, 0, 0], [3, 1, 4, 2], [2, 0, 7, 3], [0, 0, 7, 5], [1, 2, 6, 4]];

gpuTest("images, labels and weights mix by the same boxes as the twin's", async (device, t) => {
  for (const batch of [1, 2, 5]) {
    await t.step(`batch ${batch}`, async () => {
      // Partners in no order that a rule gives, one of them a sample's own.
      const boxes = table.slice(5 - batch).flatMap((box, i) => [...box, (2 * i + 1) % batch, 0, 0, 0]);
      const [height, width, channels] = [5, 7, 6];
      const images = uniform(1, batch * height * width * channels);
      const weights = uniform(2, batch * height * width), others = uniform(4, images.length);
      const labels = uniform(3, batch * height * width, 0, 255).map(Math.floor);
      const { outputs } = await runOp(
        device,
        {
          images: { shape: [batch, height, width, channels], values: images },
          others: { shape: [batch, height, width, channels], values: others },
          weights: { shape: [batch, height, width], values: weights, layout: "map" },
          labels: { shape: [batch, height, width], values: labels, layout: "map", dtype: "u32" },
          boxes: { shape: [1, batch, 8], values: boxes, layout: "map", dtype: "u32" },
        },
        (graph, { images, others, weights, labels, boxes }) => [
          mixImages(graph, images, boxes),
          mixMaps(graph, weights, boxes),
          mixMaps(graph, labels, boxes),
          mixImages(graph, images, boxes, others),
        ],
      );
      deepStrictEqual(outputs[0], mixBoxes(images, [batch, height, width, channels], boxes));
      deepStrictEqual(outputs[1], mixBoxes(weights, [batch, height, width, 1], boxes));
      deepStrictEqual(outputs[2], mixBoxes(labels, [batch, height, width, 1], boxes));
      deepStrictEqual(outputs[3], mixBoxes(images, [batch, height, width, channels], boxes, others));
    });
  }
});

gpuTest("of several boxes each toggles, as the twin's", async (device) => {
  const boxes = [
    [0, 0, 4, 3, 2, 1, 6, 5, 3, 2, 4, 3, 1, 0, 0, 0],
    [0, 0, 0, 0, 1, 1, 5, 4, 0, 0, 7, 5, 1, 0, 0, 0],
  ].flat();
  const shape = [2, 5, 7, 3] as const, images = uniform(1, 210), others = uniform(2, 210);
  const { outputs: [mixed] } = await runOp(
    device,
    {
      images: { shape, values: images },
      others: { shape, values: others },
      boxes: { shape: [1, 2, 16], values: boxes, layout: "map", dtype: "u32" },
    },
    (graph, { images, others, boxes }) => [mixImages(graph, images, boxes, others)],
  );
  deepStrictEqual(mixed, mixBoxes(images, shape, boxes, others));
  // Where the first two boxes overlap, it is one's own, but for the pixel of the third.
  const at = (x: number, y: number) => 3 * (7 * y + x);
  deepStrictEqual([mixed![at(2, 1)], mixed![at(3, 2)]], [images[at(2, 1)], others[105 + at(3, 2)]]);
});

gpuTest("boxes with partners of their own cover those before them, as the twin's", async (device) => {
  const boxes = [
    [0, 0, 4, 3, 2, 9, 9, 9, 1, 1, 6, 5, 1, 9, 9, 9],
    [0, 0, 7, 5, 0, 9, 9, 9, 3, 2, 4, 3, 1, 9, 9, 9],
    [2, 2, 2, 4, 0, 9, 9, 9, 6, 4, 7, 5, 2, 9, 9, 9],
  ].flat();
  const shape = [3, 5, 7, 6] as const, images = uniform(1, 630), others = uniform(2, 630);
  const labels = uniform(3, 105, 0, 255).map(Math.floor);
  const { outputs } = await runOp(
    device,
    {
      images: { shape, values: images },
      others: { shape, values: others },
      labels: { shape: shape.slice(0, 3), values: labels, layout: "map", dtype: "u32" },
      boxes: { shape: [1, 3, 2, 8], values: boxes, layout: "map", dtype: "u32" },
    },
    (graph, { images, others, labels, boxes }) => [
      mixImages(graph, images, boxes),
      mixImages(graph, images, boxes, others),
      mixMaps(graph, labels, boxes),
    ],
  );
  deepStrictEqual(outputs[0], pasteBoxes(images, shape, boxes));
  deepStrictEqual(outputs[1], pasteBoxes(images, shape, boxes, others));
  deepStrictEqual(outputs[2], pasteBoxes(labels, [3, 5, 7, 1], boxes));
  // Where both of the first sample's lie, the second's partner is seen.
  deepStrictEqual(outputs[2]![7 * 2 + 2], labels[35 + 7 * 2 + 2]);
});

Deno.test("what is tracked, or has another batch, is refused", () => {
  const boxes = makeTensor({ label: "boxes", shape: [1, 2, 8], dtype: "u32", layout: "map" });
  const logits = makeTensor({ label: "logits", shape: [2, 5, 5, 3], tracked: true });
  throws(
    () => mixImages(new Graph(0), logits, boxes),
    /Cannot mix logits \[2,5,5,3\]: a gradient would have to flow/,
  );
  const image = makeTensor({ label: "image", shape: [2, 5, 5, 3] });
  throws(() => mixImages(new Graph(0), image, boxes, logits), /Cannot mix logits \[2,5,5,3\]: a gradient/);
  const small = makeTensor({ label: "small", shape: [2, 5, 4, 3] });
  throws(
    () => mixImages(new Graph(0), image, boxes, small),
    /Cannot mix image \[2,5,5,3\] \(f32\) with small \[2,5,4,3\] \(f32\): they must be alike/,
  );
  const map = makeTensor({ label: "weights", shape: [3, 5, 5], layout: "map" });
  throws(
    () => mixMaps(new Graph(0), map, boxes),
    /Cannot mix by boxes \[1,2,8\].*a u32 map \[1,3,8\] is needed/,
  );
});
