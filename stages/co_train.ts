/** The stage `co-train`: trains networks by a method, on labeled and unlabeled images. @module */
import type { Device } from "../kernels/device.ts";
import type { BackboneReport } from "../models/backbone_weights.ts";
import { BACKBONES } from "../models/resnet.ts";
import {
  type AnyStage,
  type ArtifactKind,
  type DeepPartial,
  defineStage,
  type GraphNode,
  jsonKind,
  type Refs,
  type Stage,
  type StageContext,
  type StageOptions,
} from "../pipeline/mod.ts";
import type { Views, ViewsKinds } from "./augment.ts";
import { masksOf, type PseudoLabels } from "./datasets/pseudo_labels.ts";
import { bindMethod, drawnAs } from "./methods/bound_method.ts";
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
import { readEarlier } from "./weights/earlier.ts";
import { NO_PRETRAINED, pretrainedSources, readPretrained } from "./weights/pretrained.ts";
import { withMethod } from "./methods/binding/with_method.ts";
import { bestOutput } from "./evaluation/predictions.ts";
import { type TrainingConfig, trainingSchema } from "./training/config/config.ts";
import { assertCounted, assertOneRange, warmUpFor } from "./training/data_checks.ts";
import { runTraining } from "./training/loop.ts";
import type { TrainingHistory } from "./training/history.ts";
import { type CoTrainConfig, trainingSettings } from "./training/settings.ts";
import {
  type Earlier,
  earlierInputs,
  earlierNames,
  type TrainingInputs,
  viewsInput,
} from "./training/inputs.ts";
import { tell } from "./training/progress.ts";
import { makeSampler, namesOf } from "./training/sampler.ts";
import { openSession } from "./training/session.ts";
import { lead, openTogether, serve } from "./training/team/shared_session.ts";

export type { CoTrainConfig, TrainingHistory, TrainingInputs };

/** What an experiment writes for {@linkcode coTrain}; what is left out has the published value. */
export interface CoTrainInput<P extends string = string> extends DeepPartial<TrainingConfig> {
  /** The method with its options: `ccvc({ … })`. */
  readonly method: Configured<P>;
}

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

/** The stages of a method, by what else they are given: they hold functions, while configs, plans and keys hold plain data. */
const stages = new WeakMap<object, Map<string, TrainingStage>>();
const methods = new WeakMap<AnyStage, AnyMethod>();

/**
 * The stage `co-train` of a method; the same one whenever it is asked for.
 *
 * @param given Which inputs it has beside the views.
 */
export function trainingStage<P extends string>(
  method: AnyMethod<P>,
  given: readonly (keyof Earlier)[] = [],
): TrainingStage<P> {
  const known = stages.get(method.definition) ?? new Map<string, TrainingStage>();
  stages.set(method.definition, known);
  const made = known.get(`${given}`) ?? defineTraining(method, given);
  known.set(`${given}`, made);
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
  inputs: TrainingInputs,
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
  const id = options?.as ?? trainingName;
  const { configured: { method, options: written }, inputs: given } = chosenMethod(own, {
    id,
    inputs,
    config,
  });
  // From here on all is plain data: which functions it is about, is in the stage.
  const call = trainingStage(method, earlierNames(given));
  const refs = call(given, { ...config, method: written }, options);
  checkEarlier(method, given, refs.last.node as GraphNode);
  return own.method === method ? refs : withBests(own.method, definitionOf(method).headline, refs);
}

/**
 * Where another method stands in the place of the experiment's own: the best weights by the names of that one, which are those by
 * the other one's headline. They are found by name alone: a stage that is given all outputs is given the method's.
 */
function withBests<R extends object>(own: AnyMethod, headline: string, refs: R): R {
  const value = (refs as Readonly<Record<string, unknown>>)[bestOutput(headline)];
  const missing = own.predictions.map(bestOutput).filter((name) => !(name in refs));
  return Object.defineProperties(refs, Object.fromEntries(missing.map((name) => [name, { value }])));
}

/** @throws {MethodError} If a method draws pseudo-labeled images and is given no labels of them, or the other way round. */
function checkEarlier(
  method: AnyMethod,
  { pseudoLabels, start }: TrainingInputs,
  { id, config }: GraphNode,
): void {
  const { method: { name, ...options }, pretrained } = config as CoTrainConfig;
  const draws = drawnAs("pseudo-labeled", bindMethod(method, options));
  const refuse = (rule: string) => new MethodError(`Cannot train "${id}" by method "${name}": ${rule}`);
  if (draws.length > 0 && pseudoLabels === undefined) {
    throw refuse(
      `its draws ${
        draws.join(", ")
      } are of pseudo-labeled images, and the training is given no labels. Write ` +
        "coTrain({ views, pseudoLabels: pseudoLabel({ nets, images: data.unlabeled }) }, …), with nets of an earlier training",
    );
  }
  if (draws.length === 0 && pseudoLabels !== undefined) {
    throw refuse(
      "it draws no pseudo-labeled images, so that nothing would read pseudoLabels. Leave them out",
    );
  }
  if (start !== undefined && pretrained !== NO_PRETRAINED) {
    throw refuse(
      `it would start from both the weights that are given and "${pretrained}". Leave one out, or set ` +
        `${id}.pretrained=${NO_PRETRAINED}`,
    );
  }
}

function defineTraining(method: AnyMethod, given: readonly (keyof Earlier)[]): TrainingStage {
  const bests = method.predictions.map((name) => [bestOutput(name), checkpointKind]);
  const stage = defineStage({
    name: trainingName,
    version: 1,
    module: import.meta.url,
    alsoHash: [definitionOf(method).module],
    config: withMethod(trainingSchema, method),
    inputs: { ...viewsInput, ...Object.fromEntries(given.map((name) => [name, earlierInputs[name]])) },
    outputs: { last: checkpointKind, ...Object.fromEntries(bests), history: historyKind },
    sources: pretrainedSources,
    resources: ["gpu"],
    seeded: true,
    teamed: true,
    numerics: "f32",
    async run({ inputs, config, context }) {
      const { seed } = context, { pseudoLabels, start } = inputs as Earlier;
      assertCounted(inputs.views.labeled);
      assertOneRange(inputs.views);
      const views = await withPseudoLabels(inputs.views, pseudoLabels, context);
      const known = trainingSettings(method, config, views, seed);
      const warmUpEpochs = warmUpFor(config, views, known.method, context);
      const settings = { ...known, warmUp: warmUpEpochs > 0 };
      const { network } = settings;
      const pretrained = await readPretrained(config, Object.keys(network.networks), context.read);
      const earlier = start && await readEarlier(start, network, known.method);
      if (earlier) {
        context.fact("started from", `the weights of an earlier training: ${earlier.size} tensors`);
      } else tellStart(config, pretrained?.report, context);
      const device = await context.resource<Device>("gpu");
      const { labeled: { length: labeled }, unlabeled: { length: unlabeled } } = views;
      const pseudoLabeled = drawnAs("pseudo-labeled", known.method).length > 0;
      const sampler = makeSampler({ ...config, seed, labeled, unlabeled, pseudoLabeled });
      if (config.pairing === "fixed" && unlabeled > 0 && labeled > unlabeled && !pseudoLabeled) {
        tell(context, {
          kind: "warning",
          message: `only ${unlabeled} of the ${labeled} labeled images are learned from: with ` +
            `pairing "fixed" each unlabeled image meets one. Set co-train.pairing=free to meet all in turn`,
        });
      }
      if (pretrained === undefined && earlier === undefined && settings.method.frozenNorms.size > 0) {
        tell(context, {
          kind: "warning",
          message:
            "the backbone's norms are frozen at means of 0 and variances of 1, which no image has made, as the weights " +
            "are random. Set co-train.pretrained to a file, or let the method train its norms",
        });
      }
      const open = () =>
        openSession(device, {
          team: context.team,
          ...settings,
          pretrained: earlier ?? pretrained?.state,
          samplesOf(step, chosen) {
            const batch = sampler.batch(
              Math.floor(step / sampler.stepsPerEpoch),
              step % sampler.stepsPerEpoch,
            );
            return namesOf({ ...batch, ...(chosen && { chosen }) }, views, settings.method);
          },
          onSkipped: (updates) =>
            tell(context, {
              kind: "warning",
              message:
                `${updates} ${
                  updates === 1 ? "step was" : "steps were"
                } left out since the losses were last ` +
                "read: gradients overflowed f16. If that goes on, lower co-train.lossScale",
            }),
          onCompile: (done, total) => tell(context, { kind: "compile", done, total }),
        });
      const { team } = context, { validation } = views;
      const opened = team && await openTogether(team, device, config.accumulate, open);
      if (team && team.rank > 0) {
        await serve(opened!.session, { validation, sampler }, team);
        return {};
      }
      const session = opened ? lead(opened.session, validation, team!) : open();
      if (opened) tell(context, { kind: "note", message: ranksText(opened.adapters) });
      try {
        tell(context, { kind: "memory", ...session.memory });
        const { last, best, history } = await runTraining({
          session,
          sampler,
          network,
          config: { ...config, warmUpEpochs },
          validation,
          adapter: device.facts.name,
          context,
        });
        const bests = Object.entries(best).map(([name, checkpoint]) => [bestOutput(name), checkpoint]);
        return { last, history, ...Object.fromEntries(bests) };
      } finally {
        await session.free();
      }
    },
  });
  return stage as TrainingStage;
}

/** Says who trains. */
function ranksText(adapters: readonly string[]): string {
  return `${adapters.length} processes share each step: ${
    adapters.map((name, rank) => `rank ${rank} on ${name}`).join(", ")
  }`;
}

/** The data with the labels of an earlier training as masks. */
async function withPseudoLabels(
  views: Views,
  labels: PseudoLabels | undefined,
  context: StageContext,
): Promise<Views> {
  if (labels === undefined) return views;
  const { unlabeled, labeled: { classes } } = views, path = context.scratch("pseudo-labels");
  return {
    ...views,
    pseudoLabels: await masksOf(labels, unlabeled, classes, { path, signal: context.signal }),
  };
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
