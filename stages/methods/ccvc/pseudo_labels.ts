/** What one of CCVC's branches tells the other, and how much each pixel counts. CCVC §2.2. @module */
import { conflictWeights, type ConflictWeightsOptions } from "../../../kernels/ops/label/conflict_weights.ts";
import type { Tensor } from "../../../kernels/tensor.ts";
import { forBoth, type Pair, tellConflict } from "../both.ts";
import { type Confidence, label, mix, only, type Scores, share, type Target } from "../parts.ts";
import type { Scalar } from "../schedule.ts";
import type { Step } from "../step.ts";

/** How much a pixel counts, by whether the branches agree and whether the labeling one is confident. */
export interface Weighting {
  readonly confidence: Confidence;
  readonly threshold: Scalar;
  readonly weights: ConflictWeightsOptions["weights"];
}

/**
 * Each branch's arg-max, and the weight of each pixel by {@linkcode Weighting}; detached.
 *
 * @param toldOf u32 map [N, H, W]: among its pixels that are not 0, the shares of those in conflict, of those that each branch is
 *   confident of, and of those that are both, are told.
 */
export function pseudoLabels(
  step: Step,
  predictions: Pair<Scores>,
  weighting: Weighting,
  toldOf?: Tensor,
): Pair<Target> {
  const { confidence, weights, threshold } = weighting;
  const labels = forBoth((own) => label(step, predictions[own], confidence));
  const weigh = (own: 0 | 1, weights: ConflictWeightsOptions["weights"]) =>
    conflictWeights(step.graph, {
      labels: labels[own].labels,
      otherLabels: labels[1 - own]!.labels,
      confidence: labels[own].confidence,
    }, { threshold, weights });
  if (toldOf) {
    tellConflict(step, labels, () => toldOf);
    // A pixel's weight is 1 in the cases that are counted.
    const tellSure = (own: 0 | 1, name: string, agreeConfident: number) => {
      const sure = { agreeConfident, agreeUnconfident: 0, conflictConfident: 1, conflictUnconfident: 0 };
      step.tell(`${name}${own + 1}`, () => share(step, weigh(own, sure), { mask: toldOf }));
    };
    forBoth((own) => tellSure(own, "confident", 1));
    forBoth((own) => tellSure(own, "confident_conflict", 0));
  }
  if (Object.values(weights).every((weight) => weight === 1)) {
    return forBoth((own) => ({ labels: labels[own].labels }));
  }
  return forBoth((own) => ({ labels: labels[own].labels, weights: weigh(own, weights) }));
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
