import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { activationMaps } from "../../../../kernels/ops/attention/activation_maps.ts";
import { backgroundFirst } from "../../../../kernels/ops/attention/background_first.ts";
import { labelTags, scoreTags } from "../../../../kernels/ops/attention/image_tags.ts";
import { activationMaps as mapsTwin } from "../../../../kernels/reference/attention/activation_maps.ts";
import { backgroundFirst as backgroundTwin } from "../../../../kernels/reference/attention/background_first.ts";
import {
  labelTags as labelTwin,
  scoreTags as scoreTwin,
} from "../../../../kernels/reference/attention/image_tags.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

/** [N, h, w, C]; one has more positions than lanes, one padded channels. */
const images = [[1, 1, 1, 1], [2, 3, 5, 7], [3, 9, 11, 20], [1, 13, 6, 8]] as const;

gpuTest("activationMaps() matches the twin; scores around its floor too", async (device, t) => {
  for (const shape of images) {
    for (const size of [1, 1e-3]) {
      await t.step(`[${shape}], scores up to ${size}`, async () => {
        const [batch, height, width, classes] = shape, pixels = height * width;
        const scores = uniform(1, batch * pixels * classes, -size, size);
        const tags = Array.from({ length: batch * classes }, (_, i) => Number(i % 3 !== 1));
        const { outputs: [maps] } = await runOp(
          device,
          { scores: { shape, values: scores }, tags: { shape: [batch, 1, 1, classes], values: tags } },
          (graph, { scores, tags }) => [activationMaps(graph, scores, tags)],
        );
        const expected = mapsTwin(scores, tags, pixels, classes);
        assertClose(maps!, expected, { rtol: 1e-5, atol: 1e-7 });
        // Each map that is not empty reaches 1, unless its largest score lies below the floor.
        if (size === 1 && pixels > 50) assert.ok(expected.includes(1));
      });
    }
  }
});

gpuTest("backgroundFirst() matches the twin, forward and backward", async (device, t) => {
  for (const shape of images) {
    await t.step(`[${shape}]`, async () => {
      const [batch, height, width, classes] = shape, pixels = batch * height * width;
      const maps = uniform(1, pixels * classes, 0, 2), dy = uniform(2, pixels * (1 + classes), -1, 1);
      const { outputs: [all], gradients } = await runOp(
        device,
        { maps: { shape, values: maps, tracked: "input" } },
        (graph, { maps }) => [backgroundFirst(graph, maps)],
        dy,
      );
      const { y, gradient } = backgroundTwin(maps, classes);
      assertClose(all!, y, { atol: 1e-6 });
      assertClose(gradients.maps!, gradient(dy), { atol: 1e-6 });
    });
  }
});

gpuTest("of equal maps the first has the background's gradient", async (device) => {
  const { outputs: [all], gradients } = await runOp(
    device,
    { maps: { shape: [1, 1, 1, 3], values: [0.5, 2, 2], tracked: "input" } },
    (graph, { maps }) => [backgroundFirst(graph, maps)],
    [10, 1, 2, 3],
  );
  assert.deepEqual([...all!], [0, 0.5, 2, 2]);
  assert.deepEqual([...gradients.maps!], [1, 2 - 10, 3]);
});

gpuTest("labelTags() and scoreTags() match the twins", async (device, t) => {
  for (const [batch, height, width, classes] of [[1, 1, 1, 2], [3, 17, 19, 21], [2, 5, 4, 19]] as const) {
    await t.step(`[${batch}, ${height}, ${width}], ${classes} classes`, async () => {
      const length = batch * height * width;
      // Every image lacks some classes; 255 and what is no class tag nothing.
      const labels = uniform(1, length, 0, classes + 2).map((x, i) =>
        i % 5 === 0 ? 255 : Math.floor(x) % (3 + Math.floor(i * batch / length) * 7)
      );
      const scores = uniform(2, batch * (classes - 1), -1, 1).map((x, i) => i === 0 ? 0 : x);
      const { outputs: [ofLabels, ofScores] } = await runOp(
        device,
        {
          labels: { shape: [batch, height, width], values: labels, dtype: "u32", layout: "map" },
          scores: { shape: [batch, 1, 1, classes - 1], values: scores },
        },
        (graph, { labels, scores }) => [labelTags(graph, labels, classes), scoreTags(graph, scores)],
      );
      assert.deepEqual(ofLabels, labelTwin(labels, height * width, classes));
      assert.deepEqual(ofScores, scoreTwin(scores));
      assert.equal(ofScores![0], 1);
    });
  }
});

Deno.test("what does not suit is refused", () => {
  const graph = new Graph(0);
  const image = (label: string, shape: readonly number[], dtype: "f32" | "f16" = "f32") =>
    makeTensor({ label, shape, dtype });
  assert.throws(
    () => activationMaps(graph, image("s", [2, 3, 3, 5]), image("t", [2, 1, 1, 4])),
    /Cannot map the activations of s \[2,3,3,5\] by t \[2,1,1,4\]: tags \[2,1,1,5\] are needed/,
  );
  assert.throws(
    () => backgroundFirst(graph, image("m", [1, 2, 2, 3], "f16")),
    /Cannot put a background before m: it is stored in f16, and f32 is needed/,
  );
  const labels = makeTensor({ label: "y", shape: [1, 2, 2], dtype: "u32", layout: "map" });
  assert.throws(
    () => labelTags(graph, labels, 1),
    /Cannot tag images by y with 1 classes: two or more are needed/,
  );
  assert.throws(() => labelTags(graph, image("x", [1, 2, 2]), 3), /Cannot tag images by x/);
});
