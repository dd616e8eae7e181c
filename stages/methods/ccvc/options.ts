/** Every switch of CCVC: what it is once it is read. How each is read is in `schema.ts`. @module */
import type { MiningOptions } from "../mining.ts";

/** Parsed options; every one is described in the schema. */
export interface CcvcOptions extends MiningOptions {
  /** Whose values the leaves took that were left out. */
  readonly as: "published-code" | "paper";
  /** Views of unlabeled images: weak only, or also a strong one with CutMix. */
  readonly augmentation: "weak" | "strong";
  /** Which pixels count how much in the consistency loss. */
  readonly mode: "normal" | "soft" | "vote" | "vote_threshold" | "vote_soft" | "no";
  /** Confidence above which a label counts as confident, strictly. */
  readonly threshold: number;
  /** Whether the threshold rises by 0.01 an epoch, up to 0.95. */
  readonly selfPaced: boolean;
  /** What is compared with the threshold. */
  readonly confidence: "logit" | "probability";
  /** Weight of pixels where the branches disagree and the labeling one is confident. */
  readonly conflictWeight: number;
  /** Weight of unconfident pixels in the modes soft and vote_soft. */
  readonly unconfidentWeight: number;
  /** Whether CutMix moves the pixels' weights along with their labels. */
  readonly mixWeights: boolean;
  /** Which pass weighs the pixels of the weak view in a strong step. */
  readonly rawWeights: "own" | "labeling";
  /** Weight of the supervised loss; 0 leaves it out. */
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

/** What an experiment writes; what is left out has the value of the preset that `as` names, the published code's unless told. */
export type CcvcInput = Partial<CcvcOptions>;

/** Whose values the leaves take that are left out. */
export type Preset = CcvcOptions["as"];

/** Which pixels count how much in the consistency loss. */
export type ConfidentMode = CcvcOptions["mode"];

/** What the values of a preset depend on; of the two published scripts, `weak` is the one without strong views. */
export type PresetChoice = Pick<CcvcOptions, "as" | "augmentation" | "mode">;

/** The leaves that a preset decides. */
export type PresetValues = Pick<
  CcvcOptions,
  | "threshold"
  | "confidence"
  | "conflictWeight"
  | "unconfidentWeight"
  | "mixWeights"
  | "rawWeights"
  | "supervisedWeight"
  | "consistencyWeight"
  | "discrepancyWeight"
>;
