/** Every switch of AEL, read and checked, and where its published code and its description differ. @module */
import { z } from "zod";
import { schemaOf } from "../../../pipeline/mod.ts";
import { miningLeaves, type MiningOptions } from "../mining.ts";

/** Parsed options; every one is described in the schema. */
export interface AelOptions extends MiningOptions {
  /** Whose values the leaves took that were left out. */
  readonly as: "published-code" | "paper";
  /** Weight of all losses together. */
  readonly weight: number;
  /** What the confidence of each class starts at. */
  readonly confidenceStart: "uniform" | number;
  /** Whether of two unlabeled images of the walk one is mixed, or each. */
  readonly mixed: "one of two" | "all";
  /** Whether labels that are not sure count in the mean's denominator. */
  readonly denominator: "all" | "sure";
  /** Whether the confidence of a class that a batch does not hold moves towards 0, or stays. */
  readonly absent: "zero" | "kept";
  /** What the teacher keeps of itself in a step, from when it is warmed up. */
  readonly decay: number;
  /** Softmax probability from which a label counts, itself included; 0 switches that off. */
  readonly threshold: number;
  /** Draws of a class that is pasted into labeled images. */
  readonly pasted: number;
  /** Classes that are never pasted. */
  readonly neverPasted: readonly number[];
  /** How often a labeled image has a partner to be pasted from. */
  readonly pasteProbability: number;
  /** Range of the partner's zoom. */
  readonly pasteScale: readonly [low: number, high: number];
  /** Share of the crop that a component must exceed to be boxed. */
  readonly boxArea: number;
  /** Share of the crop from which an image counts as one that holds a class. */
  readonly indexArea: number;
  /** Share of each class's confidence that a step keeps. */
  readonly momentum: number;
  /** Whether pixels are sampled by how unsure the network is of their class. */
  readonly sampling: boolean;
  /** Power of the teacher's confidence that a pixel weighs. */
  readonly power: number;
  /** Weight of the consistency on labeled images, and of that on mixed ones. */
  readonly consistencyWeight: number;
  /** Weight of the auxiliary head's loss. */
  readonly auxiliaryWeight: number;
}

/** The leaves that a preset decides. */
type PresetValues = Pick<AelOptions, "weight" | "confidenceStart" | "mixed" | "denominator" | "absent">;

/** A value, and how it is known. */
interface Sourced<T> {
  readonly value: T;
  readonly source: string;
}

const presets: {
  readonly [P in AelOptions["as"]]: { readonly [K in keyof PresetValues]: Sourced<PresetValues[K]> };
} = {
  "published-code": {
    weight: {
      value: 1 / 8,
      source: "code: divided by the 8 processes, whose gradients are averaged then, AEL §4",
    },
    confidenceStart: { value: "uniform", source: "code: at random, AEL §2" },
    mixed: { value: "one of two", source: "code: one mixed image a process, of two that it loads, AEL §3" },
    denominator: { value: "all", source: "code: labels below the threshold leave the sum alone, AEL §3.4" },
    absent: { value: "zero", source: "code: 0 is the confidence of a class without pixels, AEL §3.3" },
  },
  paper: {
    weight: { value: 1, source: "as described: losses are summed, AEL §4" },
    confidenceStart: { value: 0, source: "the paper's value is not verified; all classes alike, AEL §2" },
    mixed: { value: "all", source: "as described: a mixed image for each unlabeled one, AEL §3" },
    denominator: { value: "sure", source: "as described: a mean over what counts, AEL §3.4" },
    absent: { value: "kept", source: "as described: a mean of what is seen of a class, AEL §3.3" },
  },
};

/** A leaf whose default depends on the preset. */
function preset<T extends z.ZodType>(name: keyof PresetValues, schema: T, what: string, unit: string) {
  return schema.optional().describe(what).meta({
    unit,
    source: "by the preset",
    unread: unreadBecause[name] as ((options: unknown) => string | undefined) | undefined,
    chosen(options: unknown) {
      const { as } = options as Pick<AelOptions, "as">;
      return { preset: as, ...presets[as][name] };
    },
  });
}

const nothingPasted = ({ pasted }: AelOptions) => pasted === 0 ? "pasted is 0" : undefined;
const consistencyOff = ({ consistencyWeight }: AelOptions) =>
  consistencyWeight === 0 ? "consistencyWeight is 0" : undefined;

/** Why nothing reads a leaf, with the other options as they are. */
const unreadBecause: { readonly [K in keyof AelOptions]?: (options: AelOptions) => string | undefined } = {
  neverPasted: nothingPasted,
  pasteProbability: nothingPasted,
  pasteScale: nothingPasted,
  threshold: consistencyOff,
  power: consistencyOff,
  sampling: consistencyOff,
  denominator: (options) => options.threshold === 0 ? "threshold is 0" : consistencyOff(options),
};

/** What a leaf's schema says beside its meaning. */
function facts(name: keyof AelOptions, unit: string, source: string) {
  return {
    unit,
    source,
    unread: unreadBecause[name] as ((options: unknown) => string | undefined) | undefined,
  };
}

const share = z.number().min(0).max(1), weight = z.number().min(0).max(1e6);

const given = z.strictObject({
  as: z.enum(["published-code", "paper"]).default("published-code").describe(
    "whose values the leaves take that are left out, where the published code and the description differ",
  ).meta({ unit: "none", source: "AEL §8", preset: true }),
  weight: preset("weight", z.number().positive().max(1e6), "weight of all losses together", "factor"),
  confidenceStart: preset(
    "confidenceStart",
    z.union([z.literal("uniform"), share]),
    "what the confidence of each class starts at: at random in [0, 1), or this",
    "probability",
  ),
  mixed: preset(
    "mixed",
    z.enum(["one of two", "all"]),
    "whether of each two unlabeled images of the walk one is mixed with a chosen one, or each",
    "name",
  ),
  denominator: preset(
    "denominator",
    z.enum(["all", "sure"]),
    "whether the weights of labels below the threshold count in the consistency's denominator",
    "name",
  ),
  absent: preset(
    "absent",
    z.enum(["zero", "kept"]),
    "whether the confidence of a class that a batch does not hold moves towards 0, or stays",
    "name",
  ),
  decay: share.default(0.99).describe(
    "what the teacher keeps of itself in a step; less in the first ones, 1 − 1 / (step + 1)",
  ).meta(facts("decay", "factor", "AEL §5")),
  threshold: share.default(0.7).describe(
    "softmax probability of the teacher from which a label counts, itself included; 0: all do",
  ).meta(facts("threshold", "probability", "AEL §6: 0.7 VOC, none Cityscapes")),
  pasted: z.int().min(0).max(255).default(1).describe(
    "draws of a class whose pixels are pasted into labeled images, each class once; 0: none",
  ).meta(facts("pasted", "classes", "AEL §6: 1 VOC, 3 Cityscapes")),
  neverPasted: z.array(z.int().min(0).max(254)).max(255).default([0, 1, 2, 8, 10]).describe(
    "classes that are never pasted, by their values",
  ).meta(facts("neverPasted", "classes", "AEL §3.1: the frequent ones of Cityscapes, on both data sets")),
  pasteProbability: share.default(0.5).describe("how often a labeled image has a partner to be pasted from")
    .meta(facts("pasteProbability", "probability", "AEL §3.1")),
  pasteScale: z.tuple([z.number().min(0.01).max(8), z.number().min(0.01).max(8)]).default([0.1, 2]).describe(
    "range of the partner's resized long side, relative to the image's, without antialiasing",
  ).meta(facts("pasteScale", "ratio", "AEL §7")),
  boxArea: share.default(0.03).describe("share of the crop that a component must exceed to be cut out")
    .meta(facts("boxArea", "share", "AEL §6: 0.03 VOC, 0.005 Cityscapes")),
  indexArea: share.default(0.03).describe("share of the crop from which an image holds a class")
    .meta(facts("indexArea", "share", "AEL §6: 0.03 VOC, 0.01 Cityscapes")),
  momentum: share.default(0.999).describe("share of each class's confidence that a step keeps")
    .meta(facts("momentum", "factor", "AEL §3.3")),
  sampling: z.boolean().default(true).describe(
    "whether pixels are sampled, the more of a class the less sure the network is of it",
  ).meta(facts("sampling", "yes or no", "AEL §3.4")),
  power: z.number().min(0).max(16).default(2).describe(
    "power of the teacher's confidence that a pixel weighs",
  )
    .meta(facts("power", "exponent", "AEL §3.4")),
  consistencyWeight: weight.default(1).describe(
    "weight of the consistency on labeled images, and of that on mixed ones; 0 leaves both out",
  ).meta(facts("consistencyWeight", "factor", "AEL §4")),
  auxiliaryWeight: weight.default(0.4).describe("weight of the auxiliary head's loss; 0 leaves it out")
    .meta(facts("auxiliaryWeight", "factor", "AEL §1")),
  ...miningLeaves({
    criterion: "ohem",
    minKept: 100_000,
    sources: {
      criterion: "AEL §3.2: on both data sets",
      ohemThreshold: "AEL §3.2",
      ohemMinKept: "AEL §3.2, where a batch is the two crops of a process",
    },
  }),
});

/** Every switch of the method. What is left out takes the value of the preset. */
export const aelSchema = schemaOf<AelOptions>()(
  given.transform((written, context): AelOptions => {
    const present = Object.fromEntries(Object.entries(written).filter(([, value]) => value !== undefined));
    const chosen = Object.entries(presets[written.as]).map(([name, { value }]) => [name, value]);
    const options = { ...Object.fromEntries(chosen), ...present } as AelOptions;
    const [low, high] = options.pasteScale;
    if (low > high) {
      context.addIssue({
        code: "custom",
        path: ["pasteScale"],
        message: `the range [${low}, ${high}] is empty; write the smaller number first`,
      });
    }
    return options;
  }),
);
