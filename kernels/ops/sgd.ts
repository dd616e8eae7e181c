import { ShapeError } from "../errors.ts";
import type { Graph } from "../graph.ts";
import { defineKernel } from "../kernel.ts";
import { elementwise } from "../launch.ts";
import { ALIGNMENT, makeTensor, type Tensor } from "../tensor.ts";
import source from "../wgsl/sgd.wgsl" with { type: "text" };
import { checkGuard } from "./guard_update.ts";

const plain = defineKernel({
  name: "sgd",
  source,
  uniforms: { count: "u32", stride: "u32", rate_index: "u32", momentum: "f32", weight_decay: "f32" },
  reads: ["gradients", "rates"],
  writes: ["parameters", "momenta"],
});
const guarded = defineKernel({ ...plain, name: "sgd_guarded", reads: [...plain.reads, "guard"] });

/** Half of the least that adapters bind (128 MiB), so that a launch stays far from any limit. */
const MOST_BYTES = 64 * 2 ** 20;

/** How a step of {@linkcode sgd} goes. */
export interface SgdOptions {
  /** f32 map of learning rates, uploaded before a step. */
  readonly rates: Tensor;
  /** Which of them is this range's. */
  readonly rateIndex: number;
  /** How much of the last step's direction is kept, [0, 1). */
  readonly momentum: number;
  /** Multiple of the parameters added to their gradients, ≥ 0. */
  readonly weightDecay: number;
  /** Where {@linkcode guardUpdate} has left whether this step is made, and what the gradients are divided by. */
  readonly guard?: Tensor;
}

/**
 * One step of SGD with momentum and weight decay, in place:
 *
 *     buffer ← momentum · buffer + gradient + weightDecay · parameter;  parameter ← parameter − rate · buffer
 *
 * That is PyTorch's rule without dampening and Nesterov; its first step, buffer = gradient, is the same for buffers that
 * start at zero.
 *
 * @param tensors Parameters, their gradients and momentum buffers: of equal size and element order, each with a home.
 *   Whole arenas or ranges of them ({@linkcode sgdRanges}, {@linkcode arenaRange}).
 * @throws {ShapeError} If the sizes differ, a tensor has no home, or there is no rate at the index.
 */
export function sgd(
  graph: Graph,
  tensors: { parameters: Tensor; gradients: Tensor; momenta: Tensor },
  options: SgdOptions,
): void {
  const { parameters, gradients, momenta } = tensors;
  const { rates, rateIndex, momentum, weightDecay, guard } = options;
  if (guard) checkGuard(guard);
  for (const tensor of [parameters, gradients, momenta]) {
    if (tensor.bytes !== parameters.bytes || tensor.dtype !== "f32" || !tensor.home) {
      throw new ShapeError(
        `Cannot update ${parameters.label} (${parameters.bytes} bytes) with ${tensor.label} (${tensor.bytes} bytes of ` +
          `${tensor.dtype}, ${
            tensor.home ? "with" : "without"
          } a home): equal sizes of f32 with homes are needed`,
      );
    }
  }
  const length = rates.bytes / 4;
  if (!Number.isInteger(rateIndex) || rateIndex < 0 || rateIndex >= length) {
    throw new ShapeError(
      `Cannot update ${parameters.label} at rate ${rateIndex} of ${rates.label} [${rates.shape}]: it holds ${length}, from 0`,
    );
  }
  const count = parameters.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: guard ? guarded : plain,
    reads: guard ? [gradients, rates, guard] : [gradients, rates],
    writes: [parameters, momenta],
    uniforms: { count, stride, rate_index: rateIndex, momentum, weight_decay: weightDecay },
    constants: { GUARDED: Number(guard !== undefined) },
    groups,
    loops: 0,
  });
}

/** Bytes of a buffer. */
export interface ByteRange {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Splits bytes [start, end) of an arena into pieces that any adapter can bind.
 *
 * @param start A multiple of {@linkcode ALIGNMENT}, as every piece's offset is.
 * @param end A multiple of 16.
 * @param most Largest piece in bytes, a multiple of {@linkcode ALIGNMENT}; never more than 64 MiB.
 * @throws {ShapeError} If an end is not where it may be.
 */
export function sgdRanges(start: number, end: number, most = MOST_BYTES): ByteRange[] {
  if (start % ALIGNMENT !== 0 || end % 16 !== 0 || end < start || most % ALIGNMENT !== 0 || most <= 0) {
    throw new ShapeError(
      `Cannot split bytes ${start} to ${end} into pieces of ${most}: start and pieces must be multiples of ` +
        `${ALIGNMENT}, the end one of 16 that is not before the start`,
    );
  }
  const ranges: ByteRange[] = [];
  const piece = Math.min(most, MOST_BYTES);
  for (let offset = start; offset < end; offset += piece) {
    ranges.push({ offset, bytes: Math.min(piece, end - offset) });
  }
  return ranges;
}

/** A range of an arena of f32 as a flat tensor. */
export function arenaRange(label: string, buffer: GPUBuffer, { offset, bytes }: ByteRange): Tensor {
  return makeTensor({ label, shape: [bytes / 4], layout: "map", home: { buffer, offset } });
}
