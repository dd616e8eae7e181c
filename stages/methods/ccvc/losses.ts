/** CCVC's losses on unlabeled images: agree on labels, differ in features. CCVC §2. @module */
import { cosineDiscrepancy } from "../../../kernels/ops/loss/cosine_discrepancy.ts";
import type { Prediction } from "../../../models/deeplabv3plus.ts";
import { type Pair, termsForBoth } from "../both.ts";
import { crossEntropy, type Target } from "../parts.ts";
import type { Step, Terms } from "../step.ts";

/**
 * Each branch learns the other's labels: `con1` is labeled by branch 1 and trains branch 2. The mean is over all pixels that
 * are not padding, never over selected ones (CCVC §2.2).
 */
export function consistencyTerms(
  step: Step,
  learners: Pair<Prediction>,
  targets: Pair<Target>,
  { suffix = "", weight }: { suffix?: string; weight: number },
): Terms {
  return termsForBoth((own) => `con${own + 1}${suffix}`, (own, other, name) => ({
    loss: crossEntropy(step, name, learners[other], targets[own]),
    weight,
  }));
}

/** 1 + mean cosine of the branches' features, half of the gradient to each (CCVC §2.3). */
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
