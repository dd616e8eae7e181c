import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./sgd.wgsl" with { type: "text" };
import { checkUpdate } from "./check_update.ts";
import { updateKernels } from "./update_kernels.ts";

const plain = defineKernel({
  name: "sgd",
  file: "sgd.wgsl",
  source,
  uniforms: { count: "u32", stride: "u32", rate_index: "u32", momentum: "f32", weight_decay: "f32" },
  reads: { gradients: "vec4f", rates: "f32" },
  writes: { parameters: "vec4f", momenta: "vec4f" },
});
const kernels = updateKernels(plain);

/** How a step of {@linkcode sgd} goes. */
export interface SgdOptions {
  /** f32 map of learning rates, uploaded before a step. */
  readonly rates: Tensor;
  /** Which of them is this range's. */
  readonly rateIndex: number;
  /** How much of the last step's direction is kept, [0, 1). */
  readonly momentum: number;
  /** Whether the step looks ahead (Nesterov's momentum); default false. */
  readonly nesterov?: boolean;
  /** Multiple of the parameters, or of their distance from the start, added to their gradients, ≥ 0. */
  readonly weightDecay: number;
  /** Where {@linkcode guardUpdate} has left whether this step is made, and what the gradients are divided by. */
  readonly guard?: Tensor;
}

/**
 * One step of SGD with momentum and weight decay, in place:
 *
 *     gradient ← gradient + weightDecay · parameter;  buffer ← momentum · buffer + gradient
 *     parameter ← parameter − rate · direction
 *
 * where the direction is the buffer, or with Nesterov's momentum gradient + momentum · buffer. That is PyTorch's rule without
 * dampening; its first step, buffer = gradient, is the same for buffers that start at zero.
 *
 * @param tensors Parameters, their gradients and momentum buffers: of equal size and element order, each with a home.
 *   Whole arenas or ranges of them ({@linkcode splitRange}, {@linkcode arenaRange}). With a `start` of the same size, weight
 *   decay pulls towards it instead of 0.
 * @throws {ShapeError} If the sizes differ, a tensor has no home, or there is no rate at the index.
 */
export function sgd(
  graph: Graph,
  tensors: { parameters: Tensor; gradients: Tensor; momenta: Tensor; start?: Tensor | undefined },
  options: SgdOptions,
): void {
  const { parameters, gradients, momenta, start } = tensors;
  const { rates, rateIndex, momentum, nesterov = false, weightDecay, guard } = options;
  checkUpdate({
    parameters,
    others: [gradients, momenta, ...(start ? [start] : [])],
    rates,
    indices: [rateIndex],
    guard,
  });
  const count = parameters.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: kernels({ guard, start }),
    reads: [gradients, rates, ...(guard ? [guard] : []), ...(start ? [start] : [])],
    writes: [parameters, momenta],
    uniforms: { count, stride, rate_index: rateIndex, momentum, weight_decay: weightDecay },
    constants: {
      GUARDED: Number(guard !== undefined),
      TOWARDS: Number(start !== undefined),
      NESTEROV: Number(nesterov),
    },
    groups,
    loops: 0,
  });
}
