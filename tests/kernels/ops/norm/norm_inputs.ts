/** What batch norm is given, for {@linkcode runOp}. @module */
import type { Given } from "../../../support/gpu.ts";

type Name = "x" | "residual" | "weight" | "bias" | "runningMean" | "runningVariance";

/** Images whose gradients are asked for, parameters with gradients of their own, and running statistics. */
export function normInputs(
  shape: readonly number[],
  values: Readonly<Record<Name, ArrayLike<number>>>,
) {
  const image = { shape, tracked: "input" } as const, vector = { shape: shape.slice(-1) };
  const parameter = { ...vector, tracked: "parameter" } as const;
  return {
    x: { ...image, values: values.x },
    residual: { ...image, values: values.residual },
    weight: { ...parameter, values: values.weight },
    bias: { ...parameter, values: values.bias },
    runningMean: { ...vector, values: values.runningMean },
    runningVariance: { ...vector, values: values.runningVariance },
  } satisfies Record<string, Given>;
}
