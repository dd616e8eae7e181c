/** Parts for labels that may be wrong: whom to trust how far, and a loss that no wrong label dominates. @module */
import type { Loss } from "../../kernels/graph.ts";
import {
  type NoiseWeights,
  noiseWeights as noiseWeightsOf,
  type NoiseWeightsOptions,
} from "../../kernels/ops/label/noise_weights.ts";
import { reverseCrossEntropy as reverseCrossEntropyOf } from "../../kernels/ops/loss/reverse_cross_entropy.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { label, type Scores, type Target } from "./parts.ts";
import type { Step } from "./step.ts";

/**
 * How far labels of images that no person has labeled are left to the network that learns from them: w is its confidence, 1 above
 * `sure`. The weights are 0 in clean images and scaled elsewhere, so that a mean over all pixels is one over those of the noisy
 * images. No gradient flows through it.
 *
 * @param scores What the network says of the images.
 * @param clean u32 map [N, H, W], as a draw of pseudo-labeled images has it: not 0 in images that people have labeled.
 * @param options.shared Whether each noisy image has the mean of all noisy images' w at a place, in place of its own.
 * @returns f32 maps [N, H, W]: `trust` of what the network says, from w, and `distrust` of the label, from 1 − w.
 */
export function noiseWeights(
  step: Pick<Step, "graph">,
  scores: Scores,
  clean: Tensor,
  options: NoiseWeightsOptions,
): NoiseWeights {
  return noiseWeightsOf(step.graph, label(step, scores).confidence, clean, options);
}

/**
 * The reverse cross-entropy, where the scores are what is aimed at and the labels what is said:
 * Σ weight · 9.21 · (1 − softmax(scores)[label]) / (N·H·W). However wrong a label is, it pulls no harder than 9.21.
 *
 * @param name What errors and memory plans call it; that of its term.
 * @param target Labels, of which those of 255 take no part, and their weights.
 * @throws {ShapeError} If the maps do not fit the scores.
 */
export function reverseCrossEntropy(
  { graph }: Pick<Step, "graph">,
  name: string,
  { logits, size }: Scores,
  { labels, weights }: Required<Target>,
): Loss {
  return reverseCrossEntropyOf(graph, logits, labels, { label: name, size, weights });
}
