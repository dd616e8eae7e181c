/** Every switch of U²PL, read and checked. @module */
import { z } from "zod";
import type { Precision } from "../../../kernels/tensor.ts";
import { schemaOf } from "../../../pipeline/mod.ts";
import { miningLeaves, type MiningOptions } from "../mining.ts";

/** Parsed options; every one is described in the schema. */
export interface U2plOptions extends MiningOptions {
  /** Whose values the leaves took that were left out. */
  readonly as: "published-code" | "paper";
  /** What the teacher keeps of itself in a step, once it is warmed up. */
  readonly decay: number;
  /** What the teacher is when the method's steps begin. */
  readonly start: "own" | "copy";
  /** When the teacher's parameters are copied from the student's before a step. */
  readonly copies: "epoch" | "once" | "never";
  /** How often the unlabeled images of a step are mixed. */
  readonly boxProbability: number;
  /** What padding is: pixels of class 0, or none. */
  readonly padding: "class 0" | "ignored";
  /** Percentile of the entropy from which a label is dropped in the first epoch. */
  readonly dropPercent: number;
  /** Percent of the pixels that are sure, and percent that are unsure, in the first epoch. */
  readonly lowEntropy: number;
  /** Weight of what pseudo labels teach. */
  readonly unsupervisedWeight: number;
  /** Weight of the contrastive loss. */
  readonly contrastWeight: number;
  /** Weight of the auxiliary head's loss. */
  readonly auxiliaryWeight: number;
  /** Of which classes a pixel is where features are contrasted. */
  readonly planes: "first image" | "each image";
  /** Whether a key of a class must be labeled so. */
  readonly keys: "of the class" | "any";
  /** Which class's anchors the keys of a class are negatives of. */
  readonly pairs: "by turn" | "by class";
  /** Rank of a class among a pixel's scores from which an unlabeled one is its key. */
  readonly lowRank: number;
  /** Rank before which it is. */
  readonly highRank: number;
  /** What the teacher must give an anchor's class more than. */
  readonly anchorProbability: number;
  /** What it must give a key's class less than. */
  readonly negativeProbability: number;
  /** Anchors of a class in a step. */
  readonly anchors: number;
  /** Keys of an anchor. */
  readonly negatives: number;
  /** What cosines are divided by. */
  readonly temperature: number;
  /** Length of a pixel's feature vector. */
  readonly features: number;
  /** Keys that are kept of class 0. */
  readonly firstQueue: number;
  /** Keys that are kept of each other class. */
  readonly queue: number;
  /** What they are stored as. */
  readonly bankPrecision: Precision;
}

/** What an experiment writes; what is left out has the value of the preset that `as` names, the published code's unless told. */
export type U2plInput = Partial<U2plOptions>;

/** The leaves that a preset decides. */
type PresetValues = Pick<
  U2plOptions,
  "copies" | "padding" | "contrastWeight" | "planes" | "keys" | "pairs"
>;

/** Where the published code does otherwise than it is described: U²PL §6. */
const presets: Readonly<Record<U2plOptions["as"], PresetValues>> = {
  "published-code": {
    copies: "epoch",
    padding: "class 0",
    contrastWeight: 0.25,
    planes: "first image",
    keys: "of the class",
    pairs: "by turn",
  },
  paper: {
    copies: "once",
    padding: "ignored",
    contrastWeight: 1,
    planes: "each image",
    keys: "any",
    pairs: "by class",
  },
};

const SOURCES: Readonly<Record<keyof PresetValues, string>> = {
  copies: "U²PL §6.4",
  padding: "U²PL §6.6",
  contrastWeight: "U²PL §6.3; on Cityscapes 0.125",
  planes: "U²PL §6.5",
  keys: "U²PL §6.1",
  pairs: "U²PL §6.2",
};

/** Why nothing reads a leaf of the contrastive loss. */
const contrastOff = (options: unknown) =>
  (options as U2plOptions).contrastWeight === 0 ? "contrastWeight is 0" : undefined;

const facts = (unit: string, source: string) => ({ unit, source, unread: contrastOff });

/** A leaf whose default depends on the preset. */
function preset<T extends z.ZodType>(
  name: keyof PresetValues,
  schema: T,
  what: string,
  { unit = "name", unread }: { unit?: string; unread?: typeof contrastOff } = {},
) {
  return schema.optional().describe(what).meta({
    unit,
    source: "by the preset",
    ...(unread && { unread }),
    chosen(options: unknown) {
      const { as } = options as U2plOptions;
      return { preset: as, value: presets[as][name], source: SOURCES[name] };
    },
  });
}

const probability = z.number().min(0).max(1), weight = z.number().min(0).max(1e6);
const count = z.int().min(1).max(1e6);

const given = z.strictObject({
  as: z.enum(["published-code", "paper"]).default("published-code").describe(
    "whose values the leaves take that are left out, where the published code does otherwise than it is described",
  ).meta({ unit: "name", source: "U²PL §6", preset: true }),
  decay: probability.default(0.99).describe(
    "what the teacher keeps of itself in a step: min(decay, 1 − 1 / (step + 1)) of parameters",
  ).meta({ unit: "factor", source: "U²PL §4" }),
  start: z.enum(["own", "copy"]).default("own").describe(
    "what the teacher is when the method's steps begin: as it was built, and its running statistics are of these weights; or a " +
      "copy of the student and of its statistics, as random weights need",
  ).meta({ unit: "name", source: "U²PL §4" }),
  copies: preset(
    "copies",
    z.enum(["epoch", "once", "never"]),
    "when a step begins with the student's parameters copied to the teacher: each one of the method's first epoch, its first " +
      "one, or none",
  ),
  boxProbability: probability.default(0.5).describe(
    "how often the unlabeled images of a step, all or none, are mixed: inside a box each shows the next one",
  ).meta({ unit: "probability", source: "U²PL §2" }),
  padding: preset(
    "padding",
    z.enum(["class 0", "ignored"]),
    "what padding is: pixels of class 0 on labeled images and ordinary ones on unlabeled images; or pixels that no loss sees",
  ),
  dropPercent: z.number().min(0).max(100).default(80).describe(
    "percentile of the teacher's entropy from which, itself included, a pseudo label is dropped; it rises to 100 over the run",
  ).meta({ unit: "percent", source: "U²PL §3.2" }),
  lowEntropy: z.number().min(0).max(50).default(20).describe(
    "percent of the pixels, those of the least entropy, that are sure, and as many of the most that are unsure; it falls to 0 " +
      "over the run",
  ).meta(facts("percent", "U²PL §3.3")),
  unsupervisedWeight: weight.default(1).describe("weight of what pseudo labels teach").meta({
    unit: "factor",
    source: "U²PL §3",
  }),
  contrastWeight: preset(
    "contrastWeight",
    weight,
    "weight of the contrastive loss; 0 leaves it out, and its banks",
    { unit: "factor" },
  ),
  auxiliaryWeight: weight.default(0).describe(
    "weight of a second supervised loss, on scores of the backbone's third stage; 0 leaves the head out",
  ).meta({ unit: "factor", source: "U²PL §3.1: 0.4 on Cityscapes" }),
  ...miningLeaves({
    minKept: 100_000,
    sources: {
      criterion: "U²PL §3.1: cross-entropy for VOC, ohem for Cityscapes",
      ohemThreshold: "U²PL §3.1",
      ohemMinKept: "U²PL §3.1, where a batch is the two crops of a process",
    },
  }),
  planes: preset(
    "planes",
    z.enum(["first image", "each image"]),
    "of which classes a pixel is where features are contrasted: on the first image of each half of a batch, of the labels of all " +
      "images at its place, on others of none; or on each image, of its own label",
    { unread: contrastOff },
  ),
  keys: preset(
    "keys",
    z.enum(["of the class", "any"]),
    "which unsure pixels are keys, the negatives, of a class: those labeled so, of unlabeled images alone; or those of any label, " +
      "and labeled ones of other classes",
    { unread: contrastOff },
  ),
  pairs: preset(
    "pairs",
    z.enum(["by turn", "by class"]),
    "whose anchors the keys of a class are negatives of: those of the class with the number of its turn among the classes that " +
      "have sure pixels; or its own",
    { unread: contrastOff },
  ),
  lowRank: z.int().min(0).max(255).default(3).describe(
    "rank of a class among a pixel's scores, from 0, from which an unlabeled pixel is its key, and before which a labeled one is",
  ).meta(facts("rank", "U²PL §3.3")),
  highRank: z.int().min(1).max(256).default(20).describe("rank before which an unlabeled pixel is a key")
    .meta(
      facts("rank", "U²PL §3.3"),
    ),
  anchorProbability: probability.default(0.3).describe("what the teacher gives an anchor's class more than")
    .meta(facts("probability", "U²PL §3.3")),
  negativeProbability: probability.default(1).describe("what the teacher gives a key's class less than").meta(
    facts("probability", "U²PL §3.3"),
  ),
  anchors: z.int().min(1).max(8192).default(256).describe(
    "anchors of a class in a step, drawn with replacement",
  )
    .meta(facts("pixels", "U²PL §3.3")),
  negatives: z.int().min(1).max(8192).default(50).describe("keys of an anchor, drawn with replacement").meta(
    facts("keys", "U²PL §3.3"),
  ),
  temperature: z.number().positive().default(0.5).describe("what cosines are divided by").meta(
    facts("factor", "U²PL §3.3"),
  ),
  features: z.int().min(4).max(2048).multipleOf(4).default(256).describe("length of a pixel's feature vector")
    .meta({ unit: "channels", source: "U²PL §1" }),
  firstQueue: count.default(50_000).describe("keys that are kept of class 0").meta(
    facts("keys", "U²PL §3.3"),
  ),
  queue: count.default(30_000).describe("keys that are kept of each other class").meta(
    facts("keys", "U²PL §3.3"),
  ),
  bankPrecision: z.enum(["f32", "f16"]).default("f32").describe(
    "what keys are stored as: f16 takes half the memory, and rounds them",
  ).meta(facts("name", "Crossview; published in f32")),
});

/** Reads the options; what is left out takes the value of the preset. */
export const u2plSchema = schemaOf<U2plOptions>()(given.transform((written, context): U2plOptions => {
  const present = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
  const options = { ...presets[written.as], ...present } as U2plOptions;
  if (options.highRank <= options.lowRank && options.contrastWeight > 0) {
    context.addIssue({
      code: "custom",
      path: ["highRank"],
      message:
        `it is ${options.highRank}, and lowRank ${options.lowRank}: no class ranks from one to before the other; ` +
        "set it above lowRank",
    });
  }
  return options;
}));
