/** The stage `co-train`: trains networks by a method, on labeled and unlabeled images. @module */
import type { Device } from "../kernels/device.ts";
import type { BackboneReport } from "../models/backbone_weights.ts";
import { BACKBONES } from "../models/resnet.ts";
import {
  type AnyStage,
  type ArtifactKind,
  type DeepPartial,
  defineStage,
  jsonKind,
  type Refs,
  type Stage,
  type StageContext,
  type StageOptions,
  type Wires,
} from "../pipeline/mod.ts";
import { policyKind, type ViewsKinds } from "./augment.ts";
import { type Checkpoint, checkpointKind } from "./weights/checkpoint.ts";
import { chosenMethod } from "./methods/binding/exchange.ts";
import {
  type AnyMethod,
  type Configured,
  definitionOf,
  isConfigured,
  isName,
  MethodError,
} from "./methods/method.ts";
import { withMethod } from "./methods/binding/with_method.ts";
import { pretrainedSources, readPretrained } from "./weights/pretrained.ts";
import { bestOutput } from "./evaluation/predictions.ts";
import { type ImageSet, imagesKind, samplesKind } from "./datasets/samples.ts";
import { type TrainingConfig, trainingSchema } from "./training/config/config.ts";
import { assertCounted, assertOneRange, warmUpFor } from "./training/data_checks.ts";
import { runTraining } from "./training/loop.ts";
import type { TrainingHistory } from "./training/history.ts";
import { type CoTrainConfig, trainingSettings } from "./training/settings.ts";
import { tell } from "./training/progress.ts";
import { makeSampler } from "./training/sampler.ts";
import { openSession } from "./training/session.ts";

export type { CoTrainConfig, TrainingHistory };

/** What an experiment writes for {@linkcode coTrain}; what is left out has the published value. */
export interface CoTrainInput<P extends string = string> extends DeepPartial<TrainingConfig> {
  /** The method with its options: `ccvc({ … })`. */
  readonly method: Configured<P>;
}

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

const trainingName = "co-train";

/** One stage a method: it holds functions, while configs, plans and keys hold plain data. */
const stages = new WeakMap<object, TrainingStage>();
const methods = new WeakMap<AnyStage, AnyMethod>();

/**
 * The stage `co-train` of a method; the same one whenever it is asked for.
 */
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
 *
 * @example
 * ```ts
 * import { augment, ccvc, coTrain, load, pipeline } from "@crossview/crossview";
 *
 * export default pipeline("networks", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: ccvc({ augmentation: "strong" }), backbone: "resnet14", epochs: 9, batch: 4 });
 * });
 * ```
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
  const { method, options: written } = chosenMethod(own, options?.as ?? trainingName);
  // From here on all is plain data: which functions it is about, is in the stage.
  const call = trainingStage(method);
  return call(inputs, { ...config, method: written }, options);
}

function defineTraining(method: AnyMethod): TrainingStage {
  const bests = method.predictions.map((name) => [bestOutput(name), checkpointKind]);
  const stage = defineStage({
    name: trainingName,
    version: 1,
    module: import.meta.url,
    alsoHash: [definitionOf(method).module],
    config: withMethod(trainingSchema, method),
    inputs,
    outputs: { last: checkpointKind, ...Object.fromEntries(bests), history: historyKind },
    sources: pretrainedSources,
    resources: ["gpu"],
    seeded: true,
    numerics: "f32",
    async run({ inputs: { views }, config, context }) {
      const { seed } = context;
      assertCounted(views.labeled);
      assertOneRange(views);
      const known = trainingSettings(method, config, views, seed);
      const warmUpEpochs = warmUpFor(config, views, known.method, context);
      const settings = { ...known, warmUp: warmUpEpochs > 0 };
      const { network } = settings;
      const pretrained = await readPretrained(config, Object.keys(network.networks), context.read);
      tellStart(config, pretrained?.report, context);
      const device = await context.resource<Device>("gpu");
      const { labeled: { length: labeled }, unlabeled: { length: unlabeled } } = views;
      const sampler = makeSampler({ ...config, seed, labeled, unlabeled });
      if (config.pairing === "fixed" && unlabeled > 0 && labeled > unlabeled) {
        tell(context, {
          kind: "warning",
          message: `only ${unlabeled} of the ${labeled} labeled images are learned from: with ` +
            `pairing "fixed" each unlabeled image meets one. Set co-train.pairing=free to meet all in turn`,
        });
      }
      if (pretrained === undefined && settings.method.frozenNorms.size > 0) {
        tell(context, {
          kind: "warning",
          message:
            "the backbone's norms are frozen at means of 0 and variances of 1, which no image has made, as the weights " +
            "are random. Set co-train.pretrained to a file, or let the method train its norms",
        });
      }
      const session = openSession(device, {
        ...settings,
        pretrained: pretrained?.state,
        samplesOf(step, chosen = {}) {
          const { labeled, unlabeled, others } = sampler.batch(
            Math.floor(step / sampler.stepsPerEpoch),
            step % sampler.stepsPerEpoch,
          );
          const ids = (set: ImageSet, places: readonly number[]) =>
            places.map((place) => `"${set.ids[place]}"`).join(", ");
          const draws = settings.method.draws;
          const more = Object.values(draws).some(({ images }) => images === "others");
          const drawn = Object.entries(chosen).map(([name, places]) =>
            `${name} ${ids(views[draws[name]!.set], places)}`
          );
          const seen = drawn.length > 0 ? [] : more ? [...unlabeled, ...others ?? []] : unlabeled;
          return [
            `labeled ${ids(views.labeled, labeled)}`,
            ...(seen.length > 0 ? [`unlabeled ${ids(views.unlabeled, seen)}`] : []),
            ...drawn,
          ].join("; ");
        },
        onSkipped: (updates) =>
          tell(context, {
            kind: "warning",
            message:
              `${updates} ${updates === 1 ? "step was" : "steps were"} left out since the losses were last ` +
              "read: gradients overflowed f16. If that goes on, lower co-train.lossScale",
          }),
        onCompile: (done, total) => tell(context, { kind: "compile", done, total }),
      });
      try {
        tell(context, { kind: "memory", ...session.memory });
        const { last, best, history } = await runTraining({
          session,
          sampler,
          network,
          config: { ...config, warmUpEpochs },
          validation: views.validation,
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
  return stage as TrainingStage;
}

/** Says what the backbones start from; of a small one, which nobody has ImageNet weights for, only what is not random. */
function tellStart(
  { backbone, pretrained }: CoTrainConfig,
  report: BackboneReport | undefined,
  context: StageContext,
): void {
  if (report === undefined) {
    if (!BACKBONES[backbone].small) tell(context, { kind: "pretrained", backbone });
    return;
  }
  tell(context, { kind: "pretrained", backbone, file: pretrained, ...report });
  context.fact("pretrained", `${pretrained}: ${report.loaded} tensors`);
}
