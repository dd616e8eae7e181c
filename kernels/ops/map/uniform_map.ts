import { elementwise } from "../../launch.ts";
import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { checkMap } from "../../maps.ts";
import { fnv1a32 } from "../../random.ts";
import random from "../../random.wgsl" with { type: "text" };
import { defineKernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./uniform_map.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "uniform_map",
  source,
  includes: { "random.wgsl": random },
  uniforms: { blocks: "u32", count: "u32", length: "u32", stride: "u32", stream: "u32" },
  reads: { counters: "u32" },
  writes: { values: "f32" },
});

/** Which numbers are drawn. */
export interface UniformOptions {
  /** Names the random numbers: two maps of a step must not share a name. */
  readonly stream: string;
  /** Extents, any number of them. */
  readonly shape: readonly number[];
  /**
   * Whether the first extent counts images: then each image has numbers of its own, by its place in the optimizer's step, so that
   * micro-batches draw what the whole batch would. Else the numbers are drawn once a step, and are the same in each micro-batch.
   */
  readonly byImage: boolean;
  /** u32 map [1, 1, 4]: seed, epoch, step, first sample of a micro-batch. */
  readonly counters: Tensor;
}

/** Entries that the draws of one sample can number. */
const MOST = 2 ** 31;

/**
 * Draws numbers uniform over [0, 1), in steps of 2⁻²⁴. No gradient flows from them.
 *
 * They are a function of (seed, stream, epoch, step, sample, entry) alone; see random.ts.
 *
 * @returns A f32 map of the shape.
 * @throws {ShapeError} If the counters are no such map, an extent is not a positive integer, or there are 2³¹ entries or more.
 */
export function uniformMap(graph: Graph, { stream, shape, byImage, counters }: UniformOptions): Tensor {
  checkMap(`draw random numbers "${stream}"`, counters, "u32", [1, 1, 4]);
  const values = graph.tensor({ label: `uniform ${stream}`.slice(0, 60), shape, layout: "map" });
  const entries = shape.reduce((product, extent) => product * extent, 1);
  if (shape.length === 0 || entries >= MOST) {
    throw new ShapeError(
      `Cannot draw random numbers "${stream}" of shape [${shape}]: it must have extents, and fewer than 2³¹ entries`,
    );
  }
  const samples = byImage ? shape[0]! : 1, length = entries / samples;
  const blocks = Math.ceil(length / 4), count = samples * blocks;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [counters],
    writes: [values],
    uniforms: { blocks, count, length, stride, stream: fnv1a32(stream) },
    constants: { BY_IMAGE: byImage ? 1 : 0 },
    groups,
    loops: 0,
  });
  return values;
}
