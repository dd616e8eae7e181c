import { ShapeError } from "../../errors.ts";
import type { Graph, Loss } from "../../graph.ts";
import { elementwise, WORKGROUP } from "../../launch.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, storedVectors, type Tensor } from "../../tensor.ts";
import { finishLoss, lossChunks } from "../loss/finish_loss.ts";
import source from "./sigmoid_cross_entropy.wgsl" with { type: "text" };
import gradientSource from "./sigmoid_cross_entropy_gradient.wgsl" with { type: "text" };

const reads = { scores: "vec4f", targets: "vec4f" } as const;
const forward = defineKernel({
  name: "sigmoid_cross_entropy",
  source,
  uniforms: { count: "u32", classes: "u32", stride: "u32" },
  reads,
  writes: { partials: "vec4f" },
});
const gradient = defineKernel({
  name: "sigmoid_cross_entropy_gradient",
  source: gradientSource,
  uniforms: { count: "u32", classes: "u32", stride: "u32", factor: "f32" },
  reads,
  writes: { slopes: "vec4f" },
});

/**
 * The mean over all entries of the sigmoid cross-entropy, −t · ln σ(s) − (1 − t) · ln(1 − σ(s)): each class is told of by itself.
 *
 * @param scores [N, H, W, C], any range.
 * @param targets f32[N, H, W, C], in [0, 1]; constants to the gradient.
 * @param options.label Name of the loss.
 * @throws {ShapeError} If the shapes differ.
 */
export function sigmoidCrossEntropy(
  graph: Graph,
  scores: Tensor,
  targets: Tensor,
  { label }: { readonly label: string },
): Loss {
  const { batch, height, width, channels } = imageExtents(scores), { shape } = scores;
  if (`${targets.shape}` !== `${shape}` || targets.layout !== scores.layout) {
    throw new ShapeError(
      `Cannot take the sigmoid cross-entropy of ${scores.label} [${shape}] with ${targets.label} [${targets.shape}]: ` +
        "the shapes must be equal",
    );
  }
  const count = storedVectors(scores),
    chunks = lossChunks(count),
    entries = batch * height * width * channels;
  const constants = { VECTORS: padded(channels) / 4 };
  const partials = graph.tensor({ label: `${label} partials`, shape: [chunks, 4] });
  graph.launch({
    kernel: forward,
    reads: [scores, targets],
    writes: [partials],
    uniforms: { count, classes: channels, stride: chunks },
    constants,
    groups: [chunks / WORKGROUP, 1, 1],
    loops: Math.ceil(count / chunks),
  });
  const { value } = finishLoss(graph, partials, { label, denominator: entries });
  return {
    label,
    value,
    backward(graph, weight) {
      if (!scores.tracked) return [];
      const slopes = graph.gradientLike(scores), { groups, stride } = elementwise(count);
      graph.launch({
        kernel: gradient,
        reads: [scores, targets],
        writes: [slopes],
        uniforms: { count, classes: channels, stride, factor: weight / entries },
        constants,
        groups,
        loops: 0,
      });
      return [[scores, slopes]];
    },
  };
}
