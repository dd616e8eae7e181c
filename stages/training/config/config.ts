/** What an experiment says of a training: the leaves of `co-train` beside its method. @module */
import { z } from "zod";
import type { Precision } from "../../../kernels/tensor.ts";
import { type BackboneName, BACKBONES } from "../../../models/resnet.ts";
import { schemaOf } from "../../../pipeline/mod.ts";
import { NO_PRETRAINED } from "../../weights/pretrained.ts";
import { type ClassWeights, classWeightsLeaf } from "./class_weights.ts";
import { type EvaluationConfig, evaluationSchema } from "./evaluation.ts";
import { type OptimizerConfig, optimizerLeaves } from "./optimizer_config.ts";

/** When outputs of norms are computed again in the backward pass instead of being kept. */
export type Recompute = "never" | "when-needed" | "always";

/** What losses are multiplied by in f16: large enough for the gradients of a pixel among millions, far from the largest f16. */
export const LOSS_SCALE = 1024;

/** What an experiment says of a training beside its method; every leaf is described in its schema. */
export interface TrainingConfig extends OptimizerConfig {
  /** Backbone of each network; resnet14 is the small one, for small images and CPUs. */
  readonly backbone: BackboneName;
  /** File of ImageNet weights that all backbones start from, PyTorch's or safetensors; "none": random weights. */
  readonly pretrained: string;
  /** Whether the file must hold all of the backbone, in its shapes, and nothing but it and a classifier. */
  readonly pretrainedStrict: boolean;
  /** How much smaller than the image the last features are. */
  readonly outputStride: 8 | 16;
  /** Passes over the unlabeled images. */
  readonly epochs: number;
  /** Epochs, of those, that learn from the labeled images alone before the method starts. */
  readonly warmUpEpochs: number;
  /** Steps of an epoch; without it ⌊⌈unlabeled images / shards⌉ · shards / batch⌋. */
  readonly stepsPerEpoch?: number | undefined;
  /** Processes that the published lists are dealt to: a pass repeats its first images to fill the last round; 1: none. */
  readonly shards: number;
  /** Labeled images in a step, and as many unlabeled ones. */
  readonly batch: number;
  /** Micro-batches that a step's images are run in, in turn or by several processes, before one update by the mean of their gradients. */
  readonly accumulate: number;
  /** Whether batch norms of training passes go by the statistics of all micro-batches, which are then computed side by side. */
  readonly synchronized: boolean;
  /** What gradients of micro-batches and their sums are rounded to on their way from one process to another. */
  readonly exchange: Precision;
  /** When outputs of batch norms are computed again in the backward pass instead of being kept; no bit of a result changes. */
  readonly recompute: Recompute;
  /** What activations and their gradients are stored as; sums, weights, statistics and losses are f32 always. */
  readonly precision: Precision;
  /** With f16, in precision or exchange: what losses are multiplied by before they are differentiated, and gradients divided by after. */
  readonly lossScale: number;
  /** What classes weigh in the losses on labeled images. */
  readonly classWeights: ClassWeights;
  /** Whether an unlabeled image meets the same labeled one in every epoch. */
  readonly pairing: "fixed" | "free";
  /** Epochs between scores on the validation set, for the best weights. */
  readonly evaluateEvery: number;
  /** How those scores are made. */
  readonly evaluation: EvaluationConfig;
  /** Scores in a row without a better headline after which the training ends; without it, it goes to its end. */
  readonly patience?: number | undefined;
  /** Steps between readings of the losses; each drains the device. */
  readonly logEvery: number;
}

/** Whether gradients are rounded to f16 anywhere: as they are computed, or on their way from one process to another. */
export function mayOverflow(
  { precision, exchange, accumulate }:
    & Pick<TrainingConfig, "accumulate">
    & Partial<Pick<TrainingConfig, "precision" | "exchange">>,
): boolean {
  return precision === "f16" || (exchange === "f16" && accumulate > 1);
}

/** The schema of {@linkcode TrainingConfig}; what is left out has the published value. */
export const trainingSchema = schemaOf<TrainingConfig>()(
  z.strictObject({
    backbone: z.enum(Object.keys(BACKBONES) as [BackboneName, ...BackboneName[]]).default("resnet101")
      .describe("Backbone of each network; resnet14 is the small one, for small images and CPUs.")
      .meta({ unit: "name", source: "CCVC §1.1, §5" }),
    pretrained: z.string().min(1).default(NO_PRETRAINED)
      .describe(
        'File of ImageNet weights that all backbones start from, PyTorch\'s or safetensors; "none": random weights.',
      )
      .meta({ unit: "path", source: "CCVC §1.1: pretrained/<backbone>.pth in the original", location: true }),
    pretrainedStrict: z.boolean().default(true)
      .describe(
        "Whether the file must hold all of the backbone, in its shapes, and nothing but it and a classifier.",
      )
      .meta({ unit: "yes or no", source: "Crossview; the original took what fitted, silently" }),
    outputStride: z.literal([8, 16]).default(16).describe(
      "How much smaller than the image the last features are.",
    )
      .meta({ unit: "pixels", source: "CCVC §1.1: 16 PASCAL, 8 Cityscapes" }),
    epochs: z.int().min(1).default(80).describe("Passes over the unlabeled images.")
      .meta({ unit: "epochs", source: "CCVC §5" }),
    warmUpEpochs: z.int().min(0).default(0)
      .describe("Epochs, of those, that learn from the labeled images alone before the method starts.")
      .meta({ unit: "epochs", source: "published: 0, from ImageNet weights; PS-MT warms up for 5" }),
    stepsPerEpoch: z.int().min(1).optional().describe(
      "Steps of an epoch; without it ⌊⌈unlabeled images / shards⌉ · shards / batch⌋.",
    )
      .meta({ unit: "steps", source: "CCVC §3.5" }),
    shards: z.int().min(1).max(1024).default(1).describe(
      "Processes that the published lists are dealt to: a pass repeats its first images to fill the last round; 1: none.",
    )
      .meta({ unit: "processes", source: "CCVC §3.5; 4 in every published command" }),
    batch: z.int().min(1).default(8).describe("Labeled images in a step, and as many unlabeled ones.")
      .meta({ unit: "images", source: "README no-aug command, 4 GPUs × 2, CCVC §3.7" }),
    accumulate: z.int().min(1).default(1).describe(
      "Micro-batches that a step's images are run in, in turn or by several processes, before one update by the mean of " +
        "their gradients; " +
        "must divide batch. Each is normalized by its own batch statistics, updates the running ones, averages losses over " +
        "its own pixels, mines its share of hard ones and has its CutMix partners within itself, as each process of a " +
        "distributed training does.",
    )
      .meta({ unit: "micro-batches", source: "Crossview; memory is that of batch / accumulate" }),
    synchronized: z.boolean().default(false).describe(
      "Whether batch norms go by the mean and variance of all micro-batches of a step, forward and back, as PyTorch's " +
        "SyncBatchNorm does; all else stays as for micro-batches. They are computed side by side then, and take the memory of " +
        "the whole batch, or of a process's share.",
    )
      .meta({
        unit: "yes or no",
        source: "published: yes, over 4 processes, CCVC §3.7; the same as accumulate 1 to what is normalized",
        unread: (options: unknown) =>
          (options as TrainingConfig).accumulate > 1 ? undefined : "accumulate is 1",
      }),
    exchange: z.enum(["f32", "f16"]).default("f32").describe(
      "What gradients of micro-batches and their sums are rounded to on their way from one process to another, and in one " +
        "process all the same; f16 is half the bytes. Losses are multiplied by lossScale then, and a step whose gradients overflow " +
        "f16 is left out.",
    )
      .meta({
        unit: "name",
        source: "published: f32",
        unread: (options: unknown) =>
          (options as TrainingConfig).accumulate > 1 ? undefined : "accumulate is 1",
      }),
    recompute: z.enum(["never", "when-needed", "always"]).default("when-needed").describe(
      "When outputs of batch norms and ReLUs are computed again in the backward pass instead of being kept: less memory, " +
        "some more time, the same bits. When-needed: only where the training does not fit the device otherwise.",
    )
      .meta({ unit: "name", source: "Crossview; Rota Bulò et al., In-Place Activated BatchNorm, CVPR 2018" }),
    precision: z.enum(["f32", "f16"]).default("f32").describe(
      "What activations and their gradients are stored as; f16 takes half the memory, on adapters that have it. Sums, weights, " +
        "statistics, losses and scores are f32 always.",
    )
      .meta({
        unit: "name",
        source: "published: f32; Micikevicius et al., Mixed Precision Training, ICLR 2018",
      }),
    lossScale: z.number().min(1).max(2 ** 24).default(LOSS_SCALE).describe(
      "With f16, in precision or exchange: what losses are multiplied by before they are differentiated, and gradients divided by after, so that small " +
        "ones are not lost. A step whose gradients overflow all the same is left out.",
    )
      .meta({
        unit: "factor",
        source: "Micikevicius et al., Mixed Precision Training, ICLR 2018, §3.2",
        unread: (options: unknown) =>
          mayOverflow(options as TrainingConfig) ? undefined : "neither precision nor exchange is f16",
      }),
    ...optimizerLeaves,
    classWeights: classWeightsLeaf,
    pairing: z.enum(["fixed", "free"]).default("fixed")
      .describe("Whether an unlabeled image meets the same labeled one in every epoch.")
      .meta({ unit: "none", source: "CCVC §3.6" }),
    evaluateEvery: z.int().min(1).default(1).describe(
      "Epochs between scores on the validation set, for the best weights.",
    )
      .meta({ unit: "epochs", source: "CCVC §6" }),
    evaluation: evaluationSchema.prefault({}).describe("How those scores are made."),
    patience: z.int().min(1).optional().describe(
      "Scores in a row without a better one of the headline prediction after which the training ends early; without it, it " +
        "goes to its end. Rates and schedules fall as for all epochs; scores under another protocol start the count anew.",
    )
      .meta({ unit: "scores", source: "Prechelt, Early Stopping – But When?, 1998, §2; published: none" }),
    logEvery: z.int().min(1).default(10).describe(
      "Steps between readings of the losses; each drains the device.",
    )
      .meta({ unit: "steps", source: "Crossview" }),
  }).superRefine(({ batch, accumulate }, issues) => {
    if (batch % accumulate === 0) return;
    const divisors = Array.from({ length: batch }, (_, i) => i + 1).filter((k) => batch % k === 0);
    issues.addIssue({
      code: "custom",
      path: ["accumulate"],
      message: `a batch of ${batch} does not divide into ${accumulate} equal micro-batches; it does into ${
        divisors.join(", ")
      }`,
    });
  }),
);
