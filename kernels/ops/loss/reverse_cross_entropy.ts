import type { Graph, Loss } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./reverse_cross_entropy.wgsl" with { type: "text" };
import { finishLoss } from "./finish_loss.ts";
import { logitsGradient, slopesOf } from "./logits_gradient.ts";
import { type LogitsSize, walkIncludes, walkLogits, walkUniforms } from "./upsampled_logits.ts";

const interfaceOf = {
  file: "reverse_cross_entropy.wgsl",
  source,
  includes: walkIncludes,
  uniforms: { ...walkUniforms, ignore: "u32", cost: "f32" },
  reads: { logits: "vec4f", labels: "u32", weights: "f32" },
} as const;
const sloped = defineKernel({
  ...interfaceOf,
  name: "reverse_cross_entropy",
  writes: { partials: "vec4f", slopes: "vec4f" },
});
const valued = defineKernel({
  ...interfaceOf,
  name: "reverse_cross_entropy_value",
  writes: { partials: "vec4f" },
});

/** What stands for log 0: the logarithm of this. */
const LEAST = 1e-4;

/** How a pixel counts. */
export interface ReverseCrossEntropyOptions {
  /** Name of the loss, as in "noisy_rce". */
  readonly label: string;
  /** The label of pixels that take no part; 255 unless told. */
  readonly ignore?: number;
  /** Pixels H × W, h × w unless told; logits between the stored ones are interpolated bilinearly. */
  readonly size?: LogitsSize;
  /** f32 map [N, H, W]: w of each pixel. A constant to the gradient. */
  readonly weights: Tensor;
}

/**
 * Reverse cross-entropy, where the labels are the prediction's and the softmax is the target's:
 * Σ w · −Σ softmax · log(max(onehot, 1e-4)) / (N·H·W), which comes to Σ w · 9.21 · (1 − softmax[label]) / (N·H·W). It is bounded,
 * so that a wrong label pulls no harder than 9.21.
 *
 * Pixels whose label is `ignore`, or no class at all, take no part, get a gradient of 0 and stay in the denominator.
 *
 * One pass over the pixels gives the value and, where the logits are tracked, what becomes the gradient.
 *
 * @param logits [N, h, w, C], any range.
 * @param labels u32 map [N, H, W].
 * @throws {ShapeError} If a map does not fit the logits.
 * @see Wang et al., "Symmetric cross entropy for robust learning with noisy labels", ICCV 2019, eq. 6; there log 0 is −4.
 */
export function reverseCrossEntropy(
  graph: Graph,
  logits: Tensor,
  labels: Tensor,
  options: ReverseCrossEntropyOptions,
): Loss {
  const { label, ignore = 255, weights } = options;
  const walk = walkLogits(logits, options.size);
  const { shape, count, constants } = walk, [batch, height, width] = shape;
  checkMap(`take the reverse cross-entropy of ${logits.label} [${logits.shape}]`, labels, "u32", shape);
  checkMap(`weigh the reverse cross-entropy of ${logits.label} [${logits.shape}]`, weights, "f32", shape);
  const partials = graph.tensor({ label: `${label} partials`, shape: [count, 4] });
  const slopes = slopesOf(graph, walk, label);
  graph.launch({
    kernel: logits.tracked ? sloped : valued,
    reads: [logits, labels, weights],
    writes: [partials, ...(logits.tracked ? [slopes] : [])],
    uniforms: { ...walk.uniforms, ignore, cost: -Math.log(LEAST) },
    constants: { ...constants, GRADIENT: Number(logits.tracked) },
    groups: walk.groups,
    loops: walk.loops,
  });
  const { value, scale } = finishLoss(graph, partials, { label, denominator: batch * height * width });
  return {
    label,
    value,
    backward: (graph, weight) =>
      logits.tracked ? [[logits, logitsGradient(graph, logits, { walk, slopes, scale, label, weight })]] : [],
  };
}
