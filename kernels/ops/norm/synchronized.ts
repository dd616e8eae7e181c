/** What batch norms know of a batch whose parts are computed side by side, each by a graph of its own. @module */
import type { Graph } from "../../graph.ts";
import { elementwise, WORKGROUP } from "../../launch.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import type { Moments, NormLayout } from "./batch_norm_layout.ts";
import coefficientsSource from "./batch_norm_synchronized_coefficients.wgsl" with { type: "text" };
import momentsSource from "./batch_norm_synchronized_moments.wgsl" with { type: "text" };
import rowSource from "./gathered_row.wgsl" with { type: "text" };

const row = defineKernel({
  name: "gathered_row",
  source: rowSource,
  uniforms: { count: "u32", row: "u32", stride: "u32" },
  reads: { own: "vec4f" },
  writes: { all: "vec4f" },
});
const moments = defineKernel({
  name: "batch_norm_synchronized_moments",
  source: momentsSource,
  uniforms: { lanes: "u32", parts: "u32", passes: "u32", pixels: "f32", momentum: "f32" },
  reads: { means: "vec4f", variances: "vec4f" },
  writes: {
    mean: "vec4f",
    variance: "vec4f",
    running_mean: "vec4f",
    running_variance: "vec4f",
    after_mean: "vec4f",
    after_variance: "vec4f",
  },
});
const coefficients = defineKernel({
  name: "batch_norm_synchronized_coefficients",
  source: coefficientsSource,
  uniforms: { lanes: "u32", parts: "u32", count: "u32" },
  reads: { all: "vec4f" },
  writes: { coefficients: "vec4f" },
});

/** What the host brings from all graphs, [size, …shape], by rank. */
function gathered(graph: Graph, own: Tensor, rank: number, size: number): Tensor {
  const all = graph.tensor({ label: `${own.label} of all`, shape: [size, ...own.shape] });
  const count = own.bytes / 16, { groups, stride } = elementwise(count);
  graph.launch({
    kernel: row,
    reads: [own],
    writes: [all],
    uniforms: { count, row: rank, stride },
    groups,
    loops: 0,
    gathers: true,
  });
  return all;
}

/**
 * Launches the moments of a batch from those of its parts, and the update of the running statistics by them: exact, by the
 * parts' own means and the deviations from these.
 *
 * @param own Of this part by itself.
 * @param options.running As for `batchMoments`.
 * @see Chan, Golub, LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979
 */
export function synchronizedMoments(
  graph: Graph,
  own: Moments,
  { passes, pixels, lanes }: NormLayout,
  { running, momentum, each }: {
    readonly running: Moments;
    readonly momentum: number;
    readonly each: Moments;
  },
): Moments {
  const { rank, size } = graph.options.share!;
  // Side by side, so that the host brings both at once.
  const means = gathered(graph, own.mean, rank, size), variances = gathered(graph, own.variance, rank, size);
  const mean = graph.gradientLike(own.mean), variance = graph.gradientLike(own.variance);
  graph.launch({
    kernel: moments,
    reads: [means, variances],
    writes: [mean, variance, running.mean, running.variance, each.mean, each.variance],
    uniforms: { lanes, parts: size, passes, pixels: size * pixels, momentum },
    groups: [Math.ceil(lanes / WORKGROUP), 1, 1],
    loops: passes * (1 + 2 * size),
  });
  return { mean, variance };
}

/** Launches what the gradients of all parts' images need of each channel, from what this part has by itself, [passes, 5, C]. */
export function synchronizedCoefficients(graph: Graph, own: Tensor, { lanes }: NormLayout): Tensor {
  const { rank, size } = graph.options.share!, all = gathered(graph, own, rank, size);
  const found = graph.tensor({ label: own.label, shape: own.shape }), count = own.bytes / 16;
  graph.launch({
    kernel: coefficients,
    reads: [all],
    writes: [found],
    uniforms: { lanes, parts: size, count },
    groups: [Math.ceil(count / WORKGROUP), 1, 1],
    loops: size,
  });
  return found;
}
