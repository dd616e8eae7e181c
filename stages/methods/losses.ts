/** Primitive "Loss": the terms that methods weigh and add. Spec §2. @module */
import { cosineDiscrepancy } from "../../kernels/ops/cosine_discrepancy.ts";
import { ohemLabels, type OhemOptions } from "../../kernels/ops/ohem.ts";
import { softmaxCrossEntropy } from "../../kernels/ops/softmax_cross_entropy.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import type { Target } from "./pseudo_labels.ts";
import { forBoth, type Pair } from "./both.ts";
import type { Step, Term, Terms } from "./step.ts";

/**
 * Cross-entropy of each branch, averaged over labeled pixels; `weight` is for the two together (spec §2.1).
 *
 * @param mining With it, only the pixels that are hard for the branch take part (online hard example mining).
 */
export function supervisedTerms(
  step: Step,
  predictions: Pair<Prediction>,
  labels: Tensor,
  weight: number,
  mining?: OhemOptions,
): Terms {
  return namedForBoth((own) => `ce${own + 1}`, (own, _, label) => {
    const { logits, size } = predictions[own];
    const mined = mining ? ohemLabels(step.graph, logits, labels, { ...mining, size }) : labels;
    const loss = softmaxCrossEntropy(step.graph, logits, mined, {
      label,
      size,
      denominator: "valid",
    });
    return { loss, weight: weight / 2 };
  });
}

/**
 * Each branch learns the other's labels: `con1` is labeled by branch 1 and trains branch 2. The mean is over all pixels that
 * are not padding, never over selected ones (spec §2.2).
 */
export function consistencyTerms(
  step: Step,
  learners: Pair<Prediction>,
  targets: Pair<Target>,
  { suffix = "", weight }: { suffix?: string; weight: number },
): Terms {
  return namedForBoth((own) => `con${own + 1}${suffix}`, (own, other, label) => {
    const { labels, weights } = targets[own];
    const { logits, size } = learners[other];
    const loss = softmaxCrossEntropy(step.graph, logits, labels, {
      label,
      size,
      denominator: "valid",
      ...(weights && { weights }),
    });
    return { loss, weight };
  });
}

/** 1 + mean cosine of the branches' features, half of the gradient to each (spec §2.3). */
export function discrepancyTerm(
  step: Step,
  predictions: Pair<Prediction>,
  name: string,
  weight: number,
): Terms {
  const [one, two] = predictions;
  const loss = cosineDiscrepancy(step.graph, one.features.values, two.features.values, { label: name });
  return { [name]: { loss, weight } };
}

/** A term for each branch, in order, by its name. */
function namedForBoth(
  name: (own: 0 | 1) => string,
  make: (own: 0 | 1, other: 0 | 1, name: string) => Term,
): Terms {
  return Object.fromEntries(forBoth((own, other) => [name(own), make(own, other, name(own))] as const));
}
