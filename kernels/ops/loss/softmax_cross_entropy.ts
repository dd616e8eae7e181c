import type { Graph, Loss } from "../../graph.ts";
import { defineKernel, type Kernel } from "../../shader/kernel.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import forwardSource from "./softmax_cross_entropy.wgsl" with { type: "text" };
import { finishLoss } from "./finish_loss.ts";
import { logitsGradient, slopesOf } from "./logits_gradient.ts";
import { type LogitsSize, walkIncludes, walkLogits, walkUniforms } from "./upsampled_logits.ts";

/** The kernel that goes through the pixels, with weights or without, for the value alone or with slopes. */
function forwardKernel(weighted: boolean, sloped: boolean): Kernel {
  return defineKernel({
    name: `softmax_cross_entropy${weighted ? "_weighted" : ""}${sloped ? "" : "_value"}`,
    file: "softmax_cross_entropy.wgsl",
    source: forwardSource,
    includes: walkIncludes,
    uniforms: { ...walkUniforms, ignore: "u32" },
    reads: { logits: "vec4f", labels: "u32", ...(weighted && { weights: "f32" }) },
    writes: { partials: "vec4f", ...(sloped && { slopes: "vec4f" }) },
  });
}
const forward = [false, true].map((weighted) =>
  [false, true].map((sloped) => forwardKernel(weighted, sloped))
);

/** What a sum of pixels' cross-entropies is weighed and divided by. */
export interface SoftmaxCrossEntropyOptions {
  /** Name of the loss, as in "supervised 1". */
  readonly label: string;
  /** The label of pixels that take no part; 255 unless told. */
  readonly ignore?: number;
  /** Pixels H × W, h × w unless told; logits between the stored ones are interpolated bilinearly. */
  readonly size?: LogitsSize;
  /** f32 map [N, H, W]: w of each pixel; 1 unless given. A constant to the gradient. */
  readonly weights?: Tensor;
  /**
   * - `valid`: the count of pixels that take part, whatever their weights;
   * - `weights`: the sum of their weights;
   * - `all weights`: the sum of the weights of all pixels, those that take no part among them;
   * - `all`: N·H·W.
   */
  readonly denominator: "valid" | "weights" | "all weights" | "all";
}

/**
 * Softmax cross-entropy by class indices: Σ w · (log Σ exp(logits) − logits[label]) / denominator.
 *
 * Pixels whose label is `ignore`, or no class at all, take no part and get a gradient of 0. Where the denominator is 0
 * (not one pixel takes part) the value is 0 and so are all gradients; PyTorch gives NaN there, which would end a run for
 * one batch of padding.
 *
 * One pass over the pixels gives the value and, where the logits are tracked, what becomes the gradient: it knows all but
 * the denominator.
 *
 * @param logits [N, h, w, C], any range.
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
  const walk = walkLogits(logits, options.size);
  const { shape, count, constants } = walk;
  checkMap(`take the cross-entropy of ${logits.label} [${logits.shape}]`, labels, "u32", shape);
  if (weights) {
    checkMap(`weigh the cross-entropy of ${logits.label} [${logits.shape}]`, weights, "f32", shape);
  }
  const [batch, height, width] = shape;
  const partials = graph.tensor({ label: `${label} partials`, shape: [count, 4] });
  const slopes = slopesOf(graph, walk, label);
  graph.launch({
    kernel: forward[Number(weights !== undefined)]![Number(logits.tracked)]!,
    reads: [logits, labels, ...(weights ? [weights] : [])],
    writes: [partials, ...(logits.tracked ? [slopes] : [])],
    uniforms: { ...walk.uniforms, ignore },
    constants: {
      ...constants,
      WEIGHTED: weights ? 1 : 0,
      GRADIENT: logits.tracked ? 1 : 0,
      WEIGH_ALL: weights && denominator === "all weights" ? 1 : 0,
    },
    groups: walk.groups,
    loops: walk.loops,
  });
  const { value, scale } = finishLoss(graph, partials, {
    label,
    denominator: denominator === "all" || (denominator === "all weights" && !weights)
      ? batch * height * width
      : denominator === "all weights"
      ? "weights"
      : denominator,
  });
  return {
    label,
    value,
    backward: (graph, weight) =>
      logits.tracked ? [[logits, logitsGradient(graph, logits, { walk, slopes, scale, label, weight })]] : [],
  };
}
