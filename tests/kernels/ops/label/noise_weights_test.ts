import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { noiseWeights } from "../../../../kernels/ops/label/noise_weights.ts";
import { spreadImages } from "../../../../kernels/ops/map/spread_images.ts";
import { noiseWeights as reference } from "../../../../kernels/reference/label/noise_weights.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest(
  "noiseWeights() matches the twin: own and shared, of some, all and no noisy images",
  async (device, t) => {
    for (
      const [clean, height, width] of [
        [[false], 1, 1],
        [[true, false, false, true, false], 7, 5],
        [[false, false, false], 13, 31],
        [[true, true], 3, 5],
      ] as const
    ) {
      await t.step(`clean ${clean}, ${height} × ${width}`, async () => {
        const shape = [clean.length, height, width] as const, length = clean.length * height * width;
        const confidence = Float32Array.from(uniform(1, length, 0.2, 1));
        confidence[0] = 0.8;
        const { outputs } = await runOp(
          device,
          {
            confidence: { shape, values: confidence, layout: "map" },
            table: { shape: [1, 1, clean.length], values: clean.map(Number), layout: "map", dtype: "u32" },
          },
          (graph, { confidence, table }) => {
            const flags = spreadImages(graph, table, shape);
            return [false, true].flatMap((shared) => {
              const { trust, distrust } = noiseWeights(graph, confidence, flags, { sure: 0.8, shared });
              return [trust, distrust];
            });
          },
        );
        const expected = [false, true].flatMap((shared) => {
          // Compared as f32, in which 0.8 is not above itself.
          const { trust, distrust } = reference(confidence, clean, { sure: Math.fround(0.8), shared });
          return [trust, distrust];
        });
        outputs.forEach((output, i) => assertClose(output, expected[i]!, { rtol: 1e-6, atol: 1e-6 }));
        if (clean.every(Boolean)) {
          assert.ok(outputs.every((output) => output.every((weight) => weight === 0)));
        } else assert.ok(outputs[0]!.some((weight) => weight > 0));
      });
    }
  },
);

Deno.test("noiseWeights() refuses maps of other types and shapes", () => {
  const map = (dtype: "u32" | "f32", shape: number[]) =>
    makeTensor({ label: "map", shape, dtype, layout: "map" });
  const run = (confidence: ReturnType<typeof map>, clean: ReturnType<typeof map>) => () =>
    noiseWeights(new Graph(0), confidence, clean, { sure: 0.8, shared: false });
  assert.throws(run(map("u32", [1, 2, 3]), map("u32", [1, 2, 3])), /Cannot trust labels by map .* a f32 map/);
  assert.throws(
    run(map("f32", [1, 2, 3]), map("u32", [1, 1, 1])),
    /Cannot tell clean images of map .* a u32 map \[1,2,3\]/,
  );
});
