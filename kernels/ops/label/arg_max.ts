import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./arg_max.wgsl" with { type: "text" };
import { type LogitsSize, walkIncludes, walkLogits, walkUniforms } from "../loss/upsampled_logits.ts";

const kernel = defineKernel({
  name: "arg_max",
  source,
  includes: walkIncludes,
  uniforms: { ...walkUniforms, scale: "f32" },
  reads: { logits: "vec4f" },
  writes: { labels: "u32", confidence: "f32" },
});

/**
 * The most likely class of each pixel. No gradient flows through it: pseudo-labels are constants.
 *
 * @param logits [N, h, w, C], finite.
 * @param options.confidence What is told of the winner: its raw `logit`, any range, or its softmax `probability`, (0, 1].
 * @param options.scale Multiplies the logits first, 1 unless told, more than 0; ½ makes the mean of a sum of two.
 * @param options.size Pixels H × W, h × w unless told; logits between the stored ones are interpolated bilinearly.
 * @returns `labels`, a u32 map [N, H, W], of several equal logits the first; `confidence`, a f32 map [N, H, W].
 * @throws {ShapeError} If the logits are no image, or larger than the size.
 */
export function argMax(
  graph: Graph,
  logits: Tensor,
  options: { confidence: "logit" | "probability"; scale?: number; size?: LogitsSize },
): { labels: Tensor; confidence: Tensor } {
  const { shape, uniforms, constants, groups, loops } = walkLogits(logits, options.size);
  const labels = graph.tensor({ label: `${logits.label} labels`, shape, dtype: "u32", layout: "map" });
  const confidence = graph.tensor({ label: `${logits.label} confidence`, shape, layout: "map" });
  graph.launch({
    kernel,
    reads: [logits],
    writes: [labels, confidence],
    uniforms: { ...uniforms, scale: options.scale ?? 1 },
    constants: { ...constants, PROBABILITY: options.confidence === "probability" ? 1 : 0 },
    groups,
    loops,
  });
  return { labels, confidence };
}
