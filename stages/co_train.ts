/** The stage `co-train`: trains networks by a method, on labeled and unlabeled images. @module */
import { z } from "zod";
import type { Device } from "../kernels/device.ts";
import type { Precision } from "../kernels/tensor.ts";
import type { BackboneReport } from "../models/backbone_weights.ts";
import { type BackboneName, BACKBONES } from "../models/resnet.ts";
import {
  type AnyStage,
  type ArtifactKind,
  defineStage,
  jsonKind,
  type Refs,
  type Schema,
  type Stage,
  type StageContext,
  type StageOptions,
  type Wires,
} from "../pipeline/mod.ts";
import { policyKind, type Views, type ViewsKinds } from "./augment.ts";
import { type Checkpoint, checkpointKind } from "./weights/checkpoint.ts";
import { bindMethod, type BoundMethod } from "./methods/bound_method.ts";
import { chosenMethod } from "./methods/exchange.ts";
import {
  type AnyMethod,
  type Configured,
  definitionOf,
  isConfigured,
  isName,
  MethodError,
} from "./methods/method.ts";
import { type NamedOptions, withMethod } from "./methods/with_method.ts";
import type { NetworkDescription } from "./weights/network.ts";
import { NO_PRETRAINED, pretrainedSources, readPretrained } from "./weights/pretrained.ts";
import { bestOutput } from "./evaluation/predictions.ts";
import { type ImageSet, imagesKind, samplesKind } from "./datasets/samples.ts";
import { LOSS_SCALE } from "./training/capture.ts";
import { runCourse } from "./training/course.ts";
import { type EvaluationConfig, evaluationSchema } from "./training/evaluation.ts";
import type { TrainingHistory } from "./training/history.ts";
import type { MemorySettings, Recompute } from "./training/memory.ts";
import { type OptimizerConfig, optimizerLeaves, optimizerOf } from "./training/optimizer_config.ts";
import { tell } from "./training/progress.ts";
import { makeSampler } from "./training/sampler.ts";
import { openSession } from "./training/session.ts";

export type { TrainingHistory };

/** What {@linkcode coTrain} gets; every leaf is described in its schema. */
export interface CoTrainConfig extends OptimizerConfig {
  /** The method's name and its switches. */
  readonly method: NamedOptions;
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
  /** Micro-batches that a step's images are run in, one after another, before one update by the mean of their gradients. */
  readonly accumulate: number;
  /** When outputs of batch norms are computed again in the backward pass instead of being kept; no bit of a result changes. */
  readonly recompute: Recompute;
  /** What activations and their gradients are stored as; sums, weights, statistics and losses are f32 always. */
  readonly precision: Precision;
  /** With f16: what losses are multiplied by before they are differentiated, and gradients divided by after. */
  readonly lossScale: number;
  /** Whether an unlabeled image meets the same labeled one in every epoch. */
  readonly pairing: "fixed" | "free";
  /** Epochs between scores on the validation set, for the best weights. */
  readonly evaluateEvery: number;
  /** How those scores are made. */
  readonly evaluation: EvaluationConfig;
  /** Steps between readings of the losses; each drains the device. */
  readonly logEvery: number;
}

/** What an experiment writes for {@linkcode coTrain}; what is left out has the published value. */
export type CoTrainInput<P extends string = string> =
  & Partial<Omit<CoTrainConfig, "method" | "evaluation">>
  & {
    /** The method with its options: `ccvc({ … })`. */
    readonly method: Configured<P>;
    readonly evaluation?: Partial<EvaluationConfig>;
  };

const schema = z.strictObject({
  backbone: z.enum(Object.keys(BACKBONES) as [BackboneName, ...BackboneName[]]).default("resnet101")
    .describe("Backbone of each network; resnet14 is the small one, for small images and CPUs.")
    .meta({ unit: "name", source: "spec §1.1, §5" }),
  pretrained: z.string().min(1).default(NO_PRETRAINED)
    .describe(
      'File of ImageNet weights that all backbones start from, PyTorch\'s or safetensors; "none": random weights.',
    )
    .meta({ unit: "path", source: "spec §1.1: pretrained/<backbone>.pth in the original", location: true }),
  pretrainedStrict: z.boolean().default(true)
    .describe(
      "Whether the file must hold all of the backbone, in its shapes, and nothing but it and a classifier.",
    )
    .meta({ unit: "yes or no", source: "Crossview; the original took what fitted, silently" }),
  outputStride: z.literal([8, 16]).default(16).describe(
    "How much smaller than the image the last features are.",
  )
    .meta({ unit: "pixels", source: "spec §1.1: 16 PASCAL, 8 Cityscapes" }),
  epochs: z.int().min(1).default(80).describe("Passes over the unlabeled images.")
    .meta({ unit: "epochs", source: "spec §5" }),
  warmUpEpochs: z.int().min(0).default(0)
    .describe("Epochs, of those, that learn from the labeled images alone before the method starts.")
    .meta({ unit: "epochs", source: "published: 0, from ImageNet weights; PS-MT warms up for 5" }),
  stepsPerEpoch: z.int().min(1).optional().describe(
    "Steps of an epoch; without it ⌊⌈unlabeled images / shards⌉ · shards / batch⌋.",
  )
    .meta({ unit: "steps", source: "spec §3.5" }),
  shards: z.int().min(1).max(1024).default(1).describe(
    "Processes that the published lists are dealt to: a pass repeats its first images to fill the last round; 1: none.",
  )
    .meta({ unit: "processes", source: "spec §3.5; 4 in every published command" }),
  batch: z.int().min(1).default(8).describe("Labeled images in a step, and as many unlabeled ones.")
    .meta({ unit: "images", source: "README no-aug command, 4 GPUs × 2, spec §3.7" }),
  accumulate: z.int().min(1).default(1).describe(
    "Micro-batches that a step's images are run in, one after another, before one update by the mean of their gradients; " +
      "must divide batch. Each is normalized by its own batch statistics, updates the running ones, averages losses over " +
      "its own pixels, mines its share of hard ones and has its CutMix partners within itself, as each process of a " +
      "distributed training does.",
  )
    .meta({ unit: "micro-batches", source: "Crossview; memory is that of batch / accumulate" }),
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
    "With f16: what losses are multiplied by before they are differentiated, and gradients divided by after, so that small " +
      "ones are not lost. A step whose gradients overflow all the same is left out.",
  )
    .meta({
      unit: "factor",
      source: "Micikevicius et al., Mixed Precision Training, ICLR 2018, §3.2",
      unread: (options: unknown) =>
        (options as CoTrainConfig).precision === "f16" ? undefined : "precision is f32",
    }),
  ...optimizerLeaves,
  pairing: z.enum(["fixed", "free"]).default("fixed")
    .describe("Whether an unlabeled image meets the same labeled one in every epoch.")
    .meta({ unit: "none", source: "spec §3.6" }),
  evaluateEvery: z.int().min(1).default(1).describe(
    "Epochs between scores on the validation set, for the best weights.",
  )
    .meta({ unit: "epochs", source: "spec §6" }),
  evaluation: evaluationSchema.prefault({}).describe("How those scores are made."),
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
});

const shared = schema as unknown as Schema<Omit<CoTrainConfig, "method">> & Pick<typeof schema, "shape">;

const inputs: { readonly views: ViewsKinds } = {
  views: { labeled: samplesKind, unlabeled: imagesKind, validation: samplesKind, policy: policyKind },
};

const historyKind: ArtifactKind<TrainingHistory> = jsonKind("training-history", 1);

/** What training gives, by the method's predictions `P`. */
export type NetsKinds<P extends string = string> =
  & {
    /** Weights after the last step. */
    readonly last: ArtifactKind<Checkpoint>;
    /** Losses and validation scores along the way. */
    readonly history: ArtifactKind<TrainingHistory>;
  }
  & {
    readonly [
      /** Weights of the epoch with the best validation mIoU of a prediction. */
      K in P as `best${Capitalize<K>}`
    ]: ArtifactKind<Checkpoint>;
  };

/** A stage that trains by one method. */
export type TrainingStage<P extends string = string> = Stage<
  { readonly views: ViewsKinds },
  CoTrainConfig,
  unknown,
  NetsKinds<P>
>;

/** One stage a method: it holds functions, while configs, plans and keys hold plain data. */
const stages = new WeakMap<object, TrainingStage>();
const methods = new WeakMap<AnyStage, AnyMethod>();

/** The stage `co-train` of a method; the same one whenever it is asked for. */
export function trainingStage<P extends string>(method: AnyMethod<P>): TrainingStage<P> {
  const made = stages.get(method.definition) ?? defineTraining(method);
  stages.set(method.definition, made);
  methods.set(made.definition, method);
  return made as TrainingStage<P>;
}

/** The method that a stage trains by; undefined if it is no training. */
export function methodOf(stage: AnyStage): AnyMethod | undefined {
  return methods.get(stage);
}

/**
 * Trains networks by a method, as the stage `co-train`; gives the last weights and the best by each prediction. The code of the
 * method, and of no other, is part of the key.
 */
export function coTrain<P extends string>(
  inputs: Wires<{ readonly views: ViewsKinds }>,
  { method: own, ...config }: CoTrainInput<P> = {} as CoTrainInput<P>,
  options?: StageOptions,
): Refs<NetsKinds<P>> {
  if (!isConfigured(own)) {
    const { name } = (own ?? {}) as { readonly name?: unknown };
    throw new MethodError(
      `Cannot train: co-train.method must be a method with its options, as ${
        typeof name === "string" && isName(name) ? `${name}()` : "ccvc({ … })"
      } gives it`,
    );
  }
  const { method, options: written } = chosenMethod(own);
  // From here on all is plain data: which functions it is about, is in the stage.
  const call = trainingStage(method) as unknown as (...given: unknown[]) => Refs<NetsKinds<P>>;
  return call(inputs, { ...config, method: written }, options);
}

function defineTraining(method: AnyMethod): TrainingStage {
  const bests = method.predictions.map((name) => [bestOutput(name), checkpointKind]);
  const stage = defineStage({
    name: "co-train",
    version: 1,
    module: import.meta.url,
    alsoHash: [definitionOf(method).module],
    config: withMethod(shared, method),
    inputs,
    outputs: { last: checkpointKind, ...Object.fromEntries(bests), history: historyKind },
    sources: pretrainedSources,
    resources: ["gpu"],
    seeded: true,
    numerics: "f32",
    async run({ inputs: { views }, config, context }) {
      const { seed } = context;
      const { batch } = config;
      const settings = trainingSettings(method, config, views, seed);
      const { network } = settings;
      const pretrained = await readPretrained(config, Object.keys(network.networks), context.read);
      tellStart(config, pretrained?.report, context);
      const device = await context.resource<Device>("gpu");
      const sampler = makeSampler({
        seed,
        labeled: views.labeled.length,
        unlabeled: views.unlabeled.length,
        batch,
        pairing: config.pairing,
        shards: config.shards,
        stepsPerEpoch: config.stepsPerEpoch,
      });
      if (config.pairing === "fixed" && views.labeled.length > views.unlabeled.length) {
        tell(context, {
          kind: "warning",
          message:
            `only ${views.unlabeled.length} of the ${views.labeled.length} labeled images are learned from: with ` +
            `pairing "fixed" each unlabeled image meets one. Set co-train.pairing=free to meet all in turn`,
        });
      }
      if (pretrained === undefined && settings.method.frozenNorms.size > 0) {
        context.progress({
          kind: "warning",
          message:
            "the backbone's norms are frozen at means of 0 and variances of 1, which no image has made, as the weights " +
            "are random. Set co-train.pretrained to a file, or let the method train its norms",
        });
      }
      const session = openSession(device, {
        ...settings,
        pretrained: pretrained?.state,
        samplesOf(step) {
          const { labeled, unlabeled, others } = sampler.batch(
            Math.floor(step / sampler.stepsPerEpoch),
            step % sampler.stepsPerEpoch,
          );
          const ids = (set: ImageSet, places: readonly number[]) =>
            places.map((place) => `"${set.ids[place]}"`).join(", ");
          const more = Object.values(settings.method.draws).some(({ images }) => images === "others");
          const seen = more ? [...unlabeled, ...others ?? []] : unlabeled;
          return `labeled ${ids(views.labeled, labeled)}; unlabeled ${ids(views.unlabeled, seen)}`;
        },
        onSkipped: (updates) =>
          tell(context, {
            kind: "warning",
            message:
              `${updates} ${updates === 1 ? "step was" : "steps were"} left out since the losses were last ` +
              "read: gradients overflowed f16. If that goes on, lower co-train.lossScale",
          }),
        onCompile: (done, total) => {
          if (done % Math.ceil(total / 8) === 0 || done === total) {
            tell(context, { kind: "compile", done, total });
          }
        },
      });
      try {
        tell(context, { kind: "memory", ...session.memory });
        const { last, best, history } = await runCourse({
          session,
          sampler,
          network,
          config,
          imagesOf: { "warm-up": batch, method: batch * setsOf(settings.method) },
          adapter: device.facts.name,
          context,
        });
        const bests = Object.entries(best).map(([name, checkpoint]) => [bestOutput(name), checkpoint]);
        return { last, history, ...Object.fromEntries(bests) };
      } finally {
        session.free();
      }
    },
  });
  return stage as unknown as TrainingStage;
}

/** Batches of images that a method may draw: 1 where it learns from the labeled ones alone, 3 with other unlabeled ones, else 2. */
function setsOf({ draws }: BoundMethod): number {
  return new Set(Object.values(draws).map(({ set, images = set }) => images)).size;
}

/** What a config's training is captured with. */
export function trainingSettings(
  trained: AnyMethod,
  config: CoTrainConfig,
  views: Views,
  seed: number,
): MemorySettings {
  const { name: _, ...options } = config.method;
  const method = bindMethod(trained, options), { networks, predictions, headline } = method;
  const { backbone, outputStride, batch, accumulate, recompute, precision, lossScale } = config;
  const network: NetworkDescription = {
    backbone,
    outputStride,
    networks,
    predictions,
    headline,
    classes: views.labeled.classes,
  };
  const warmUp = config.warmUpEpochs > 0;
  return {
    network,
    method,
    views,
    batch,
    accumulate,
    recompute,
    precision,
    lossScale,
    seed,
    optimizer: optimizerOf(config),
    warmUp,
  };
}

/** Says what the backbones start from; of the small one, which nobody has ImageNet weights for, only what is not random. */
function tellStart(
  { backbone, pretrained }: CoTrainConfig,
  report: BackboneReport | undefined,
  context: StageContext,
): void {
  if (report === undefined) {
    if (backbone !== "resnet14") tell(context, { kind: "pretrained", backbone });
    return;
  }
  tell(context, { kind: "pretrained", backbone, file: pretrained, ...report });
  context.fact("pretrained", `${pretrained}: ${report.loaded} tensors`);
}
