import { add } from "../../../../kernels/ops/feature/add.ts";
import { add as reference } from "../../../../kernels/reference/feature/add.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("add() and its gradient match the twin at awkward sizes", async (device, t) => {
  for (const shape of [[1, 1, 1, 1], [2, 7, 5, 21], [1, 33, 31, 6]]) {
    await t.step(`[${shape}]`, async () => {
      const length = shape.reduce((a, b) => a * b, 1);
      const [a, b, gradient] = [uniform(1, length), uniform(2, length), uniform(3, length)];
      const run = await runOp(
        device,
        { a: { shape, values: a, tracked: "input" }, b: { shape, values: b, tracked: "input" } },
        (graph, { a, b }) => [add(graph, a, b)],
        gradient,
      );
      assertClose(run.outputs[0]!, reference(a, b));
      assertClose(run.gradients.a!, gradient);
      assertClose(run.gradients.b!, gradient);
    });
  }
});
