/** The optimizer's leaves in the config of `co-train`. @module */
import { z } from "zod";
import type { RateDecay } from "./schedule.ts";
import type { OptimizerSettings } from "../update.ts";

/** What an experiment says of its optimizer and learning rate; every leaf is described in its schema. */
export interface OptimizerConfig extends RateDecay {
  /** SGD with momentum, Adam, or Adam with decoupled weight decay. */
  readonly optimizer: "sgd" | "adam" | "adamw";
  /** Base learning rate. */
  readonly baseRate: number;
  /** Multiple of the base rate for backbones. */
  readonly backboneRate: number;
  /** Multiple of the base rate for all else. */
  readonly headRate: number;
  /** Multiple of the rate for batch norms. */
  readonly normRate: number;
  /** Multiple of the rate for convolutions' biases. */
  readonly biasRate: number;
  /** Momentum of SGD. */
  readonly momentum: number;
  /** Whether SGD looks ahead. */
  readonly nesterov: boolean;
  /** How much of the mean gradient Adam keeps in a step. */
  readonly beta1: number;
  /** How much of the mean squared gradient Adam keeps in a step. */
  readonly beta2: number;
  /** What Adam adds to the root of the mean square. */
  readonly epsilon: number;
  /** Weight decay. */
  readonly weightDecay: number;
  /** Where weight decay pulls convolutions to. */
  readonly decayTowards: "zero" | "start";
  /** Multiple of the weight decay for batch norms. */
  readonly normDecay: number;
  /** Multiple of the weight decay for convolutions' biases. */
  readonly biasDecay: number;
}

const factor = (value: number, what: string, source: string, more: object = {}) =>
  z.number().min(0).default(value).describe(what).meta({ unit: "factor", source, ...more });

/** Why a leaf is not read, by those beside it. */
const unread = (why: (config: OptimizerConfig) => string | false) => ({
  unread: (config: unknown) => why(config as OptimizerConfig) || undefined,
});
const withoutSgd = unread(({ optimizer }) => optimizer !== "sgd" && `optimizer is ${optimizer}`);
const withoutAdam = unread(({ optimizer }) => optimizer === "sgd" && "optimizer is sgd");
const without = (law: RateDecay["rateDecay"]) =>
  unread(({ rateDecay }) => rateDecay !== law && `rateDecay is ${rateDecay}`);
const withoutPoly = unread(({ rateDecay, power }) =>
  rateDecay !== "poly" ? `rateDecay is ${rateDecay}` : power === 0 && "power is 0"
);
const withoutDecay = unread(({ weightDecay }) => weightDecay === 0 && "weightDecay is 0");

const beta = (value: number, what: string) =>
  z.number().min(0).lt(1).default(value).describe(what).meta({
    unit: "factor",
    source: "Kingma, Ba, Adam, ICLR 2015, algorithm 1",
    ...withoutAdam,
  });

/** The schema's leaves of {@linkcode OptimizerConfig}. */
export const optimizerLeaves = {
  optimizer: z.enum(["sgd", "adam", "adamw"]).default("sgd").describe(
    "SGD with momentum; Adam; or AdamW, where weight decay is no part of the gradients. All as in PyTorch.",
  )
    .meta({ unit: "name", source: "CCVC §3.4: sgd" }),
  baseRate: factor(0.001, "Base learning rate.", "CCVC §3.4"),
  backboneRate: factor(5, "Multiple of the base rate for backbones.", "CCVC §3.4"),
  headRate: factor(5, "Multiple of the base rate for all else.", "CCVC §3.4"),
  normRate: factor(1, "Multiple of those rates for batch norms, in backbones and all else.", "Crossview"),
  biasRate: factor(
    1,
    "Multiple of those rates for convolutions' biases, in backbones and all else.",
    "Crossview; PseudoSeg: 2",
  ),
  rateDecay: z.enum(["poly", "cosine", "steps"]).default("poly").describe(
    "How the rate falls over the run: by a power of what is left of it; by half a cosine; or by a factor at some steps.",
  )
    .meta({ unit: "name", source: "CCVC §3.4: poly; Loshchilov, Hutter, SGDR, ICLR 2017: cosine" }),
  power: factor(0.9, "With poly: its exponent; 0: the rate stays as it is.", "CCVC §3.4", without("poly")),
  rateLag: z.literal([0, 1]).default(1).describe(
    "Steps by which the decay comes late: 1 as published, where steps 0 and 1 both run at the full rate.",
  )
    .meta({
      unit: "steps",
      source: "CCVC §3.4",
      ...withoutPoly,
    }),
  rateMargin: z.literal([0, 1]).default(0).describe(
    "With poly: steps that the run counts as longer than it is, so that the rate would be 0 that much later.",
  )
    .meta({
      unit: "steps",
      source: "CCVC §3.4: 0; DeepLabv3Plus §1: 1",
      ...withoutPoly,
    }),
  rateDecayAt: z.array(z.number().gt(0).lt(1)).min(1).max(100).default([0.5, 0.75])
    .refine((shares) => shares.every((share, i) => i === 0 || share > shares[i - 1]!), {
      error: "the shares must ascend, each once",
    })
    .describe("With steps: when the rate falls.")
    .meta({ unit: "shares of the run", source: "He et al., ResNet, CVPR 2016, §4.2", ...without("steps") }),
  rateDecayBy: z.number().gt(0).max(1).default(0.1).describe(
    "With steps: what the rate is multiplied by each time.",
  )
    .meta({ unit: "factor", source: "He et al., ResNet, CVPR 2016, §3.4", ...without("steps") }),
  rateDecayFrom: z.enum(["start", "method"]).default("start").describe(
    "From when the rate falls: from the run's start; or, as over a run without a warm-up, from the warm-up's end, before which " +
      "it is the base rate.",
  )
    .meta({
      unit: "name",
      source: "Crossview: start; PS-MT §2, §7: method",
      unread: (config: unknown) =>
        (config as { readonly warmUpEpochs?: number }).warmUpEpochs ? undefined : "warmUpEpochs is 0",
    }),
  momentum: z.number().min(0).lt(1).default(0.9).describe("Momentum of SGD.").meta({
    unit: "factor",
    source: "CCVC §3.4",
    ...withoutSgd,
  }),
  nesterov: z.boolean().default(false).describe("Whether SGD looks ahead, by Nesterov's momentum.").meta({
    unit: "yes or no",
    source: "published: no; Sutskever et al., On the importance of initialization and momentum, ICML 2013",
    ...unread(({ optimizer, momentum }) =>
      optimizer !== "sgd" ? `optimizer is ${optimizer}` : momentum === 0 && "momentum is 0"
    ),
  }),
  beta1: beta(0.9, "How much of the mean gradient Adam keeps in a step."),
  beta2: beta(0.999, "How much of the mean squared gradient Adam keeps in a step."),
  // Below, f32 comes to 0, and parameters without gradients would turn NaN.
  epsilon: z.number().min(1e-30).default(1e-8).describe("What Adam adds to the root of the mean square.")
    .meta({
      unit: "gradient",
      source: "Kingma, Ba, Adam, ICLR 2015, algorithm 1",
      ...withoutAdam,
    }),
  weightDecay: factor(1e-4, "Weight decay.", "CCVC §3.4"),
  decayTowards: z.enum(["zero", "start"]).default("zero").describe(
    "Where weight decay pulls convolutions to: to 0, or to the weights that the training starts from (L2-SP); norms and biases " +
      "always to 0.",
  ).meta({
    unit: "name",
    source:
      "published: zero; SimpleBaseline §5: start; Li et al., Explicit inductive bias for transfer learning, ICML 2018",
    ...withoutDecay,
  }),
  normDecay: z.number().min(0).default(1).describe("Multiple of the weight decay for batch norms.").meta({
    unit: "factor",
    source: "CCVC §3.4; CPS: 0",
    ...withoutDecay,
  }),
  biasDecay: z.number().min(0).default(1).describe("Multiple of the weight decay for convolutions' biases.")
    .meta({
      unit: "factor",
      source: "CCVC §3.4; CPS: 0",
      ...withoutDecay,
    }),
};

/** The optimizer that a config asks for. */
export function optimizerOf(config: OptimizerConfig): OptimizerSettings {
  const { optimizer: kind, momentum, nesterov, beta1, beta2, epsilon, weightDecay } = config;
  return {
    ...(kind === "sgd" ? { kind, momentum, nesterov } : { kind, beta1, beta2, epsilon }),
    weightDecay,
    decayTowards: config.decayTowards,
    groups: {
      backbone: { rate: config.backboneRate },
      head: { rate: config.headRate },
      norms: { rate: config.normRate, decay: config.normDecay },
      biases: { rate: config.biasRate, decay: config.biasDecay },
    },
  };
}
