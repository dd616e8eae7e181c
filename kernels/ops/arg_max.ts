import type { Graph } from "../graph.ts";
import { defineKernel } from "../kernel.ts";
import { elementwise } from "../launch.ts";
import { imageExtents, padded, type Tensor } from "../tensor.ts";
import source from "../wgsl/arg_max.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "arg_max",
  source,
  uniforms: { pixels: "u32", vectors: "u32", classes: "u32", stride: "u32", scale: "f32" },
  reads: ["logits"],
  writes: ["labels", "confidence"],
});

/**
 * The most likely class of each pixel. No gradient flows through it: pseudo-labels are constants.
 *
 * @param logits [N, H, W, C], finite.
 * @param options.confidence What is told of the winner: its raw `logit`, any range, or its softmax `probability`, (0, 1].
 * @param options.scale Multiplies the logits first, 1 unless told, more than 0; ½ makes the mean of a sum of two.
 * @returns `labels`, a u32 map [N, H, W], of several equal logits the first; `confidence`, a f32 map [N, H, W].
 * @throws {ShapeError} If the logits are no image.
 */
export function argMax(
  graph: Graph,
  logits: Tensor,
  options: { confidence: "logit" | "probability"; scale?: number },
): { labels: Tensor; confidence: Tensor } {
  const { batch, height, width, channels } = imageExtents(logits);
  const shape = [batch, height, width];
  const labels = graph.tensor({ label: `${logits.label} labels`, shape, dtype: "u32", layout: "map" });
  const confidence = graph.tensor({ label: `${logits.label} confidence`, shape, layout: "map" });
  const pixels = batch * height * width;
  const vectors = padded(channels) / 4;
  const { groups, stride } = elementwise(pixels);
  graph.launch({
    kernel,
    reads: [logits],
    writes: [labels, confidence],
    uniforms: { pixels, vectors, classes: channels, stride, scale: options.scale ?? 1 },
    constants: { PROBABILITY: options.confidence === "probability" ? 1 : 0 },
    groups,
    loops: vectors,
  });
  return { labels, confidence };
}
