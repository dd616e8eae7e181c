import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { memberMeans } from "../../../../kernels/ops/contrast/member_means.ts";
import { positions } from "../../../../kernels/ops/contrast/positions.ts";
import { memberMeans as reference } from "../../../../kernels/reference/contrast/member_means.ts";
import { positions as places } from "../../../../kernels/reference/contrast/positions.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("memberMeans() is the mean of each class's pixels in both batches, 0 of none", async (device, t) => {
  const shapes = [[1, 1, 1, 3, 2], [2, 7, 5, 8, 5], [1, 37, 31, 260, 3]] as const;
  for (const [batch, height, width, channels, classes] of shapes) {
    await t.step(`2 · [${batch},${height},${width},${channels}], ${classes} classes`, async () => {
      const shape = [batch, height, width, channels], split = batch * height * width, columns = 2 * split;
      const x = uniform(1, split * channels, -1, 2), u = uniform(2, split * channels, -1, 2);
      // The first class has no pixels, the last one all.
      const flags = uniform(3, classes * columns, 0, 2).map((value, i) =>
        i < columns ? 0 : i >= (classes - 1) * columns ? 1 : Math.floor(value)
      );
      const { outputs } = await runOp(
        device,
        {
          x: { shape, values: x },
          u: { shape, values: u },
          flags: { shape: [1, classes, columns], values: flags, layout: "map", dtype: "u32" },
        },
        (graph, { x, u, flags }) => [memberMeans(graph, { x, u }, positions(graph, flags, 1))],
      );
      const rows = Array.from({ length: classes }, (_, c) => flags.slice(c * columns, (c + 1) * columns));
      assertClose(outputs[0]!, reference([...x, ...u], channels, places(rows, 1)).flat(), { atol: 1e-6 });
    });
  }
});

Deno.test("memberMeans() refuses what does not suit", () => {
  const features = (shape: number[]) => makeTensor({ label: "features", shape });
  const map = (shape: number[]) => makeTensor({ label: "map", shape, dtype: "u32", layout: "map" });
  const of = (x: number[], u: number[], places: number[], counts: number[]) =>
    memberMeans(
      new Graph(0),
      { x: features(x), u: features(u) },
      { places: map(places), counts: map(counts) },
    );
  const shape = [2, 3, 3, 8];
  of(shape, shape, [1, 5, 36], [1, 1, 5]);
  assert.throws(() => of(shape, [1, 3, 3, 8], [1, 5, 36], [1, 1, 5]), /the shapes must be equal/);
  assert.throws(() => of(shape, shape, [1, 5, 35], [1, 1, 5]), /a u32 map \[1,5,36\] is needed/);
  assert.throws(() => of(shape, shape, [1, 5, 36], [1, 1, 4]), /a u32 map \[1,1,5\] is needed/);
});
