/** CCVC: conflict-based cross-view consistency (Wang et al., CVPR 2023). @module */
import { z } from "zod";
import { mixImages, mixMaps } from "../../kernels/ops/mix_boxes.ts";
import type { Mapping } from "../../models/deeplabv3plus.ts";
import { consistencyTerms, discrepancyTerm, supervisedTerms } from "./losses.ts";
import type { Method } from "./method.ts";
import { type Confidence, mixTargets, onValidPixels, pseudoLabels, type Weighting } from "./pseudo_labels.ts";
import type { Step, Term } from "./step.ts";

const weight = z.number().min(0);

/** Every switch of the method, with its published default (no-augmentation script; README command where it differs). */
export const ccvcOptions = z.strictObject({
  name: z.literal("ccvc"),
  augmentation: z.enum(["weak", "strong"]).default("weak").describe(
    "views of unlabeled images: weak only, or also a strong one with CutMix",
  ).meta({ unit: "none", source: "spec §3.1 (no-aug script), §3.2 (aug script)" }),
  mode: z.enum(["normal", "soft", "vote", "vote_threshold", "vote_soft", "no"]).default("vote_threshold")
    .describe(
      "which pixels count how much in the consistency loss",
    ).meta({ unit: "none", source: "spec §2.2; vote_threshold is the published method" }),
  threshold: z.number().default(0.9).describe("confidence above which a label counts as confident, strictly")
    .meta({ unit: "logit or probability, see confidence", source: "README command, spec §3.7" }),
  confidence: z.enum(["published", "logit", "probability"]).default("published").describe(
    "what is compared with the threshold; published: the largest raw logit, but the probability in mode normal",
  ).meta({ unit: "none", source: "spec §8.1.1: code (logit) and text (probability) differ" }),
  conflictWeight: weight.default(2).describe(
    "weight of pixels where the branches disagree and the labeling one is confident",
  )
    .meta({ unit: "factor", source: "no-aug script's default; the aug script's is 1.5, spec §3.7" }),
  unconfidentWeight: weight.default(0.75).describe(
    "weight of unconfident pixels in the modes soft and vote_soft",
  )
    .meta({ unit: "factor", source: "spec §2.2" }),
  mixWeights: z.enum(["published", "always", "never"]).default("published").describe(
    "whether CutMix moves the pixel weights along; published: only in modes normal and soft",
  ).meta({ unit: "none", source: "spec §8.1.2" }),
  supervisedWeight: weight.default(5).describe("weight of the supervised loss")
    .meta({ unit: "factor", source: "README command, spec §3.7" }),
  consistencyWeight: weight.default(2).describe("weight of the consistency loss; 0 leaves it out")
    .meta({ unit: "factor", source: "README command, spec §3.7" }),
  discrepancyWeight: weight.default(1).describe("weight of the discrepancy loss; 0 leaves it out")
    .meta({ unit: "factor", source: "README command, spec §3.7" }),
  mapping: z.enum(["none", "second", "both"]).default("second").describe(
    "which branch maps its features to another view",
  )
    .meta({ unit: "none", source: "spec §1.3" }),
  mappingNorm: z.boolean().default(true).describe("batch norm and ReLU after the mapping")
    .meta({ unit: "none", source: "spec §1.3" }),
  dropout: z.number().min(0).max(0.95).default(0.5).describe(
    "probability that a channel is dropped after the mapping",
  )
    .meta({ unit: "probability", source: "spec §1.3" }),
}).refine((o) => o.mappingNorm || o.dropout === 0 || o.mapping === "none", {
  path: ["dropout"],
  message: "dropout after the mapping needs mappingNorm; set dropout to 0 (the original crashes here)",
});

/** Parsed options; every one is described in {@linkcode ccvcOptions}. */
export interface CcvcOptions {
  /** Which method this is. */
  readonly name: "ccvc";
  /** Views of unlabeled images: weak only, or also a strong one with CutMix. */
  readonly augmentation: "weak" | "strong";
  /** Which pixels count how much in the consistency loss. */
  readonly mode: "normal" | "soft" | "vote" | "vote_threshold" | "vote_soft" | "no";
  /** Confidence above which a label counts as confident, strictly. */
  readonly threshold: number;
  /** What is compared with the threshold; published: the largest raw logit, but the probability in mode normal. */
  readonly confidence: "published" | "logit" | "probability";
  /** Weight of pixels where the branches disagree and the labeling one is confident. */
  readonly conflictWeight: number;
  /** Weight of unconfident pixels in the modes soft and vote_soft. */
  readonly unconfidentWeight: number;
  /** Whether CutMix moves the pixel weights along; published: only in modes normal and soft. */
  readonly mixWeights: "published" | "always" | "never";
  /** Weight of the supervised loss. */
  readonly supervisedWeight: number;
  /** Weight of the consistency loss; 0 leaves it out. */
  readonly consistencyWeight: number;
  /** Weight of the discrepancy loss; 0 leaves it out. */
  readonly discrepancyWeight: number;
  /** Which branch maps its features to another view. */
  readonly mapping: "none" | "second" | "both";
  /** Batch norm and ReLU after the mapping. */
  readonly mappingNorm: boolean;
  /** Probability that a channel is dropped after the mapping. */
  readonly dropout: number;
}

/** What an experiment writes; what is left out has the published value. */
export type CcvcInput = Partial<CcvcOptions> & { readonly name: "ccvc" };

/** CCVC for a config; what is left out takes the published value. */
export function ccvc(options: Partial<Omit<CcvcOptions, "name">> = {}): CcvcInput {
  return { name: "ccvc", ...options };
}

/** CCVC as a recipe. */
export const ccvcMethod: Method<CcvcOptions> = {
  strongViews: ({ augmentation }) => augmentation === "strong",
  mappings({ mapping, mappingNorm, dropout }) {
    const map: Mapping = { norm: mappingNorm, dropout };
    return [mapping === "both" ? map : undefined, mapping === "none" ? undefined : map];
  },
  terms: (step, options) =>
    options.augmentation === "strong" ? strongStep(step, options) : weakStep(step, options),
};

/** Spec §3.1: both branches on labeled, then on unlabeled images; the same pass labels and learns. */
function weakStep(step: Step, options: CcvcOptions): Term[] {
  const { labeled, unlabeled } = step.views;
  const onLabeled = step.predict(labeled.image, { pass: "labeled" });
  const onUnlabeled = step.predict(unlabeled.image, { pass: "unlabeled" });
  const targets = onValidPixels(
    step,
    pseudoLabels(step, onUnlabeled, weighting(options)),
    unlabeled.validity,
  );
  const { supervisedWeight, consistencyWeight, discrepancyWeight } = options;
  return used([
    ...supervisedTerms(step, onLabeled, labeled.labels, supervisedWeight),
    ...consistencyTerms(step, onUnlabeled, targets, { weight: consistencyWeight / 2 }),
    discrepancyTerm(step, onLabeled, "dis_labeled", discrepancyWeight / 2),
    discrepancyTerm(step, onUnlabeled, "dis_unlabeled", discrepancyWeight / 2),
  ]);
}

/** Spec §3.2: an evaluation-mode pass labels the weak view; the strong, mixed view and the weak one learn. */
function strongStep(step: Step, options: CcvcOptions): Term[] {
  const { graph } = step;
  const { labeled, unlabeled } = step.views;
  const { strong, boxes } = unlabeled;
  if (!strong || !boxes) throw new Error("Cannot make a strong step: the views hold no strong image");
  const onLabeled = step.predict(labeled.image, { pass: "labeled" });
  const labeling = step.predict(unlabeled.image, { pass: "labeling", training: false, gradients: false });
  const rule = weighting(options);
  const labels = pseudoLabels(step, labeling, rule);
  const mixed = mixTargets(step, labels, boxes, { weights: mixesWeights(options) });
  const mixedTargets = onValidPixels(step, mixed, mixMaps(graph, unlabeled.validity, boxes));

  const onMixed = step.predict(mixImages(graph, strong, boxes), { pass: "mixed" });
  const onRaw = step.predict(unlabeled.image, { pass: "raw" });
  const own = pseudoLabels(step, onRaw, rule);
  // As published, this mode weighs the raw term by the labeling pass (spec §8.1.3).
  const raw = options.mode === "vote_soft"
    ? [{ ...own[0], ...weightsOf(labels[0]) }, { ...own[1], ...weightsOf(labels[1]) }] as const
    : own;
  const rawTargets = onValidPixels(step, raw, unlabeled.validity);
  const { supervisedWeight, consistencyWeight, discrepancyWeight } = options;
  return used([
    ...supervisedTerms(step, onLabeled, labeled.labels, supervisedWeight),
    ...consistencyTerms(step, onMixed, mixedTargets, { suffix: "_mix", weight: consistencyWeight / 4 }),
    ...consistencyTerms(step, onRaw, rawTargets, { suffix: "_raw", weight: consistencyWeight / 4 }),
    discrepancyTerm(step, onLabeled, "dis_labeled", discrepancyWeight / 2),
    discrepancyTerm(step, onMixed, "dis_mix", discrepancyWeight / 4),
    discrepancyTerm(step, onRaw, "dis_raw", discrepancyWeight / 4),
  ]);
}

function weightsOf({ weights }: { readonly weights?: Parameters<typeof mixMaps>[1] }) {
  return weights ? { weights } : {};
}

function used(terms: readonly Term[]): Term[] {
  return terms.filter(({ weight }) => weight > 0);
}

/** The table of spec §2.2: all six modes are four weights and a kind of confidence. */
function weighting(options: CcvcOptions): Weighting {
  const { mode, conflictWeight: c, unconfidentWeight: u, threshold } = options;
  const [agreeConfident, agreeUnconfident, conflictConfident, conflictUnconfident] = {
    normal: [1, 0, 1, 0] as const,
    soft: [1, u, 1, u] as const,
    vote: [1, 1, c, c] as const,
    vote_threshold: [1, 1, c, 1] as const,
    vote_soft: [1, 1, c, u] as const,
    no: [1, 1, 1, 1] as const,
  }[mode];
  const published: Confidence = mode === "normal" ? "probability" : "logit";
  return {
    threshold,
    confidence: options.confidence === "published" ? published : options.confidence,
    weights: { agreeConfident, agreeUnconfident, conflictConfident, conflictUnconfident },
  };
}

function mixesWeights({ mode, mixWeights }: CcvcOptions): boolean {
  if (mixWeights === "published") return mode === "normal" || mode === "soft";
  return mixWeights === "always";
}
