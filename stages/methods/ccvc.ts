/** CCVC: conflict-based cross-view consistency (Wang et al., CVPR 2023). @module */
import type { CcvcInput, CcvcOptions } from "./ccvc/options.ts";
import { ccvcSchema } from "./ccvc/schema.ts";
import { forBoth, supervisedTerms } from "./both.ts";
import { cutMix, labeled, strong, unlabeled, weak } from "../views/specs.ts";
import { consistencyTerms, discrepancyTerm } from "./ccvc/losses.ts";
import { defineMethod, type Method } from "./method.ts";
import { type Trained, trained } from "./networks.ts";
import { mix, type Target } from "./parts.ts";
import { mixTargets, onValidPixels, pseudoLabels, type Weighting } from "./ccvc/pseudo_labels.ts";
import { selfPaced } from "./schedule.ts";
import type { Step, Terms } from "./step.ts";

export type { CcvcInput, CcvcOptions };

const views = {
  labeled: labeled({ image: weak() }),
  unlabeled: unlabeled({ image: weak(), strong: strong(), boxes: cutMix({ partner: "reversed" }) }),
};
type CcvcStep = Step<Record<"branch1" | "branch2", Trained>, typeof views, "threshold">;

const mapped = ({ mappingNorm: norm, dropout }: CcvcOptions) => trained({ mapping: { norm, dropout } });

/**
 * Conflict-based cross-view consistency.
 *
 * @example
 * ```ts
 * import { augment, ccvc, coTrain, load, pipeline } from "@crossview/crossview";
 *
 * export default pipeline("as-published", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: ccvc({ as: "paper", threshold: 0.8 }), backbone: "resnet14" });
 * });
 * ```
 */
export const ccvc: Method<CcvcOptions, CcvcInput, "branch1" | "branch2" | "average"> = defineMethod({
  name: "ccvc",
  version: 1,
  module: import.meta.url,
  options: ccvcSchema,
  networks: (options) => ({
    branch1: options.mapping === "both" ? mapped(options) : trained(),
    branch2: options.mapping === "none" ? trained() : mapped(options),
  }),
  views: () => views,
  schedules: ({ threshold }) => ({ threshold: selfPaced(threshold) }),
  phases: { warmUp: (step) => labelsAlone(step) },
  terms: (step, options) =>
    options.augmentation === "strong" ? strongStep(step, options) : weakStep(step, options),
  predictions: { branch1: "branch1", branch2: "branch2", average: { mean: ["branch1", "branch2"] } },
  headline: "average",
});

/** Both branches learn the labels, each at full weight. */
function labelsAlone(step: CcvcStep): Terms {
  const { image, labels } = step.views.labeled, passes = { labeled: image };
  const seen = [step.train("branch1", passes).labeled, step.train("branch2", passes).labeled] as const;
  return supervisedTerms(step, seen, labels, 1);
}

/** CCVC §3.1: both branches on labeled, then on unlabeled images; the same pass labels and learns. */
function weakStep(step: CcvcStep, options: CcvcOptions): Terms {
  const { labeled, unlabeled } = step.views;
  const passes = { labeled: labeled.image, unlabeled: unlabeled.image };
  const seen = [step.train("branch1", passes), step.train("branch2", passes)] as const;
  const on = {
    labeled: forBoth((own) => seen[own].labeled),
    unlabeled: forBoth((own) => seen[own].unlabeled),
  };
  const targets = onValidPixels(
    step,
    pseudoLabels(step, on.unlabeled, weighting(step, options), unlabeled.validity),
    unlabeled.validity,
  );
  const { supervisedWeight, consistencyWeight, discrepancyWeight } = options;
  return {
    ...supervisedTerms(step, on.labeled, labeled.labels, supervisedWeight / 2, options),
    ...consistencyTerms(step, on.unlabeled, targets, { weight: consistencyWeight / 2 }),
    ...discrepancyTerm(step, on.labeled, "dis_labeled", discrepancyWeight / 2),
    ...discrepancyTerm(step, on.unlabeled, "dis_unlabeled", discrepancyWeight / 2),
  };
}

/** CCVC §3.2: an evaluation-mode pass labels the weak view; the strong, mixed view and the weak one learn. */
function strongStep(step: CcvcStep, options: CcvcOptions): Terms {
  const { labeled, unlabeled } = step.views;
  const { strong, boxes } = unlabeled;
  const passes = {
    labeled: labeled.image,
    mixed: mix(step, strong, boxes),
    raw: unlabeled.image,
  };
  const seen = [step.train("branch1", passes), step.train("branch2", passes)] as const;
  const of = (pass: keyof typeof passes) => forBoth((own) => seen[own][pass]);
  const on = { labeled: of("labeled"), mixed: of("mixed"), raw: of("raw") };
  // As published, by the running statistics that the labeled images have just updated.
  const labeling = [
    step.evaluate("branch1", unlabeled.image, { after: seen[0].labeled }),
    step.evaluate("branch2", unlabeled.image, { after: seen[1].labeled }),
  ] as const;
  const rule = weighting(step, options);
  const labels = pseudoLabels(step, labeling, rule, unlabeled.validity);
  const mixed = mixTargets(step, labels, boxes, { weights: options.mixWeights });
  const mixedTargets = onValidPixels(step, mixed, mix(step, unlabeled.validity, boxes));

  const own = pseudoLabels(step, on.raw, rule);
  const raw = options.rawWeights === "labeling"
    ? [{ ...own[0], ...weightsOf(labels[0]) }, { ...own[1], ...weightsOf(labels[1]) }] as const
    : own;
  const rawTargets = onValidPixels(step, raw, unlabeled.validity);
  const { supervisedWeight, consistencyWeight, discrepancyWeight } = options;
  return {
    ...supervisedTerms(step, on.labeled, labeled.labels, supervisedWeight / 2, options),
    ...consistencyTerms(step, on.mixed, mixedTargets, { suffix: "_mix", weight: consistencyWeight / 4 }),
    ...consistencyTerms(step, on.raw, rawTargets, { suffix: "_raw", weight: consistencyWeight / 4 }),
    ...discrepancyTerm(step, on.labeled, "dis_labeled", discrepancyWeight / 2),
    ...discrepancyTerm(step, on.mixed, "dis_mix", discrepancyWeight / 4),
    ...discrepancyTerm(step, on.raw, "dis_raw", discrepancyWeight / 4),
  };
}

function weightsOf({ weights }: Target) {
  return weights ? { weights } : {};
}

/** The table of CCVC §2.2: all six modes are four weights and a kind of confidence. */
function weighting(step: CcvcStep, options: CcvcOptions): Weighting {
  const { mode, conflictWeight: c, unconfidentWeight: u, threshold } = options;
  const [agreeConfident, agreeUnconfident, conflictConfident, conflictUnconfident] = {
    normal: [1, 0, 1, 0] as const,
    soft: [1, u, 1, u] as const,
    vote: [1, 1, c, c] as const,
    vote_threshold: [1, 1, c, 1] as const,
    vote_soft: [1, 1, c, u] as const,
    no: [1, 1, 1, 1] as const,
  }[mode];
  return {
    threshold: options.selfPaced ? step.schedules.threshold : threshold,
    confidence: options.confidence,
    weights: { agreeConfident, agreeUnconfident, conflictConfident, conflictUnconfident },
  };
}
