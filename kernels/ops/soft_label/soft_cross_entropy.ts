import { ShapeError } from "../../errors.ts";
import type { Graph, Loss } from "../../graph.ts";
import { elementwise, WORKGROUP } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import { finishLoss, lossChunks } from "../loss/finish_loss.ts";
import source from "./soft_cross_entropy.wgsl" with { type: "text" };
import gradientSource from "./soft_cross_entropy_gradient.wgsl" with { type: "text" };

const forward = defineKernel({
  name: "soft_cross_entropy",
  source,
  uniforms: { pixels: "u32", stride: "u32" },
  reads: { logits: "vec4f", targets: "vec4f", weights: "f32", counts: "u32" },
  writes: { partials: "vec4f" },
});
const gradient = defineKernel({
  name: "soft_cross_entropy_gradient",
  source: gradientSource,
  uniforms: { pixels: "u32", stride: "u32", factor: "f32" },
  reads: { logits: "vec4f", targets: "vec4f", weights: "f32", scale: "f32" },
  writes: { slopes: "vec4f" },
});

/** What the cross-entropy with a distribution is taken with. */
export interface SoftCrossEntropyOptions {
  /** Name of the loss. */
  readonly label: string;
  /** f32 map [N, h, w]: of each pixel. */
  readonly weights: Tensor;
  /** u32 map [N, h, w]: the sum is divided by how many pixels are not 0 in it, whatever they weigh. */
  readonly counted: Tensor;
}

/**
 * The cross-entropy of class scores with a distribution of each pixel, at the scores' own size:
 * Σ weight · −Σ target · log softmax(logits) / pixels counted. Over no pixel it is 0, and so is its gradient.
 *
 * @param logits f32[N, h, w, C], any range.
 * @param targets f32[N, h, w, C]: probabilities of each pixel, which sum to 1; constants to the gradient.
 * @throws {ShapeError} If the shapes do not suit, or scores are stored in f16.
 */
export function softCrossEntropy(
  graph: Graph,
  logits: Tensor,
  targets: Tensor,
  { label, weights, counted }: SoftCrossEntropyOptions,
): Loss {
  const { batch, height, width, channels } = imageExtents(logits), { shape } = logits;
  const action = `take the cross-entropy of ${logits.label} [${shape}]`;
  if (`${targets.shape}` !== `${shape}` || targets.layout !== logits.layout || logits.dtype !== "f32") {
    throw new ShapeError(
      `Cannot ${action} (${logits.dtype}) with ${targets.label} [${targets.shape}]: f32 tensors of one shape are needed`,
    );
  }
  checkMap(action, weights, "f32", [batch, height, width]);
  checkMap(action, counted, "u32", [batch, height, width]);
  const pixels = batch * height * width, chunks = lossChunks(pixels);
  const constants = { VECTORS: padded(channels) / 4, CLASSES: channels };
  const partials = graph.tensor({ label: `${label} partials`, shape: [chunks, 4] });
  graph.launch({
    kernel: forward,
    reads: [logits, targets, weights, counted],
    writes: [partials],
    uniforms: { pixels, stride: chunks },
    constants,
    groups: [chunks / WORKGROUP, 1, 1],
    loops: Math.ceil(pixels / chunks),
  });
  const { value, scale } = finishLoss(graph, partials, { label, denominator: "weights" });
  return {
    label,
    value,
    backward(graph, weight) {
      if (!logits.tracked) return [];
      const slopes = graph.gradientLike(logits), { groups, stride } = elementwise(pixels);
      graph.launch({
        kernel: gradient,
        reads: [logits, targets, weights, scale],
        writes: [slopes],
        uniforms: { pixels, stride, factor: weight },
        constants,
        groups,
        loops: 0,
      });
      return [[logits, slopes]];
    },
  };
}
