import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Precision, Tensor, TensorSpec } from "../../tensor.ts";
import advanceSource from "./bank_advance.wgsl" with { type: "text" };
import pushSource from "./bank_push.wgsl" with { type: "text" };
import { featureIncludes, pixelExtents, type PixelFeatures } from "./member_means.ts";
import type { Positions } from "./positions.ts";

const push = defineKernel({
  name: "bank_push",
  source: pushSource,
  includes: featureIncludes,
  uniforms: { split: "u32", vectors: "u32", columns: "u32", row: "u32", size: "u32", stride: "u32" },
  reads: { x: "vec4f", u: "vec4f", places: "u32", counts: "u32", cursors: "u32" },
  writes: { queue: "vec4f" },
});
const advance = defineKernel({
  name: "bank_advance",
  source: advanceSource,
  uniforms: { row: "u32", size: "u32" },
  reads: { counts: "u32" },
  writes: { cursors: "u32" },
});

/** A queue of feature vectors a class, first in, first out. All zero, it is empty. */
export interface Bank {
  /** u32 map [1, classes, 2]: place of the oldest key in the class's queue, and how many keys are in it. */
  readonly cursors: Tensor;
  /** Of each class, maps [1, size, F] of f32 or f16, with homes. */
  readonly queues: readonly Tensor[];
}

/** What there must be room for. */
export interface BankSpec {
  readonly cursors: Omit<TensorSpec, "label">;
  readonly queues: readonly Omit<TensorSpec, "label">[];
}

/**
 * Room for a bank.
 *
 * @param options.features Length of a vector, a multiple of 4.
 * @param options.sizes Keys that the queue of each class holds.
 * @param options.precision What they are stored as; f32 unless told. In f16 they are rounded as they are put in.
 * @throws {ShapeError} If a vector cannot be so long, or there are no classes.
 */
export function bankSpec(
  { features, sizes, precision = "f32" }: {
    readonly features: number;
    readonly sizes: readonly number[];
    readonly precision?: Precision;
  },
): BankSpec {
  if (!Number.isInteger(features) || features < 4 || features % 4 !== 0 || sizes.length === 0) {
    throw new ShapeError(
      `Cannot keep vectors of ${features} features of ${sizes.length} classes: a multiple of 4 and a class are needed`,
    );
  }
  return {
    cursors: { shape: [1, sizes.length, 2], dtype: "u32", layout: "map" },
    queues: sizes.map((size) => ({ shape: [1, size, features], dtype: precision, layout: "map" })),
  };
}

/** @throws {ShapeError} If the bank is none of vectors of that length for so many classes. */
export function checkBank(
  action: string,
  { cursors, queues }: Bank,
  classes: number,
  features: number,
): void {
  checkMap(action, cursors, "u32", [1, classes, 2]);
  for (const queue of queues) checkMap(action, queue, queue.dtype, [1, queue.shape[1]!, features]);
  if (
    queues.length === classes && cursors.home && queues.every(({ home, dtype }) => home && dtype !== "u32")
  ) {
    return;
  }
  throw new ShapeError(
    `Cannot ${action} by ${queues.length} queues: one of each of the ${classes} classes is needed, with homes, of f32 or f16`,
  );
}

/**
 * Puts the features of each class's keys into its queue, in their order; where it is full, over its oldest ones. What is captured
 * after this sees them. No gradient flows through it.
 *
 * @throws {ShapeError} If bank, features and keys do not suit each other.
 */
export function pushKeys(graph: Graph, bank: Bank, features: PixelFeatures, keys: Positions): void {
  const { split, columns, channels, vectors } = pixelExtents("keep keys", features, keys);
  const { cursors, queues } = bank;
  checkBank("keep keys", bank, keys.places.shape[1]!, channels);
  queues.forEach((queue, row) => {
    const size = queue.shape[1]!;
    const { groups, stride } = elementwise(Math.min(columns, size) * vectors);
    graph.launch({
      kernel: push,
      reads: [features.x, features.u, keys.places, keys.counts, cursors],
      writes: [queue],
      uniforms: { split, vectors, columns, row, size, stride },
      groups,
      loops: 0,
    });
    graph.launch({
      kernel: advance,
      reads: [keys.counts],
      writes: [cursors],
      uniforms: { row, size },
      groups: [1, 1, 1],
      loops: 0,
    });
  });
}
