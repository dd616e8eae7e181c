import { softmaxCrossEntropy } from "../../../../kernels/ops/loss/softmax_cross_entropy.ts";
import { scaledLoss } from "../../../../kernels/ops/loss/scaled_loss.ts";
import { softmaxCrossEntropy as reference } from "../../../../kernels/reference/loss/softmax_cross_entropy.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";

gpuTest("scaledLoss() scales value and gradient", async (device) => {
  const shape = [2, 3, 5, 7], logits = uniform(1, 210, -3, 3);
  const labels = uniform(2, 30, 0, 7).map(Math.floor), factor = 2.75;
  const { outputs: [value, gradient] } = await runOp(
    device,
    {
      logits: { shape, values: logits, tracked: "input" },
      labels: { shape: [2, 3, 5], values: labels, layout: "map", dtype: "u32" },
      factors: { shape: [1, 1, 4], values: [9, 9, factor, 9], layout: "map" },
    },
    (graph, { logits, labels, factors }) => {
      const loss = softmaxCrossEntropy(graph, logits, labels, { label: "test", denominator: "valid" });
      const scaled = scaledLoss(graph, loss, { tensor: factors, index: 2 });
      const [[, gradient]] = scaled.backward(graph, 3) as [readonly [unknown, typeof logits]];
      return [scaled.value, gradient];
    },
  );
  const expected = reference(logits, labels, 7, { denominator: "valid" });
  assertClose(value!, [factor * expected.value]);
  assertClose(gradient!, expected.gradient.map((entry) => 3 * factor * entry), { atol: 1e-6 });
});
