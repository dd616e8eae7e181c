import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { moveConfidence } from "../../../../kernels/ops/class/confidence_bank.ts";
import { moveConfidence as reference } from "../../../../kernels/reference/class/confidence_bank.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest(
  "a bank moves towards the batch's confidence, absent classes as told, and gives rates",
  async (device) => {
    for (const classes of [1, 3, 21, 200]) {
      const bank = uniform(1, classes), means = uniform(2, classes);
      const pixels = Array.from({ length: classes }, (_, k) => k % 3 === 1 ? 0 : k + 1);
      pixels.forEach((count, k) => {
        if (count === 0) means[k] = 0;
      });
      for (const options of [{ keep: 0.999, absent: "zero" }, { keep: 0.25, absent: "kept" }] as const) {
        const { outputs } = await runOp(
          device,
          {
            bank: { shape: [classes], values: bank, layout: "map" },
            means: { shape: [classes], values: means, layout: "map" },
            pixels: { shape: [classes], values: pixels, dtype: "u32", layout: "map" },
          },
          (graph, { bank, means, pixels }) => [moveConfidence(graph, bank, { means, pixels }, options), bank],
        );
        const expected = reference(bank, means, pixels, options);
        assertClose(outputs[0]!, expected.rates, { what: "rates" });
        assertClose(outputs[1]!, expected.bank, { rtol: 1e-6, atol: 1e-7, what: "bank" });
        assert.equal(Math.max(...outputs[0]!), 1);
      }
    }
  },
);

gpuTest("where the bank is sure of every class, nothing is kept", async (device) => {
  const { outputs: [rates] } = await runOp(
    device,
    {
      bank: { shape: [3], values: [1, 1, 1], layout: "map" },
      means: { shape: [3], values: [1, 1, 1], layout: "map" },
      pixels: { shape: [3], values: [1, 1, 1], dtype: "u32", layout: "map" },
    },
    (
      graph,
      { bank, ...confidence },
    ) => [moveConfidence(graph, bank, confidence, { keep: 0.5, absent: "zero" })],
  );
  assert.deepEqual([...rates!], [0, 0, 0]);
});

Deno.test("a bank without a home, and a share outside [0, 1], are refused", () => {
  const map = (label: string, dtype: "f32" | "u32" = "f32") =>
    makeTensor({ label, shape: [3], dtype, layout: "map" });
  const confidence = { means: map("means"), pixels: map("pixels", "u32") };
  assert.throws(
    () => moveConfidence(new Graph(0), map("bank"), confidence, { keep: 0.5, absent: "zero" }),
    /Cannot move bank: it has no home/,
  );
  const home = { buffer: {} as GPUBuffer, offset: 0 };
  const bank = makeTensor({ label: "bank", shape: [3], layout: "map", home });
  assert.throws(
    () => moveConfidence(new Graph(0), bank, confidence, { keep: 1.5, absent: "zero" }),
    /Cannot move bank and keep 1.5 of it/,
  );
});
