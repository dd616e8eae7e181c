import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { classMask } from "../../../../kernels/ops/map/class_mask.ts";
import { classMask as reference } from "../../../../kernels/reference/map/class_mask.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("wanted classes are marked in wanted images, as by the twin", async (device) => {
  for (const [batch, height, width, classes] of [[1, 1, 1, 1], [3, 5, 7, 4], [2, 67, 71, 21]] as const) {
    // Some labels are no class, 255 among them.
    const labels = [...uniform(1, batch * height * width, 0, classes + 2)].map((x, i) =>
      i % 7 === 3 ? 255 : Math.floor(x)
    );
    const wanted = Array.from({ length: classes }, (_, k) => k % 3 === 2 ? 0 : 1);
    const images = Array.from({ length: batch }, (_, n) => n % 2 === 0 ? 1 : 0);
    const { outputs: [mask] } = await runOp(
      device,
      {
        labels: { shape: [batch, height, width], values: labels, dtype: "u32", layout: "map" },
        classes: { shape: [classes], values: wanted, layout: "map" },
        images: { shape: [batch], values: images, layout: "map" },
      },
      (graph, { labels, ...wanted }) => [classMask(graph, labels, wanted)],
    );
    assert.deepEqual([...mask!], reference(labels, wanted, images));
  }
});

Deno.test("images that are not the labels' are refused", () => {
  const labels = makeTensor({ label: "labels", shape: [2, 3, 3], dtype: "u32", layout: "map" });
  const classes = makeTensor({ label: "classes", shape: [4], layout: "map" });
  assert.throws(
    () => classMask(new Graph(0), labels, { classes, images: classes }),
    /Cannot look for classes in labels by classes \[4\] \(f32, layout "map"\): a f32 map \[2\] is needed/,
  );
});
