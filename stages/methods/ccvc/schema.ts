/** Every switch of CCVC, read and checked. @module */
import { z } from "zod";
import { schemaOf } from "../../../pipeline/mod.ts";
import type { CcvcOptions, ConfidentMode, PresetChoice, PresetValues } from "./options.ts";
import { miningLeaves } from "../mining.ts";
import { presetValue, presetValues } from "./presets.ts";

/** Why nothing reads a leaf, with the other options as they are; undefined where it is read. */
const unreadBecause: { readonly [K in keyof CcvcOptions]?: (options: CcvcOptions) => string | undefined } = {
  mode: consistencyOff,
  threshold: ({ mode, ...options }) =>
    readsThreshold(mode) ? consistencyOff(options) : `mode ${mode} has no threshold`,
  selfPaced: ({ mode, ...options }) =>
    readsThreshold(mode) ? consistencyOff(options) : `mode ${mode} has no threshold`,
  confidence: ({ mode, ...options }) =>
    readsThreshold(mode) ? consistencyOff(options) : `mode ${mode} has no threshold`,
  conflictWeight: ({ mode, ...options }) =>
    mode.startsWith("vote")
      ? consistencyOff(options)
      : `mode ${mode} does not ask whether the branches agree`,
  unconfidentWeight: ({ mode, ...options }) =>
    mode.endsWith("soft") ? consistencyOff(options) : `mode ${mode} has no weight for unconfident pixels`,
  mixWeights: onlyStrong,
  rawWeights: onlyStrong,
  mappingNorm: onlyMapping,
  dropout: onlyMapping,
};

function consistencyOff({ consistencyWeight }: Pick<CcvcOptions, "consistencyWeight">): string | undefined {
  return consistencyWeight === 0 ? "the consistency loss is off" : undefined;
}

function onlyStrong({ augmentation, mode, ...options }: CcvcOptions): string | undefined {
  if (augmentation === "weak") return "there are no strong views";
  return mode === "no" ? "mode no weighs nothing" : consistencyOff(options);
}

function supervisedOff({ supervisedWeight }: CcvcOptions): string | undefined {
  return supervisedWeight === 0 ? "the supervised loss is off" : undefined;
}

function onlyMapping({ mapping }: CcvcOptions): string | undefined {
  return mapping === "none" ? "there is no mapping" : undefined;
}

/** What a leaf's schema says beside its meaning: unit, source, and when nothing reads it. */
function facts(name: keyof CcvcOptions, unit: string, source: string) {
  return { unit, source, unread: unreadBecause[name] };
}

/** A leaf whose default depends on the preset. */
function preset<T extends z.ZodType>(name: keyof PresetValues, schema: T, what: string, unit: string) {
  return schema.optional().describe(what).meta({
    ...facts(name, unit, "by the preset"),
    chosen(options: unknown) {
      const choice = options as PresetChoice;
      return { preset: choice.as, ...presetValue(name, choice) };
    },
  });
}

const weight = z.number().min(0).max(1e6);

const given = z.strictObject({
  as: z.enum(["published-code", "paper"]).default("published-code").describe(
    "whose values the leaves take that are left out, where the paper and its code differ",
  ).meta({ unit: "none", source: "CCVC §8.1", preset: true }),
  augmentation: z.enum(["weak", "strong"]).default("weak").describe(
    "views of unlabeled images: weak only, or also a strong one with CutMix",
  ).meta({ unit: "none", source: "CCVC §3.1 (no-aug script), §3.2 (aug script)" }),
  mode: z.enum(["normal", "soft", "vote", "vote_threshold", "vote_soft", "no"]).default("vote_threshold")
    .describe("which pixels count how much in the consistency loss")
    .meta(facts("mode", "none", "CCVC §2.2; vote_threshold is the published method")),
  threshold: preset(
    "threshold",
    z.number(),
    "confidence above which a label counts as confident, strictly",
    "logit or probability, see confidence",
  ),
  selfPaced: z.boolean().default(false).describe(
    "whether the threshold rises by 0.01 after every epoch of the method, up to 0.95",
  ).meta(facts("selfPaced", "none", "CCVC §2.2 (use_SPL); off in every published command")),
  confidence: preset(
    "confidence",
    z.enum(["logit", "probability"]),
    "what is compared with the threshold: the largest raw logit, or its softmax probability",
    "none",
  ),
  conflictWeight: preset(
    "conflictWeight",
    weight,
    "weight of pixels where the branches disagree and the labeling one is confident",
    "factor",
  ),
  unconfidentWeight: preset(
    "unconfidentWeight",
    weight,
    "weight of unconfident pixels in the modes soft and vote_soft",
    "factor",
  ),
  mixWeights: preset(
    "mixWeights",
    z.boolean(),
    "strong views: whether CutMix moves the pixels' weights along with their labels",
    "none",
  ),
  rawWeights: preset(
    "rawWeights",
    z.enum(["own", "labeling"]),
    "strong views: which pass weighs the pixels of the weak view, the one that labels them or the evaluation-mode one",
    "none",
  ),
  ...miningLeaves({
    minKept: 100_000,
    sources: {
      criterion: "CCVC §2.1 (mode_criterion of the aug script)",
      ohemThreshold: "the original's cityscapes.yaml, CCVC §2.1, §5",
      ohemMinKept: "the original's cityscapes.yaml, where a batch is that of one GPU, CCVC §2.1, §5",
    },
    unread: (options) => supervisedOff(options as CcvcOptions),
  }),
  supervisedWeight: preset(
    "supervisedWeight",
    weight,
    "weight of the supervised loss; 0 leaves it out",
    "factor",
  ),
  consistencyWeight: preset(
    "consistencyWeight",
    weight,
    "weight of the consistency loss; 0 leaves it out (use_con off)",
    "factor",
  ),
  discrepancyWeight: preset(
    "discrepancyWeight",
    weight,
    "weight of the discrepancy loss; 0 leaves it out (use_dis off)",
    "factor",
  ),
  mapping: z.enum(["none", "second", "both"]).default("second").describe(
    "which branch maps its features to another view",
  ).meta({ unit: "none", source: "CCVC §1.3" }),
  mappingNorm: z.boolean().default(true).describe("batch norm and ReLU after the mapping")
    .meta(facts("mappingNorm", "none", "CCVC §1.3")),
  dropout: z.number().min(0).max(0.95).default(0.5).describe(
    "probability that a channel is dropped after the mapping",
  ).meta(facts("dropout", "probability", "CCVC §1.3")),
});

/**
 * Every switch of the method. What is left out takes the value of the preset; what the README's commands, the script's
 * defaults and hard-coded numbers are is in `presets.ts`.
 */
export const ccvcSchema = schemaOf<CcvcOptions>()(
  given.transform((written, context): CcvcOptions => {
    const present = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
    const options = { ...presetValues(written), ...present } as CcvcOptions;
    for (const [leaf, message] of objections(options)) {
      context.addIssue({ code: "custom", path: [leaf], message });
    }
    return options;
  }),
);

/** Whether a mode compares a confidence with the threshold. */
function readsThreshold(mode: ConfidentMode): boolean {
  return mode !== "vote" && mode !== "no";
}

/** Combinations that no training could honor, by the leaf to change. */
function* objections(options: CcvcOptions): Generator<readonly [leaf: string, message: string]> {
  const { mode, threshold, confidence, mapping, mappingNorm, dropout } = options;
  if (dropout > 0 && !mappingNorm && mapping !== "none") {
    yield [
      "dropout",
      "dropout after the mapping needs mappingNorm; set dropout to 0 (the original crashes here)",
    ];
  }
  if (readsThreshold(mode) && confidence === "probability" && !(threshold >= 0 && threshold < 1)) {
    yield [
      "threshold",
      `a probability is never ${
        threshold < 0 ? "below" : "above"
      } ${threshold}, so the threshold would tell nothing ` +
      'apart; set one in [0, 1), or confidence to "logit"',
    ];
  }
  if (options.selfPaced && !readsThreshold(mode)) {
    yield ["selfPaced", `mode "${mode}" has no threshold that could rise; set selfPaced to false`];
  }
  if (options.supervisedWeight + options.consistencyWeight + options.discrepancyWeight === 0) {
    yield [
      "supervisedWeight",
      "all three losses have weight 0, so there is nothing to learn from; set one above 0",
    ];
  }
}
