/** What a batch norm divides and multiplies by: a variance that is raised to epsilon, and no weight. */
import assert from "node:assert/strict";
import { batchNorm, type BatchNormOptions } from "../../../../kernels/ops/norm/batch_norm.ts";
import { batchNorm as reference } from "../../../../kernels/reference/norm/batch_norm.ts";
import type { Sharing } from "../../../../kernels/sharing.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";
import { normInputs } from "./norm_inputs.ts";

/** Between the variances of its channels: a uniform channel has 1/3, the third of them a hundredth of that. */
const EPSILON = 0.1;

/** Channel c of every third is a tenth as wide. */
function values(shape: readonly number[]) {
  const channels = shape.at(-1)!, length = shape.reduce((a, b) => a * b, 1);
  return {
    x: uniform(1, length).map((value, i) => Math.fround(i % channels % 3 === 2 ? value / 10 : value)),
    residual: uniform(2, length),
    weight: uniform(3, channels, 0.5, 1.5),
    bias: uniform(4, channels),
    runningMean: uniform(5, channels),
    runningVariance: uniform(6, channels, 0.01, 0.2),
    gradient: uniform(7, length),
  };
}

type Way = Pick<BatchNormOptions, "training" | "relu" | "clampsVariance"> & {
  readonly residual: boolean;
  readonly weighted: boolean;
};

const ways: Readonly<Record<string, Way>> = {
  "raised": { training: true, relu: false, residual: false, clampsVariance: true, weighted: true },
  "raised, ReLU": { training: true, relu: true, residual: false, clampsVariance: true, weighted: true },
  "raised, ReLU and residual": {
    training: true,
    relu: true,
    residual: true,
    clampsVariance: true,
    weighted: true,
  },
  "raised, which evaluation is not": {
    training: false,
    relu: true,
    residual: false,
    clampsVariance: true,
    weighted: true,
  },
  "without a weight": { training: true, relu: true, residual: false, weighted: false },
  "without a weight, with a residual": { training: true, relu: true, residual: true, weighted: false },
  "without a weight, raised": {
    training: true,
    relu: false,
    residual: false,
    clampsVariance: true,
    weighted: false,
  },
  "without a weight, evaluation": { training: false, relu: true, residual: false, weighted: false },
};

for (const [name, { weighted, residual: withResidual, ...modes }] of Object.entries(ways)) {
  gpuTest(`batchNorm() and its gradients match the twin: ${name}`, async (device, t) => {
    for (const shape of [[2, 1, 1, 5], [1, 7, 5, 21], [3, 13, 11, 8], [1, 37, 3, 255]]) {
      await t.step(`[${shape}]`, async () => {
        const { residual, gradient, weight, ...given } = values(shape);
        const options = { ...modes, momentum: 0.3, epsilon: EPSILON };
        const expected = reference({
          ...given,
          ...options,
          ...(weighted && { weight }),
          ...(withResidual && { residual }),
        });
        const run = await runOp(
          device,
          normInputs(shape, { ...given, residual, weight }),
          (graph, { x, residual, weight, ...parameters }) => [
            batchNorm(graph, x, { ...parameters, ...(weighted && { weight }) }, {
              ...options,
              ...(withResidual && { residual }),
            }),
            parameters.runningMean,
            parameters.runningVariance,
          ],
          gradient,
        );
        const wanted = expected.gradients(gradient);
        const sums = { rtol: 1e-4, atol: 1e-5 * Math.sqrt(gradient.length) };
        assertClose(run.outputs[0]!, expected.y, { what: "y", rtol: 1e-4, atol: 2e-5 });
        assertClose(run.outputs[1]!, expected.runningMean, { what: "running mean" });
        assertClose(run.outputs[2]!, expected.runningVariance, { what: "running variance" });
        assertClose(run.gradients.x!, wanted.x, { what: "dx", rtol: 1e-4, atol: 5e-5 });
        assertClose(run.gradients.bias!, wanted.bias, { what: "dbias", ...sums });
        if (weighted) assertClose(run.gradients.weight!, wanted.weight, { what: "dweight", ...sums });
        if (withResidual) assertClose(run.gradients.residual!, wanted.residual, { what: "dresidual" });
      });
    }
  });
}

gpuTest(
  "batchNorm() raises the variance of each pass by itself, by workgroups as by invocations",
  async (device) => {
    const shape = [4, 9, 7, 6], passes = 2;
    const { residual: _, gradient, ...given } = values(shape), part = gradient.length / passes;
    // The second pass is a tenth as wide: its channels lie below epsilon where the first's lie above.
    const x = given.x.map((value, i) => Math.fround(i < part ? value : value / 10));
    const options = { training: true, relu: true, clampsVariance: true, momentum: 0.3, epsilon: EPSILON };
    const run = (sharing: Sharing) =>
      runOp(
        device,
        {
          x: { shape, values: x, tracked: "input" },
          bias: { shape: [6], values: given.bias, tracked: "parameter" },
          runningMean: { shape: [6], values: given.runningMean },
          runningVariance: { shape: [6], values: given.runningVariance },
        },
        (graph, { x, ...parameters }) => [batchNorm(graph, x, parameters, { ...options, passes })],
        gradient,
        { sharing },
      );
    const found = await run(0);
    assert.deepEqual(await run("workgroup"), found);
    const twins = [0, 1].map((i) => {
      const take = (all: Float64Array) => all.slice(i * part, (i + 1) * part);
      const { weight: _, ...others } = given;
      const { y, gradients } = reference({ ...others, ...options, x: take(x) });
      return { y, dx: gradients(take(gradient)).x };
    });
    const joined = (name: "y" | "dx") => Float64Array.from(twins.flatMap((twin) => [...twin[name]]));
    assertClose(found.outputs[0]!, joined("y"), { what: "y", rtol: 1e-4, atol: 2e-5 });
    assertClose(found.gradients.x!, joined("dx"), { what: "dx", rtol: 1e-4, atol: 5e-5 });
  },
);
