/** What one of CCVC's branches tells the other, and how much each pixel counts. CCVC §2.2. @module */
import { conflictWeights, type ConflictWeightsOptions } from "../../../kernels/ops/label/conflict_weights.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import { forBoth, type Pair } from "../both.ts";
import { type Confidence, label, mix, only, type Scores, type Target } from "../parts.ts";
import type { Scalar } from "../schedule.ts";
import type { Step } from "../step.ts";

/** How much a pixel counts, by whether the branches agree and whether the labeling one is confident. */
export interface Weighting {
  readonly confidence: Confidence;
  readonly threshold: Scalar;
  readonly weights: ConflictWeightsOptions["weights"];
}

/** Each branch's arg-max, and the weight of each pixel by {@linkcode Weighting}; detached. */
export function pseudoLabels(step: Step, predictions: Pair<Scores>, weighting: Weighting): Pair<Target> {
  const { confidence, weights, threshold } = weighting;
  const labels = forBoth((own) => label(step, predictions[own], confidence));
  if (Object.values(weights).every((weight) => weight === 1)) {
    return forBoth((own) => ({ labels: labels[own].labels }));
  }
  return forBoth((own, other) => ({
    labels: labels[own].labels,
    weights: conflictWeights(step.graph, {
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
    const target = targets[own];
    return options.weights
      ? mix(step, target, boxes)
      : { ...target, labels: mix(step, target.labels, boxes) };
  });
}

/** Targets with 255 where there is only padding. */
export function onValidPixels(step: Step, targets: Pair<Target>, validity: Tensor): Pair<Target> {
  return forBoth((own) => ({
    ...targets[own],
    labels: only(step, targets[own].labels, validity),
  }));
}
