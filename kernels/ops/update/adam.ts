import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./adam.wgsl" with { type: "text" };
import { checkUpdate } from "./check_update.ts";
import { updateKernels } from "./update_kernels.ts";

const plain = defineKernel({
  name: "adam",
  file: "adam.wgsl",
  source,
  uniforms: {
    count: "u32",
    stride: "u32",
    rate_index: "u32",
    correction_index: "u32",
    beta1: "f32",
    rest1: "f32",
    beta2: "f32",
    rest2: "f32",
    epsilon: "f32",
    weight_decay: "f32",
  },
  reads: { gradients: "vec4f", rates: "f32" },
  writes: { parameters: "vec4f", first: "vec4f", second: "vec4f" },
});
const kernels = updateKernels(plain);

/** How fast the moments of {@linkcode adam} forget. */
export interface Betas {
  /** How much of the mean gradient is kept in a step, [0, 1). */
  readonly beta1: number;
  /** The same of the mean squared gradient, [0, 1). */
  readonly beta2: number;
}

/** How a step of {@linkcode adam} goes. */
export interface AdamOptions extends Betas {
  /** f32 map of learning rates and {@linkcode biasCorrections}, uploaded before a step. */
  readonly rates: Tensor;
  /** Which of them is this range's rate. */
  readonly rateIndex: number;
  /** Which is the first of the two corrections. */
  readonly correctionIndex: number;
  /** Added to the root of the mean square, > 0. */
  readonly epsilon: number;
  /** Share of the parameters, or of their distance from the start, taken away, ≥ 0. */
  readonly weightDecay: number;
  /** Whether they shrink by it at the learning rate (AdamW), and it is no part of their gradients (Adam). */
  readonly decoupled: boolean;
  /** Where {@linkcode guardUpdate} has left whether this step is made, and what the gradients are divided by. */
  readonly guard?: Tensor;
}

/**
 * What the moments of step `t`, from 1, are multiplied by: they started at zero. 1 / (1 − beta1^t) for the first, and
 * 1 / √(1 − beta2^t) for the root of the second.
 */
export function biasCorrections({ beta1, beta2 }: Betas, t: number): readonly [number, number] {
  return [1 / (1 - beta1 ** t), 1 / Math.sqrt(1 - beta2 ** t)];
}

/**
 * One step of Adam (Kingma and Ba, ICLR 2015) or AdamW (Loshchilov and Hutter, ICLR 2019), in place:
 *
 *     Adam: gradient ← gradient + weightDecay · parameter;  AdamW: parameter ← parameter − rate · weightDecay · parameter
 *     first ← beta1 · first + (1 − beta1) · gradient;  second ← beta2 · second + (1 − beta2) · gradient²
 *     parameter ← parameter − rate · first / (1 − beta1^t) / (√second / √(1 − beta2^t) + epsilon)
 *
 * That is PyTorch's rule without AMSGrad. `t` counts the steps of a run from 1 and is the host's, so a step that the guard
 * leaves out counts, too; the moments stay as they are.
 *
 * @param tensors Parameters, their gradients, and moments that start at zero: of equal size and element order, each with a home.
 *   Whole arenas or ranges of them ({@linkcode splitRange}, {@linkcode arenaRange}). With a `start` of the same size, weight
 *   decay pulls towards it instead of 0.
 * @throws {ShapeError} If the sizes differ, a tensor has no home, or there are no rate and corrections at the indices.
 */
export function adam(
  graph: Graph,
  tensors: {
    parameters: Tensor;
    gradients: Tensor;
    first: Tensor;
    second: Tensor;
    start?: Tensor | undefined;
  },
  options: AdamOptions,
): void {
  const { parameters, gradients, first, second, start } = tensors;
  const { rates, rateIndex, correctionIndex, beta1, beta2, epsilon, weightDecay, decoupled, guard } = options;
  checkUpdate({
    parameters,
    others: [gradients, first, second, ...(start ? [start] : [])],
    rates,
    indices: [rateIndex, correctionIndex, correctionIndex + 1],
    guard,
  });
  const count = parameters.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: kernels({ guard, start }),
    reads: [gradients, rates, ...(guard ? [guard] : []), ...(start ? [start] : [])],
    writes: [parameters, first, second],
    uniforms: {
      count,
      stride,
      rate_index: rateIndex,
      correction_index: correctionIndex,
      beta1,
      // In f64: 1 − 0.999 in f32 is off by 1e-5 of it.
      rest1: 1 - beta1,
      beta2,
      rest2: 1 - beta2,
      epsilon,
      weight_decay: weightDecay,
    },
    constants: {
      GUARDED: Number(guard !== undefined),
      TOWARDS: Number(start !== undefined),
      DECOUPLED: Number(decoupled),
    },
    groups,
    loops: 0,
  });
}
