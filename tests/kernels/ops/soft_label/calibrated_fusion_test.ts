import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { calibratedFusion } from "../../../../kernels/ops/soft_label/calibrated_fusion.ts";
import { calibratedFusion as twin } from "../../../../kernels/reference/soft_label/calibrated_fusion.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

const shapes = [[1, 1, 1, 1], [2, 5, 7, 21], [1, 9, 13, 4], [2, 33, 31, 19]] as const;

gpuTest("calibratedFusion() matches the twin", async (device, t) => {
  for (const shape of shapes) {
    for (const calibrated of [true, false]) {
      for (const temperature of [0.5, 0.8, 1, "hard"] as const) {
        await t.step(
          `[${shape}], temperature ${temperature}${calibrated ? ", calibrated" : ""}`,
          async () => {
            const length = shape.reduce<number>((a, b) => a * b, 1);
            const a = uniform(1, length, -3, 3), b = uniform(2, length, -9, 9);
            const { outputs } = await runOp(
              device,
              { a: { shape, values: a }, b: { shape, values: b } },
              (graph, { a, b }) => {
                const { fused, targets, confidence } = calibratedFusion(graph, a, b, {
                  calibrated,
                  temperature,
                });
                return [fused, targets, confidence];
              },
            );
            const expected = twin(a, b, shape[3], { calibrated, temperature });
            for (const [i, name] of (["fused", "targets", "confidence"] as const).entries()) {
              assertClose(outputs[i]!, expected[name], { rtol: 2e-5, atol: 1e-7, what: name });
            }
          },
        );
      }
    }
  }
});

gpuTest(
  "classes that no prediction gives any probability stay out, and of equal ones the first is taken",
  async (device) => {
    const shape = [1, 1, 1, 3], logits = [400, 400, -400];
    const { outputs: [soft, hard] } = await runOp(
      device,
      { a: { shape, values: logits } },
      (graph, { a }) =>
        ([0.5, "hard"] as const).map((temperature) =>
          calibratedFusion(graph, a, a, { calibrated: false, temperature }).targets
        ),
    );
    assert.deepEqual([...soft!], [0.5, 0.5, 0]);
    assert.deepEqual([...hard!], [1, 0, 0]);
  },
);

Deno.test("calibratedFusion() refuses other shapes and temperatures", () => {
  const graph = new Graph(0),
    image = (label: string, channels: number) => makeTensor({ label, shape: [1, 2, 2, channels] });
  assert.throws(
    () => calibratedFusion(graph, image("a", 3), image("b", 4), { calibrated: true, temperature: 1 }),
    /Cannot fuse a \[1,2,2,3\] with b \[1,2,2,4\]: the shapes must be equal/,
  );
  assert.throws(
    () => calibratedFusion(graph, image("a", 3), image("b", 3), { calibrated: true, temperature: 0 }),
    /Cannot sharpen a at temperature 0: it must be a number above 0/,
  );
});
