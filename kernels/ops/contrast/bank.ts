import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Precision, Tensor, TensorSpec } from "../../tensor.ts";
import advanceSource from "./bank_advance.wgsl" with { type: "text" };
import foldSource from "./bank_fold.wgsl" with { type: "text" };
import foldAdvanceSource from "./bank_fold_advance.wgsl" with { type: "text" };
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
  writes: { cursors: "u32", pushed: "u32" },
});
const fold = defineKernel({
  name: "bank_fold",
  source: foldSource,
  uniforms: { vectors: "u32", row: "u32", size: "u32", stride: "u32" },
  reads: { part: "vec4f", part_cursors: "u32", part_pushed: "u32", base_pushed: "u32", cursors: "u32" },
  writes: { queue: "vec4f" },
});
const foldAdvance = defineKernel({
  name: "bank_fold_advance",
  source: foldAdvanceSource,
  uniforms: { row: "u32", size: "u32" },
  reads: { part_pushed: "u32", base_pushed: "u32" },
  writes: { cursors: "u32", pushed: "u32" },
});

/** A queue of feature vectors a class, first in, first out. All zero, it is empty. */
export interface Bank {
  /** u32 map [1, classes, 2]: place of the oldest key in the class's queue, and how many keys are in it. */
  readonly cursors: Tensor;
  /** u32 map [1, classes]: how many keys were ever put into the class's queue, modulo 2³². */
  readonly pushed: Tensor;
  /** Of each class, maps [1, size, F] of f32 or f16, with homes. */
  readonly queues: readonly Tensor[];
}

/** What there must be room for. */
export interface BankSpec {
  readonly cursors: Omit<TensorSpec, "label">;
  readonly pushed: Omit<TensorSpec, "label">;
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
    pushed: { shape: [1, sizes.length], dtype: "u32", layout: "map" },
    queues: sizes.map((size) => ({ shape: [1, size, features], dtype: precision, layout: "map" })),
  };
}

/** @throws {ShapeError} If the bank, whose keys are counted, is none of vectors of that length for so many classes. */
function checkCounted(action: string, bank: Bank, classes: number, features: number): void {
  checkBank(action, bank, classes, features);
  checkMap(action, bank.pushed, "u32", [1, classes]);
  if (!bank.pushed.home) throw new ShapeError(`Cannot ${action} by ${bank.pushed.label}: it has no home`);
}

/** @throws {ShapeError} If the bank is none of vectors of that length for so many classes. */
export function checkBank(
  action: string,
  { cursors, queues }: Omit<Bank, "pushed">,
  classes: number,
  features: number,
): void {
  checkMap(action, cursors, "u32", [1, classes, 2]);
  for (const queue of queues) checkMap(action, queue, queue.dtype, [1, queue.shape[1]!, features]);
  if (
    queues.length === classes && cursors.home &&
    queues.every(({ home, dtype }) => home && dtype !== "u32")
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
  const { cursors, pushed, queues } = bank;
  checkCounted("keep keys", bank, keys.places.shape[1]!, channels);
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
      writes: [cursors, pushed],
      uniforms: { row, size },
      groups: [1, 1, 1],
      loops: 0,
    });
  });
}

/**
 * Puts into a bank what was put into another one since both were the same: of several that began with one bank, each in turn. No
 * gradient flows through it.
 *
 * @param folded The bank.
 * @param part The other one; its queues need hold no keys but those.
 * @param base As both were.
 * @throws {ShapeError} If the banks do not suit each other.
 */
export function foldBank(graph: Graph, folded: Bank, part: Bank, base: Pick<Bank, "pushed">): void {
  const { cursors, pushed, queues } = folded, [, , features = 0] = queues[0]?.shape ?? [];
  for (const bank of [folded, part]) checkCounted("fold banks", bank, queues.length, features);
  queues.forEach((queue, row) => {
    const size = queue.shape[1]!, vectors = features / 4;
    const { groups, stride } = elementwise(size * vectors);
    graph.launch({
      kernel: fold,
      reads: [part.queues[row]!, part.cursors, part.pushed, base.pushed, cursors],
      writes: [queue],
      uniforms: { vectors, row, size, stride },
      groups,
      loops: 0,
    });
    graph.launch({
      kernel: foldAdvance,
      reads: [part.pushed, base.pushed],
      writes: [cursors, pushed],
      uniforms: { row, size },
      groups: [1, 1, 1],
      loops: 0,
    });
  });
}
