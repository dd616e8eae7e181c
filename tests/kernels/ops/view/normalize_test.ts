import { throws } from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { imageNetStatistics, normalize } from "../../../../kernels/ops/view/normalize.ts";
import { normalize as reference } from "../../../../kernels/reference/view/normalize.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp } from "../../../support/gpu.ts";

gpuTest(
  "normalize() matches the twin for every byte, and black padding becomes −mean / std",
  async (device, t) => {
    for (const shape of [[1, 1, 1], [3, 7, 13], [1, 16, 16]]) {
      await t.step(`[${shape}]`, async () => {
        const count = shape.reduce((a, b) => a * b, 1);
        const bytes = Uint8Array.from({ length: 3 * count }, (_, i) => (i * 7 - 7) & 255).fill(0, 0, 3);
        const words = Array.from(
          { length: count },
          (_, i) => bytes[3 * i]! | (bytes[3 * i + 1]! << 8) | (bytes[3 * i + 2]! << 16),
        );
        const { outputs } = await runOp(
          device,
          { image: { shape, values: words, layout: "map", dtype: "u32" } },
          (graph, { image }) => [normalize(graph, image)],
        );
        const { mean, std } = imageNetStatistics;
        assertClose(outputs[0]!, reference(bytes, mean, std), { rtol: 1e-6, atol: 1e-6 });
        assertClose(outputs[0]!.subarray(0, 3), mean.map((m, c) => -m / std[c]!), { rtol: 1e-6 });
      });
    }
  },
);

Deno.test("what is no packed image is refused", () => {
  const image = makeTensor({ label: "logits", shape: [1, 5, 5], layout: "map" });
  throws(() => normalize(new Graph(0), image), /Cannot normalize logits \[1,5,5\] \(f32/);
});
