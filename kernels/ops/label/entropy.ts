import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./entropy.wgsl" with { type: "text" };
import { type LogitsSize, walkIncludes, walkLogits, walkUniforms } from "../loss/upsampled_logits.ts";

const kernel = defineKernel({
  name: "entropy",
  source,
  includes: walkIncludes,
  uniforms: { ...walkUniforms, scale: "f32" },
  reads: { logits: "vec4f" },
  writes: { entropy: "f32" },
});

/**
 * The entropy of each pixel's softmax, −Σ p · ln p: how unsure a network is. No gradient flows through it: what is decided by it is
 * constant.
 *
 * @param logits [N, h, w, C], finite.
 * @param options.scale Multiplies the logits first, 1 unless told, more than 0; ½ makes the mean of a sum of two.
 * @param options.size Pixels H × W, h × w unless told; logits between the stored ones are interpolated bilinearly.
 * @returns A f32 map [N, H, W], in nats: from 0, where one class has it all, to ln C, where all are alike.
 * @throws {ShapeError} If the logits are no image, or larger than the size.
 * @see Shannon, A Mathematical Theory of Communication, 1948; its use on pseudo labels: Wang et al., CVPR 2022,
 *   https://arxiv.org/abs/2203.03884
 */
export function entropy(
  graph: Graph,
  logits: Tensor,
  options: { scale?: number; size?: LogitsSize } = {},
): Tensor {
  const { shape, uniforms, constants, groups, loops } = walkLogits(logits, options.size);
  const map = graph.tensor({ label: `${logits.label} entropy`, shape, layout: "map" });
  graph.launch({
    kernel,
    reads: [logits],
    writes: [map],
    uniforms: { ...uniforms, scale: options.scale ?? 1 },
    constants,
    groups,
    loops,
  });
  return map;
}
