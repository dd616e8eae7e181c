import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { sampledWeights } from "../../../../kernels/ops/map/sampled_weights.ts";
import { sampledWeights as reference } from "../../../../kernels/reference/map/sampled_weights.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("pixels are sampled by their class's rate and weighed, as by the twin", async (device) => {
  for (const [batch, height, width, classes] of [[1, 1, 1, 2], [2, 5, 7, 3], [2, 67, 71, 19]] as const) {
    const pixels = height * width, shape = [batch, height, width];
    const labels = [...uniform(1, batch * pixels, 0, classes)].map((x, i) =>
      i % 9 === 4 ? 255 : Math.floor(x)
    );
    const confidence = uniform(2, batch * pixels, 0.05, 1), draws = uniform(3, classes * pixels);
    // In halves and quarters, so that 1 − rate is exact.
    const rates = Array.from({ length: classes }, (_, k) => (4 - k % 5) / 4);
    for (const power of [0, 1, 2, 2.5]) {
      const { outputs: [weights, all] } = await runOp(
        device,
        {
          labels: { shape, values: labels, dtype: "u32", layout: "map" },
          confidence: { shape, values: confidence, layout: "map" },
          rates: { shape: [classes], values: rates, layout: "map" },
          draws: { shape: [classes, height, width], values: draws, layout: "map" },
        },
        (graph, { confidence, ...sampling }) => [
          sampledWeights(graph, confidence, { power, sampling }),
          sampledWeights(graph, confidence, { power }),
        ],
      );
      assertClose(weights!, reference(confidence, power, { labels, rates, draws }), { atol: 1e-6 });
      assertClose(all!, reference(confidence, power), { atol: 1e-6 });
    }
  }
});

gpuTest("a class with the rate 1 loses what draws 0 alone, one with 0 keeps nothing", async (device) => {
  const map = (shape: number[], values: number[]) => ({ shape, values, layout: "map" }) as const;
  const { outputs: [weights] } = await runOp(
    device,
    {
      labels: { ...map([1, 1, 4], [0, 0, 1, 1]), dtype: "u32" },
      confidence: map([1, 1, 4], [0.5, 0.5, 0.5, 0.5]),
      rates: map([2], [1, 0]),
      draws: map([2, 1, 4], [0, 2 ** -24, 0, 0, 0, 0, 1 - 2 ** -24, 0.5]),
    },
    (graph, { confidence, ...sampling }) => [sampledWeights(graph, confidence, { power: 2, sampling })],
  );
  assert.deepEqual([...weights!], [0, 0.25, 0, 0]);
});

Deno.test("draws of other classes or pixels, and powers below 0, are refused", () => {
  const map = (label: string, shape: number[], dtype: "f32" | "u32" = "f32") =>
    makeTensor({ label, shape, dtype, layout: "map" });
  const labels = map("labels", [2, 3, 4], "u32"),
    confidence = map("confidence", [2, 3, 4]),
    rates = map("rates", [5]);
  const sample = (draws: number[], power: number) =>
    sampledWeights(new Graph(0), confidence, {
      power,
      sampling: { labels, rates, draws: map("draws", draws) },
    });
  assert.throws(() => sample([4, 3, 4], 2), /by draws \[4,3,4\] .* a f32 map \[5,3,4\] is needed/);
  assert.throws(() => sample([5, 4, 3], 2), /by draws \[5,4,3\] .* a f32 map \[5,3,4\] is needed/);
  assert.throws(() => sample([5, 3, 4], -1), /Cannot weigh the pixels of confidence by \^ -1/);
});
