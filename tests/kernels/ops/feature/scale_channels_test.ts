import assert from "node:assert/strict";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { scaleChannels } from "../../../../kernels/ops/feature/scale_channels.ts";
import { scaleChannels as reference } from "../../../../kernels/reference/feature/scale_channels.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("scaleChannels() and its gradient match the twin at awkward sizes", async (device, t) => {
  for (const shape of [[1, 1, 1, 1], [3, 7, 5, 21], [2, 17, 31, 6]] as const) {
    await t.step(`[${shape}]`, async () => {
      const [batch, , , channels] = shape, length = shape.reduce<number>((a, b) => a * b, 1);
      const x = uniform(1, length, 1, 2), gradient = uniform(2, length, 1, 2);
      const factors = uniform(3, batch * channels, -1, 2);
      const run = await runOp(
        device,
        {
          x: { shape, values: x, tracked: "input" },
          factors: { shape: [batch, 1, 1, channels], values: factors },
        },
        (graph, { x, factors }) => [scaleChannels(graph, x, factors)],
        gradient,
      );
      const scaled = (values: Float64Array) => reference(values, factors, channels);
      assertClose(run.outputs[0]!, scaled(x), { rtol: 2e-7, atol: 0 });
      assertClose(run.gradients.x!, scaled(gradient), { rtol: 2e-7, atol: 0 });
    });
  }
});

Deno.test("scaleChannels() refuses factors of another shape, and those that would need a gradient", () => {
  const x = makeTensor({ label: "x", shape: [2, 3, 3, 5] });
  for (
    const wrong of [{ shape: [2, 1, 1, 4] }, { shape: [1, 1, 1, 5] }, { shape: [2, 1, 1, 5], tracked: true }]
  ) {
    const factors = makeTensor({ label: "factors", ...wrong });
    assert.throws(
      () => scaleChannels(new Graph(0), x, factors),
      (error) => error instanceof ShapeError && /factors f32 \[2,1,1,5\] are needed/.test(error.message),
    );
  }
});
