import type { Graph, Loss } from "../graph.ts";
import { defineKernel } from "../kernel.ts";
import { elementwise, WORKGROUP } from "../launch.ts";
import { checkMap } from "../maps.ts";
import { imageExtents, padded, type Tensor } from "../tensor.ts";
import forwardSource from "../wgsl/softmax_cross_entropy.wgsl" with { type: "text" };
import gradientSource from "../wgsl/softmax_cross_entropy_gradient.wgsl" with { type: "text" };
import { finishLoss, lossChunks } from "./finish_loss.ts";

const forward = {
  source: forwardSource,
  uniforms: { pixels: "u32", vectors: "u32", classes: "u32", ignore: "u32", stride: "u32" },
  writes: ["partials", "norms"],
} as const;
const gradient = {
  source: gradientSource,
  uniforms: { pixels: "u32", vectors: "u32", classes: "u32", ignore: "u32", factor: "f32", stride: "u32" },
  writes: ["gradient"],
} as const;
const plain = {
  forward: defineKernel({ ...forward, name: "softmax_cross_entropy", reads: ["logits", "labels"] }),
  gradient: defineKernel({
    ...gradient,
    name: "softmax_cross_entropy_gradient",
    reads: ["logits", "labels", "norms", "scale"],
  }),
};
const weighted = {
  forward: defineKernel({
    ...forward,
    name: "softmax_cross_entropy_weighted",
    reads: ["logits", "labels", "weights"],
  }),
  gradient: defineKernel({
    ...gradient,
    name: "softmax_cross_entropy_weighted_gradient",
    reads: ["logits", "labels", "norms", "scale", "weights"],
  }),
};

/** What a sum of pixels' cross-entropies is weighed and divided by. */
export interface SoftmaxCrossEntropyOptions {
  /** Name of the loss, as in "supervised 1". */
  readonly label: string;
  /** The label of pixels that take no part; 255 unless told. */
  readonly ignore?: number;
  /** f32 map [N, H, W]: w of each pixel; 1 unless given. A constant to the gradient. */
  readonly weights?: Tensor;
  /**
   * - `valid`: the count of pixels that take part, whatever their weights;
   * - `weights`: the sum of their weights;
   * - `all`: N·H·W.
   */
  readonly denominator: "valid" | "weights" | "all";
}

/**
 * Softmax cross-entropy by class indices: Σ w · (log Σ exp(logits) − logits[label]) / denominator.
 *
 * Pixels whose label is `ignore`, or no class at all, take no part and get a gradient of 0. Where the denominator is 0
 * (not one pixel takes part) the value is 0 and so are all gradients; PyTorch gives NaN there, which would end a run for
 * one batch of padding.
 *
 * The forward pass keeps two numbers a pixel, from which the gradient recomputes the softmax.
 *
 * @param logits [N, H, W, C], any range.
 * @param labels u32 map [N, H, W].
 * @throws {ShapeError} If the maps do not fit the logits.
 */
export function softmaxCrossEntropy(
  graph: Graph,
  logits: Tensor,
  labels: Tensor,
  options: SoftmaxCrossEntropyOptions,
): Loss {
  const { label, ignore = 255, weights, denominator } = options;
  const { batch, height, width, channels } = imageExtents(logits);
  const shape = [batch, height, width];
  checkMap(`take the cross-entropy of ${logits.label} [${logits.shape}]`, labels, "u32", shape);
  if (weights) {
    checkMap(`weigh the cross-entropy of ${logits.label} [${logits.shape}]`, weights, "f32", shape);
  }

  const pixels = batch * height * width;
  const vectors = padded(channels) / 4;
  const extents = { pixels, vectors, classes: channels, ignore };
  const kernels = weights ? weighted : plain;
  const extra = weights ? [weights] : [];
  const constants = { WEIGHTED: weights ? 1 : 0 };
  const chunks = lossChunks(pixels);
  const partials = graph.tensor({ label: `${label} partials`, shape: [chunks, 4] });
  const norms = graph.tensor({ label: `${label} norms`, shape: [...shape, 2], layout: "map" });
  graph.launch({
    kernel: kernels.forward,
    reads: [logits, labels, ...extra],
    writes: [partials, norms],
    uniforms: { ...extents, stride: chunks },
    constants,
    groups: [chunks / WORKGROUP, 1, 1],
    loops: Math.ceil(pixels / chunks) * (vectors + 1),
  });
  const { value, scale } = finishLoss(graph, partials, {
    label,
    denominator: denominator === "all" ? pixels : denominator,
  });
  return {
    label,
    value,
    seed(graph, weight) {
      if (!logits.tracked) return [];
      const result = graph.tensor({
        label: `∂${label}/∂${logits.label}`.slice(0, 60),
        shape: logits.shape,
        dtype: logits.dtype,
      });
      const { groups, stride } = elementwise(pixels);
      graph.launch({
        kernel: kernels.gradient,
        reads: [logits, labels, norms, scale, ...extra],
        writes: [result],
        uniforms: { ...extents, factor: weight, stride },
        constants,
        groups,
        loops: vectors,
      });
      return [[logits, result]];
    },
  };
}
