/** Primitive "Label": what one branch tells the other, and how much each pixel counts. Spec §2.2. @module */
import { argMax } from "../../kernels/ops/arg_max.ts";
import { conflictWeights } from "../../kernels/ops/conflict_weights.ts";
import { maskLabels } from "../../kernels/ops/mask_labels.ts";
import { mixMaps } from "../../kernels/ops/mix_boxes.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import { forBoth, type Pair } from "./both.ts";
import type { Scalar } from "./schedule.ts";
import type { Step } from "./step.ts";

/** Which number is compared with the threshold. */
export type Confidence = "logit" | "probability";

/** How much a pixel counts, by whether the branches agree and whether the labeling one is confident. */
export interface Weighting {
  readonly confidence: Confidence;
  readonly threshold: Scalar;
  readonly weights: {
    readonly agreeConfident: number;
    readonly agreeUnconfident: number;
    readonly conflictConfident: number;
    readonly conflictUnconfident: number;
  };
}

/** A hard target with its pixel weights. */
export interface Target {
  /** u32[N, H, W] */
  readonly labels: Tensor;
  /** f32[N, H, W]; left out where every pixel counts 1. */
  readonly weights?: Tensor;
}

/** Each branch's arg-max, and the weight of each pixel by {@linkcode Weighting}; detached. */
export function pseudoLabels(step: Step, predictions: Pair<Prediction>, weighting: Weighting): Pair<Target> {
  const { graph } = step;
  const { confidence, weights, threshold } = weighting;
  const labels = forBoth((own) => {
    const { logits, size } = predictions[own];
    return argMax(graph, logits, { confidence, size });
  });
  if (Object.values(weights).every((weight) => weight === 1)) return labels;
  return forBoth((own, other) => ({
    labels: labels[own].labels,
    weights: conflictWeights(graph, {
      labels: labels[own].labels,
      otherLabels: labels[other].labels,
      confidence: labels[own].confidence,
    }, { threshold, weights }),
  }));
}

/** Carries targets through CutMix. `weights: false` leaves the weights of the un-mixed image in place, as published. */
export function mixTargets(
  step: Step,
  targets: Pair<Target>,
  boxes: Tensor,
  options: { weights: boolean },
): Pair<Target> {
  return forBoth((own) => {
    const { labels, weights } = targets[own];
    return {
      labels: mixMaps(step.graph, labels, boxes),
      ...(weights && { weights: options.weights ? mixMaps(step.graph, weights, boxes) : weights }),
    };
  });
}

/** Targets with 255 where there is only padding. */
export function onValidPixels(step: Step, targets: Pair<Target>, validity: Tensor): Pair<Target> {
  return forBoth((own) => ({
    ...targets[own],
    labels: maskLabels(step.graph, targets[own].labels, validity),
  }));
}
