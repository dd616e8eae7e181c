import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import type { Tensor } from "../../tensor.ts";
import type { GroupStatistics } from "../convolution/convolution.ts";
import groupsSource from "./batch_norm_groups.wgsl" with { type: "text" };
import momentsSource from "./batch_norm_moments.wgsl" with { type: "text" };
import sharedMomentsSource from "./batch_norm_moments_shared.wgsl" with { type: "text" };
import statisticsSource from "./batch_norm_statistics.wgsl" with { type: "text" };
import { chunkUniforms, type Moments, type NormLayout } from "./batch_norm_layout.ts";
import { chunkSums, pixelChunks } from "./channel_lanes.ts";
import { synchronizedMoments } from "./synchronized.ts";

const pixelSums = defineKernel({
  name: "batch_norm_statistics",
  source: statisticsSource,
  uniforms: chunkUniforms,
  reads: { x: "vec4f" },
  writes: { partials: "vec4f", pivots: "vec4f" },
});
const groupSums = defineKernel({
  name: "batch_norm_groups",
  source: groupsSource,
  uniforms: {
    lanes: "u32",
    pixels: "u32",
    group_pixels: "u32",
    groups: "u32",
    chunk_groups: "u32",
    chunks: "u32",
    passes: "u32",
  },
  reads: { statistics: "vec4f" },
  writes: { partials: "vec4f", pivots: "vec4f" },
});
/** By {@linkcode chunkSums}: each invocation by itself, and together. */
const moments = [momentsSource, sharedMomentsSource].map((source, shared) =>
  defineKernel({
    name: shared ? "batch_norm_moments_shared" : "batch_norm_moments",
    source,
    uniforms: { lanes: "u32", chunks: "u32", passes: "u32", pixels: "f32", momentum: "f32" },
    reads: { pivots: "vec4f", partials: "vec4f" },
    writes: {
      mean: "vec4f",
      variance: "vec4f",
      running_mean: "vec4f",
      running_variance: "vec4f",
      after_mean: "vec4f",
      after_variance: "vec4f",
    },
  })
);

/** What the moments of a batch are taken with. */
export interface MomentOptions {
  /** [C] each; updated in place, pass by pass. */
  readonly running: Moments;
  /** Share of a pass in the new running statistics. */
  readonly momentum: number;
  /** What the convolution that made x has left of each of the passes; without it x is read once more. */
  readonly statistics?: GroupStatistics | undefined;
  /** Where to leave the running statistics as each of the passes left them: each [passes, C]. */
  readonly afterEach?: Moments | undefined;
}

/** Launches the moments of each pass of x, [passes, C] each, and the update of the running statistics by them. */
export function batchMoments(graph: Graph, x: Tensor, layout: NormLayout, options: MomentOptions): Moments {
  const { passes, pixels, channels, lanes } = layout;
  const { running, momentum, statistics } = options;
  const room = (label: string) => graph.tensor({ label, shape: [passes, channels] });
  const mean = room(`${x.label} mean`), variance = room(`${x.label} variance`);
  const each = options.afterEach ?? { mean: room("unused"), variance: room("unused") };
  const { share } = graph.options;
  // Where parts of the batch are computed elsewhere, the running statistics wait for what they have found.
  const [moved, left] = share
    ? [{ mean: room("unused"), variance: room("unused") }, { mean: room("unused"), variance: room("unused") }]
    : [running, each];
  const pivots = room(`${x.label} pivots`);
  const { partials, chunks } = statistics
    ? sumsOfGroups(graph, x, layout, pivots, statistics)
    : sumsOfPixels(graph, x, layout, pivots);
  const added = chunkSums(graph.sharing, passes, chunks, lanes);
  graph.launch({
    kernel: moments[added.shared]!,
    reads: [pivots, partials],
    writes: [mean, variance, moved.mean, moved.variance, left.mean, left.variance],
    uniforms: { lanes, chunks, passes, pixels, momentum },
    ...added.launch,
  });
  const own = { mean, variance };
  return share ? synchronizedMoments(graph, own, layout, { running, momentum, each }) : own;
}

/**
 * Sums of deviations from a pivot, which is the first pixel of each pass or the mean of its first group and is left besides, and of
 * their squares.
 */
interface PartialSums {
  /** [passes, chunks, 2, C]. */
  readonly partials: Tensor;
  readonly chunks: number;
}

function sumsOfPixels(graph: Graph, x: Tensor, layout: NormLayout, pivots: Tensor): PartialSums {
  const { chunked: { chunks, constants, groups, loops } } = layout;
  const partials = partialSums(graph, x, layout, chunks);
  graph.launch({
    kernel: pixelSums,
    reads: [x],
    writes: [partials, pivots],
    uniforms: layout.chunkValues,
    constants,
    groups,
    loops,
  });
  return { partials, chunks };
}

function sumsOfGroups(
  graph: Graph,
  x: Tensor,
  layout: NormLayout,
  pivots: Tensor,
  { tensor, groupPixels }: GroupStatistics,
): PartialSums {
  const { passes, pixels, lanes } = layout;
  const groups = tensor.shape[1]!, { chunkPixels: chunkGroups, chunks } = pixelChunks(passes, groups, lanes);
  const partials = partialSums(graph, x, layout, chunks);
  graph.launch({
    kernel: groupSums,
    reads: [tensor],
    writes: [partials, pivots],
    uniforms: {
      lanes,
      pixels,
      group_pixels: groupPixels,
      groups,
      chunk_groups: chunkGroups,
      chunks,
      passes,
    },
    groups: [Math.ceil(passes * chunks * lanes / WORKGROUP), 1, 1],
    loops: chunkGroups,
  });
  return { partials, chunks };
}

/** Room for two sums of each chunk and channel. */
export function partialSums(
  graph: Graph,
  x: Tensor,
  { passes, channels }: NormLayout,
  chunks: number,
): Tensor {
  return graph.tensor({ label: `${x.label} sums`, shape: [passes, chunks, 2, channels] });
}
