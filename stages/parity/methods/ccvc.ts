/** CCVC's parity cases. @module */
import { z } from "zod";
import { parseConfig } from "../../../pipeline/mod.ts";
import { bindMethod, type BoundMethod } from "../../methods/bound_method.ts";
import { ccvc } from "../../methods/ccvc.ts";
import { presetValues } from "../../methods/ccvc/presets.ts";
import { definitionOf } from "../../methods/method.ts";
import { polyFactor } from "../../training/config/schedule.ts";
import type { CaseAdapter, Reading } from "../adapter.ts";
import { caseBoxes, caseValidity } from "../inputs.ts";
import { publishedFloors } from "../rules.ts";
import type { SeenStep } from "../seen.ts";
import { type CaseSettings, commonLeaves, factor } from "../settings.ts";

/** What was run; the names are the file's, after the original's command line (CCVC §5). */
export interface CcvcSettings extends CaseSettings {
  /** Which of the two scripts: weak views alone, or also a strong one with CutMix. */
  readonly variant: "no_aug" | "aug";
  readonly mode: "normal" | "soft" | "vote" | "vote_threshold" | "vote_soft" | "no";
  /** Confidence threshold. */
  readonly tau: number;
  /** `both` branches map their features, or the second alone (`else` in the original). */
  readonly mapping: "both" | "second" | "else";
  readonly w_CE: number;
  readonly w_con: number;
  readonly w_dis: number;
  readonly w_confident: number;
  readonly w_unconfident: number;
  readonly lr_network: number;
  readonly lr_backbone: number;
  /** Whether the consistency loss counts; only the script without augmentation has the switch. */
  readonly use_con: 0 | 1;
  /** Whether the discrepancy counts; likewise. */
  readonly use_dis: 0 | 1;
}

/** Weights of conflicting and of unconfident pixels; the script with augmentation reads the case's only in `vote_threshold`. */
export interface WeightReading extends Reading {
  readonly name: "case" | "published";
  readonly conflict: number;
  readonly unconfident: number;
}

const flag = z.union([
  z.literal(0),
  z.literal(1),
  z.boolean().transform((on) => on ? 1 as const : 0 as const),
]);

const settings = z.strictObject({
  ...commonLeaves,
  variant: z.enum(["no_aug", "aug"]),
  mode: z.enum(["normal", "soft", "vote", "vote_threshold", "vote_soft", "no"]),
  tau: z.number(),
  mapping: z.enum(["both", "second", "else"]),
  w_CE: factor,
  w_con: factor,
  w_dis: factor,
  w_confident: factor,
  w_unconfident: factor,
  lr_network: factor,
  lr_backbone: factor,
  use_con: flag.default(1),
  use_dis: flag.default(1),
});

/** Reads them: weak views alone, or strong ones too, in all modes. */
export const ccvcCases: CaseAdapter<CcvcSettings, WeightReading> = {
  method: "ccvc",
  settings,
  *contradictions({ variant, use_con, use_dis, w_CE, w_con, w_dis }) {
    if (variant === "aug" && !(use_con && use_dis)) {
      yield `use_con and use_dis must be 1: the script with augmentation has no such switches`;
    }
    if (w_CE + use_con * w_con + use_dis * w_dis === 0) {
      yield "w_CE, w_con and w_dis leave no loss that counts";
    }
  },
  readings: weightReadings,
  tells: (term) => term.startsWith("con"),
  setup(settings, reading) {
    const { variant, backbone, dataset, mode, tau, mapping, batch, size, steps } = settings;
    const own = Object.fromEntries(
      termNames(variant).map((name) => [name, name.replace("labelled", "labeled")]),
    );
    const valid = caseValidity(settings);
    // The weak view's pass in training mode has either name.
    const weak = variant === "no_aug" ? "unlabeled" : "raw";
    return {
      line: `${variant}, ${backbone}, ${dataset}, mode ${mode} at ${tau}, mapping ${
        mapping === "both" ? "of both branches" : "of the second branch"
      }, ${batch} × ${size} × ${size}, ${steps} steps`,
      method: methodOf(settings, reading),
      outputStride: dataset === "pascal" ? 16 : 8,
      classes: dataset === "pascal" ? 21 : 19,
      start: { residualGamma: 1, buffers: "unit" },
      views: {
        labeled: { image: "labelled", labels: "mask" },
        unlabeled: { image: "unlabelled", strong: "strong", validity: valid, boxes: caseBoxes(settings) },
      },
      optimizer: {
        kind: "sgd",
        momentum: 0.9,
        weightDecay: 1e-4,
        groups: { backbone: { rate: settings.lr_backbone }, head: { rate: settings.lr_network } },
      },
      rate: (t) => settings.base_lr * polyFactor(t, settings.total, 0.9),
      terms: own,
      observed: { conflict_share: { value: (seen) => conflictShare(seen, weak, valid) } },
      floors: publishedFloors,
      logits: {
        logits1_labelled: { network: "branch1", pass: "labeled" },
        logits2_labelled: { network: "branch2", pass: "labeled" },
        logits1_unlabelled: { network: "branch1", pass: weak },
      },
      evaluation: { eval_logits1: "branch1", eval_logits2: "branch2" },
    };
  },
};

/** Our method by the case's settings. Dropout is off in all cases. */
function methodOf(settings: CcvcSettings, weights: WeightReading): BoundMethod {
  const options = {
    as: "published-code",
    augmentation: settings.variant === "aug" ? "strong" : "weak",
    mode: settings.mode,
    threshold: settings.tau,
    conflictWeight: weights.conflict,
    unconfidentWeight: weights.unconfident,
    supervisedWeight: settings.w_CE,
    consistencyWeight: settings.use_con * settings.w_con,
    discrepancyWeight: settings.use_dis * settings.w_dis,
    mapping: settings.mapping === "both" ? "both" : "second",
    dropout: 0,
  };
  return bindMethod(ccvc, parseConfig(definitionOf(ccvc).options, options, "parity"));
}

/** The loss terms that a step of a variant records, in the file's names. */
function termNames(variant: CcvcSettings["variant"]): readonly string[] {
  const common = ["ce1", "ce2", "dis_labelled"];
  return variant === "no_aug"
    ? [...common, "con1", "con2", "dis_unlabelled"]
    : [...common, "con1_mix", "con2_mix", "con1_raw", "con2_raw", "dis_mix", "dis_raw"];
}

/**
 * The readings of a case's weights, likelier first.
 *
 * In the modes `soft`, `vote` and `vote_soft` the published script with augmentation has weights of its own in its code and never
 * reads the options, so a record may have been made with either.
 */
export function weightReadings(settings: CcvcSettings): readonly [WeightReading, ...WeightReading[]] {
  const { variant, mode, w_confident: conflict, w_unconfident: unconfident } = settings;
  const own = { name: "case", conflict, unconfident } as const;
  if (variant === "no_aug" || !["soft", "vote", "vote_soft"].includes(mode)) return [own];
  const { conflictWeight, unconfidentWeight } = presetValues({
    as: "published-code",
    augmentation: "strong",
    mode,
  });
  const differs = (mode !== "soft" && conflict !== conflictWeight) ||
    (mode !== "vote" && unconfident !== unconfidentWeight);
  if (!differs) return [own];
  return [{
    name: "published",
    conflict: conflictWeight,
    unconfident: unconfidentWeight,
    remark:
      `Conflicting pixels weigh ${conflictWeight}, unconfident ones ${unconfidentWeight}: the script with augmentation has ` +
      "them in its code and does not read the case's in this mode.",
  }, {
    ...own,
    remark:
      "Pixels weigh as the case says: the weights that the script with augmentation has in its code do not give its losses.",
  }];
}

/** Share of the pixels that are no padding where the branches' labels of the weak view differ. */
function conflictShare(seen: SeenStep, pass: string, valid: Uint32Array): number {
  const one = seen.labels("branch1", pass), two = seen.labels("branch2", pass);
  let conflicts = 0, pixels = 0;
  valid.forEach((counts, pixel) => {
    if (counts === 0) return;
    pixels++;
    if (one[pixel] !== two[pixel]) conflicts++;
  });
  return conflicts / pixels;
}
