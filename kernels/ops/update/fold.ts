/** What several micro-batches have left, brought together one by one, in their order. @module */
import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { makeTensor, type Tensor } from "../../tensor.ts";
import meterSource from "./fold_meters.wgsl" with { type: "text" };
import movedSource from "./fold_moved.wgsl" with { type: "text" };
import sumSource from "./fold_sum.wgsl" with { type: "text" };
import writtenSource from "./fold_written.wgsl" with { type: "text" };

const uniforms = { count: "u32", stride: "u32" } as const;
const sum = defineKernel({
  name: "fold_sum",
  source: sumSource,
  uniforms,
  reads: { part: "vec4f" },
  writes: { folded: "vec4f" },
});
const moved = defineKernel({
  name: "fold_moved",
  source: movedSource,
  uniforms,
  reads: { part: "vec4f", base: "vec4f", kept: "vec4f" },
  writes: { folded: "vec4f" },
});
const written = defineKernel({
  name: "fold_written",
  source: writtenSource,
  uniforms,
  reads: { part: "vec4u", base: "vec4u" },
  writes: { folded: "vec4u" },
});
const meters = defineKernel({
  name: "fold_meters",
  source: meterSource,
  uniforms: { count: "u32", vectors: "u32" },
  reads: { part: "vec4f" },
  writes: { folded: "vec4f" },
});

/** Of equal size and element order, each with a home: whole tensors or ranges of arenas. */
export interface FoldTensors {
  /** What the micro-batches before this one have come to; updated in place. */
  readonly folded: Tensor;
  /** What this one has left, which began with the base. */
  readonly part: Tensor;
  /** What the step began with, and `folded` before the first. */
  readonly base: Tensor;
}

/**
 * folded ← folded + part, as of gradients.
 *
 * @throws {ShapeError} If the sizes differ, or a tensor has no home.
 */
export function foldSum(graph: Graph, { folded, part }: Omit<FoldTensors, "base">): void {
  checkFold([folded, part]);
  const count = folded.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: sum,
    reads: [part],
    writes: [folded],
    uniforms: { count, stride },
    groups,
    loops: 0,
  });
}

/**
 * folded ← part + kept · (folded − base): of a moving average, which keeps that share of what it was, what it would be if it had
 * taken in the same numbers one after another; with a share of 1 the sum of all moves. Of the first, the part as it is.
 *
 * @param kept Of each element.
 * @throws {ShapeError} If the sizes differ, or a tensor has no home.
 */
export function foldMoved(graph: Graph, { folded, part, base }: FoldTensors, kept: Tensor): void {
  checkFold([folded, part, base, kept]);
  const count = folded.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: moved,
    reads: [part, base, kept],
    writes: [folded],
    uniforms: { count, stride },
    groups,
    loops: 0,
  });
}

/**
 * folded ← part, where part differs from the base by any bit: the last one that has written an element counts.
 *
 * @throws {ShapeError} If the sizes differ, or a tensor has no home.
 */
export function foldWritten(graph: Graph, { folded, part, base }: FoldTensors): void {
  checkFold([folded, part, base]);
  const count = folded.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: written,
    reads: [bitsOf(part), bitsOf(base)],
    writes: [bitsOf(folded)],
    uniforms: { count, stride },
    groups,
    loops: 0,
  });
}

/**
 * Notes in meters what each has noted last in a micro-batch, as ops/loss/meter.ts would have.
 *
 * @param tensors Meters one after another, each at a multiple of `bytes`.
 * @param options.count Of the meters, the first ones.
 * @throws {ShapeError} If the sizes differ, or a tensor has no home.
 */
export function foldMeters(
  graph: Graph,
  { folded, part }: Omit<FoldTensors, "base">,
  { count, bytes }: { readonly count: number; readonly bytes: number },
): void {
  checkFold([folded, part]);
  graph.launch({
    kernel: meters,
    reads: [part],
    writes: [folded],
    uniforms: { count, vectors: bytes / 16 },
    groups: [Math.ceil(count / 64), 1, 1],
    loops: 0,
  });
}

/** The same memory as words. */
function bitsOf({ label, bytes, home }: Tensor): Tensor {
  return makeTensor({ label, shape: [bytes / 4], dtype: "u32", layout: "map", home: home! });
}

function checkFold(tensors: readonly [Tensor, ...Tensor[]]): void {
  const [first] = tensors;
  const bad = tensors.find(({ bytes, home }) => bytes !== first.bytes || !home);
  if (bad === undefined) return;
  throw new ShapeError(
    `Cannot fold ${bad.label} (${bad.bytes} bytes, ${
      bad.home ? "with" : "without"
    } a home) into ${first.label} ` +
      `(${first.bytes} bytes): equal sizes are needed, and homes`,
  );
}
