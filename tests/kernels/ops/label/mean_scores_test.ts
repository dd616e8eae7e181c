import assert from "node:assert/strict";
import { Graph } from "../../../../kernels/graph.ts";
import { meanScores } from "../../../../kernels/ops/label/mean_scores.ts";
import { meanScores as twin } from "../../../../kernels/reference/label/mean_scores.ts";
import { makeTensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("meanScores() matches the twin, and gives each half of the gradient", async (device, t) => {
  for (const shape of [[1, 1, 1, 1], [2, 7, 5, 19], [1, 33, 31, 8]]) {
    await t.step(`[${shape}]`, async () => {
      const length = shape.reduce((a, b) => a * b, 1),
        [a, b, dy] = [1, 2, 3].map((seed) => uniform(seed, length));
      const { outputs: [y], gradients } = await runOp(
        device,
        { a: { shape, values: a!, tracked: "input" }, b: { shape, values: b!, tracked: "input" } },
        (graph, { a, b }) => [meanScores(graph, a, b)],
        dy!,
      );
      assertClose(y!, twin(a!, b!), { rtol: 1e-6, atol: 1e-7 });
      const half = dy!.map((entry) => entry / 2);
      for (const name of ["a", "b"]) assertClose(gradients[name]!, half, { rtol: 1e-7, atol: 0, what: name });
    });
  }
});

Deno.test("meanScores() refuses what is not alike", () => {
  const graph = new Graph(0), a = makeTensor({ label: "a", shape: [2, 5, 5, 3] });
  for (const b of [{ shape: [2, 5, 5, 4] }, { shape: [2, 5, 5, 3], dtype: "f16" as const }]) {
    assert.throws(
      () => meanScores(graph, a, makeTensor({ label: "b", ...b })),
      /Cannot take the mean of a \[2,5,5,3\] \(f32\) and b .*: they must be alike/,
    );
  }
});
