/** Weights of a network that is captured and not run. @module */
import { makeTensor, type Tensor } from "../../kernels/tensor.ts";
import { deviceShape } from "../../models/layout.ts";
import type { Registry } from "../../models/registry.ts";

/** A tensor for each parameter and statistic, by its name. */
export function declaredTensors(
  { parameters, statistics }: Registry,
  more: Partial<Parameters<typeof makeTensor>[0]>,
): ReadonlyMap<string, Tensor> {
  return new Map([...parameters, ...statistics].map(({ name, shape }) => [
    name,
    makeTensor({
      label: name,
      shape: deviceShape(shape),
      layout: shape.length === 4 ? "kernel" : "channels",
      ...more,
    }),
  ]));
}
