/** Batch norm of a batch whose parts are computed side by side. */
import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { KernelError, ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { allocate } from "../../../../kernels/memory.ts";
import { batchNorm, type BatchNormOptions } from "../../../../kernels/ops/norm/batch_norm.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { batchNorm as reference } from "../../../../kernels/reference/norm/batch_norm.ts";
import type { Tensor } from "../../../../kernels/tensor.ts";
import { teamOf } from "../../../pipeline/run/team.ts";
import { assertClose, gpuTest, runOp, uniform } from "../../../support/gpu.ts";
import { normInputs } from "./norm_inputs.ts";

function values(shape: readonly number[]) {
  const channels = shape.at(-1)!, length = shape.reduce((a, b) => a * b, 1);
  return {
    // Each quarter lies elsewhere: the parts' means are far apart.
    x: uniform(1, length).map((value, i) => Math.fround(value + 3 * Math.floor(4 * i / length))),
    residual: uniform(2, length),
    weight: uniform(3, channels, 0.5, 1.5),
    bias: uniform(4, channels),
    runningMean: uniform(5, channels),
    runningVariance: uniform(6, channels, 0.5, 2),
    gradient: uniform(7, length),
  };
}

/** Runs the parts of a batch side by side; images and their gradients put together again. */
async function inParts(
  device: Device,
  shape: readonly number[],
  given: Omit<ReturnType<typeof values>, "gradient">,
  gradient: Float64Array | readonly number[],
  parts: number,
  options: Omit<BatchNormOptions, "residual">,
  withResidual: boolean,
) {
  const part = gradient.length / parts;
  const own = (all: ArrayLike<number>, i: number) => Array.from(all).slice(i * part, (i + 1) * part);
  const runs = await Promise.all(
    teamOf(parts).map((team, i) =>
      runOp(
        device,
        normInputs([shape[0]! / parts, ...shape.slice(1)], {
          ...given,
          x: own(given.x, i),
          residual: own(given.residual, i),
        }),
        (graph, { x, residual, ...parameters }) => [
          batchNorm(graph, x, parameters, { ...options, ...(withResidual && { residual }) }),
          parameters.runningMean,
          parameters.runningVariance,
        ],
        own(gradient, i),
        { team },
      )
    ),
  );
  const joined = (take: (run: typeof runs[number]) => Float64Array) =>
    Float64Array.from(runs.flatMap((run) => [...take(run)]));
  const summed = (take: (run: typeof runs[number]) => Float64Array) =>
    runs.map(take).reduce((sum, one) => sum.map((value, i) => value + one[i]!));
  return { runs, joined, summed };
}

const ways: Readonly<
  Record<string, Omit<BatchNormOptions, "residual"> & { readonly withResidual: boolean }>
> = {
  plain: { training: true, relu: false, withResidual: false },
  "ReLU and residual": { training: true, relu: true, withResidual: true },
  "ReLU, variances raised": {
    training: true,
    relu: true,
    withResidual: false,
    clampsVariance: true,
    epsilon: 1.5,
  },
};

for (const [name, { withResidual, ...options }] of Object.entries(ways)) {
  gpuTest(`batchNorm() of parts side by side is that of the whole batch: ${name}`, async (device, t) => {
    for (
      const [parts, shape] of [
        [2, [2, 1, 1, 5]],
        [4, [4, 7, 5, 21]],
        [3, [6, 13, 11, 8]],
        [2, [4, 41, 37, 6]],
        [7, [7, 3, 2, 130]],
      ] as const
    ) {
      await t.step(`[${shape}] in ${parts}`, async () => {
        const { gradient, ...given } = values(shape);
        const { residual, ...twinGiven } = given;
        const { momentum = 0.1, epsilon = 1e-5 } = options;
        const twin = reference({
          ...twinGiven,
          ...options,
          momentum,
          epsilon,
          ...(withResidual && { residual }),
        });
        const { runs, joined, summed } = await inParts(
          device,
          shape,
          given,
          gradient,
          parts,
          options,
          withResidual,
        );
        const wanted = twin.gradients(gradient);
        const sums = { rtol: 1e-4, atol: 1e-5 * Math.sqrt(gradient.length) };
        assertClose(joined((run) => run.outputs[0]!), twin.y, { what: "y", rtol: 1e-4, atol: 2e-5 });
        for (const { outputs: [, mean, variance] } of runs) {
          assertClose(mean!, twin.runningMean, { what: "running mean" });
          assertClose(variance!, twin.runningVariance, { what: "running variance" });
        }
        assertClose(joined((run) => run.gradients.x!), wanted.x, { what: "dx", rtol: 1e-4, atol: 5e-5 });
        assertClose(summed((run) => run.gradients.weight!), wanted.weight, { what: "dweight", ...sums });
        assertClose(summed((run) => run.gradients.bias!), wanted.bias, { what: "dbias", ...sums });
        if (withResidual) {
          assertClose(joined((run) => run.gradients.residual!), wanted.residual, { what: "dresidual" });
        }
      });
    }
  });
}

gpuTest("several passes in parts are each normalized by all parts' own pixels of it", async (device) => {
  const shape = [8, 5, 3, 6], passes = 2, parts = 2;
  const { gradient, ...given } = values(shape), { residual: _, ...twinGiven } = given;
  const options = { training: true, relu: true, momentum: 0.3, epsilon: 1e-3 };
  const { runs } = await inParts(device, shape, given, gradient, parts, { ...options, passes }, false);
  const quarter = gradient.length / 4;
  // A part has its images of the first pass, then those of the second.
  const ofPass = (all: ArrayLike<number>, pass: number) =>
    Float64Array.from([0, 1].flatMap((part) => {
      const at = (2 * part + pass) * quarter;
      return Array.from(all).slice(at, at + quarter);
    }));
  const first = reference({ ...twinGiven, ...options, x: ofPass(given.x, 0) });
  const second = reference({
    ...twinGiven,
    ...options,
    x: ofPass(given.x, 1),
    runningMean: first.runningMean,
    runningVariance: first.runningVariance,
  });
  const [y, dx] = [
    Float64Array.from(runs.flatMap(({ outputs }) => [...outputs[0]!])),
    Float64Array.from(runs.flatMap(({ gradients }) => [...gradients.x!])),
  ];
  for (const [pass, twin] of [first, second].entries()) {
    assertClose(ofPass(y, pass), twin.y, { what: "y", rtol: 1e-4, atol: 2e-5 });
    const wanted = twin.gradients(ofPass(gradient, pass)).x;
    assertClose(ofPass(dx, pass), wanted, { what: "dx", rtol: 1e-4, atol: 5e-5 });
  }
  for (const { outputs } of runs) {
    assertClose(outputs[1]!, second.runningMean, { what: "running mean" });
    assertClose(outputs[2]!, second.runningVariance, { what: "running variance" });
  }
});

/** A norm in a graph that shares its batch. */
function shared(device: Device, shape: readonly number[], size: number) {
  const graph = new Graph(device.facts.sharing, { share: { rank: 0, size } });
  const vector = (label: string) => ({ label, shape: shape.slice(-1) });
  const { tensors, free } = allocate(device, "a norm", [
    { label: "x", shape },
    vector("bias"),
    vector("running mean"),
    vector("running variance"),
  ]);
  const [x, bias, runningMean, runningVariance] = tensors as [Tensor, Tensor, Tensor, Tensor];
  const options = { training: true, relu: false };
  graph.keep(batchNorm(graph, x, { bias, runningMean, runningVariance }, options));
  return { graph, free };
}

gpuTest("a single value has a variance beside others, and none where it is alone", (device) => {
  shared(device, [1, 1, 1, 4], 2).free();
  assert.throws(() => shared(device, [1, 1, 1, 4], 1), ShapeError);
});

gpuTest("what gathers from others is not run alone", (device) => {
  const { graph, free } = shared(device, [1, 2, 2, 4], 2), program = compile(device, graph);
  assert.throws(() => program.run(), KernelError);
  program.free();
  free();
});
