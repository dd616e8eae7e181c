import { RandomStream } from "../kernels/random.ts";
import type { ParameterSpec, Registry } from "./registry.ts";
import type { StateDict } from "./state_dict.ts";

/**
 * A fresh state dict: PyTorch's laws, drawn from a stream named after each parameter, so that a parameter's start depends
 * on the seed and its name and on nothing that was drawn before it.
 */
export function initialize(registry: Registry, seed: number): StateDict {
  const state: StateDict = new Map();
  for (const spec of registry.parameters) {
    state.set(spec.name, { shape: spec.shape, values: draw(spec, seed) });
  }
  for (const { name, shape, value } of registry.statistics) {
    state.set(name, { shape, values: new Float32Array(shape[0]!).fill(value) });
  }
  return state;
}

function draw({ name, shape, initialization }: ParameterSpec, seed: number): Float32Array<ArrayBuffer> {
  const values = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
  if (initialization.distribution === "constant") return values.fill(initialization.value);
  const stream = new RandomStream({ seed, stream: `initialize/${name}` });
  if (initialization.distribution === "uniform-fan-in") {
    const bound = 1 / Math.sqrt(initialization.fanIn);
    return values.map(() => stream.uniformBetween(-bound, bound));
  }
  const [outputs = 1, , height = 1, width = 1] = shape;
  const deviation = Math.sqrt(2 / (outputs * height * width));
  return values.map(() => deviation * stream.normal());
}
