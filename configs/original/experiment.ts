/** A command line of the original as an experiment of this project, with what is to be said about it. @module */
import {
  augment,
  ccvc,
  type CcvcOptions,
  ConfigError,
  coTrain,
  type CoTrainInput,
  evaluate,
  type EvaluateConfig,
  load,
  type LoadInput,
  type Pipeline,
  pipeline,
  type ViewPolicyInput,
} from "../../mod.ts";
import type { OriginalConfig } from "./config_file.ts";
import { type Flags, scriptFiles } from "./flags.ts";

/** Who is labeled: a published partition, or the user's lists. */
export interface OriginalData {
  /** As `load` takes it: partition and partitions, or lists. */
  readonly lists: Pick<LoadInput, "partition" | "partitions" | "lists">;
  /** Images of the unlabeled list, where it is at hand. */
  readonly unlabeled?: number;
}

/** Where things lie on this machine. */
export interface Places {
  /** Folder of the data set. */
  readonly root: string;
  /** File of the ImageNet weights, if there is one. */
  readonly pretrained?: string | undefined;
}

/** The stages' configs. */
export interface OriginalSettings {
  readonly name: string;
  readonly load: LoadInput;
  readonly augment: ViewPolicyInput;
  readonly coTrain: Omit<CoTrainInput, "method"> & { readonly method: Partial<Omit<CcvcOptions, "name">> };
  readonly evaluate: Partial<EvaluateConfig>;
}

/** An experiment that does what a command line of the original does. */
export interface OriginalExperiment {
  readonly settings: OriginalSettings;
  readonly seed: number;
  /** Leaf → the flag or key that set it. */
  readonly setBy: Readonly<Record<string, string>>;
}

/**
 * Translates flags and config.
 *
 * @throws {ConfigError} For what the original would have crashed on or hung in.
 */
export function originalExperiment(
  flags: Flags,
  config: OriginalConfig,
  { root, pretrained }: Places,
  data: OriginalData,
): OriginalExperiment {
  refuseCrashes(flags, config);
  const batch = flags.number("gpus") * flags.number("batch_size"), crop = flags.number("crop_size");
  const isCityscapes = config.dataset === "cityscapes";
  const windows = { protocol: "sliding_window", crop } as const;
  const lists = data.lists.partition?.split("/")[1]?.replaceAll("_", "-");
  const settings: OriginalSettings = {
    name: ["ccvc", flags.script, config.dataset, ...(lists === undefined ? [] : [lists])].join("-"),
    load: { dataset: config.dataset, root, ...data.lists },
    augment: { crop },
    coTrain: {
      method: methodOf(flags, config),
      backbone: flags.text("backbone") as "resnet50" | "resnet101",
      ...(pretrained === undefined ? {} : { pretrained }),
      outputStride: config.outputStride,
      epochs: flags.number("epochs"),
      batch,
      shards: flags.number("gpus"),
      baseRate: flags.number("base_lr"),
      backboneRate: flags.number("lr_backbone"),
      headRate: flags.number("lr_network"),
      power: flags.number("mul_scheduler"),
      ...(isCityscapes
        ? { evaluation: { ...windows, earlier: "center_crop", finalEpochs: 20, best: "across_protocols" } }
        : {}),
    },
    evaluate: isCityscapes ? windows : {},
  };
  return { settings, seed: flags.number("seed"), setBy };
}

/** The experiment as a pipeline. */
export function originalPipeline(settings: OriginalSettings): Pipeline {
  const { method, ...training } = settings.coTrain;
  return pipeline(settings.name, () => {
    const data = load(settings.load);
    const views = augment({ data }, settings.augment);
    const nets = coTrain({ views }, { method: ccvc(method), ...training });
    return { score: evaluate({ nets, samples: data.validation }, settings.evaluate) };
  });
}

function methodOf(flags: Flags, config: OriginalConfig): Partial<Omit<CcvcOptions, "name">> {
  const strong = flags.script === "aug";
  const mode = flags.text("mode_confident") as CcvcOptions["mode"];
  const mapped = flags.is("use_MLP"), normed = mapped && flags.is("use_norm");
  const mapping = !mapped ? "none" : flags.text("mode_mapping") === "both" ? "both" : "second";
  const weight = (name: string, on: boolean) => on ? flags.number(name) : 0;
  // Hard-coded in the script with strong views, but for one weight in one mode (CCVC §2.2).
  const conflictWeight = strong && mode !== "vote_threshold" ? 1.5 : flags.number("w_confident");
  const unconfidentWeight = strong ? 0.5 : flags.number("w_unconfident");
  const hasThreshold = mode !== "vote" && mode !== "no";
  return {
    as: "published-code",
    augmentation: strong ? "strong" : "weak",
    mode,
    threshold: flags.number("conf_threshold"),
    selfPaced: hasThreshold && flags.is("use_SPL"),
    conflictWeight,
    unconfidentWeight,
    ...(usesOhem(flags)
      ? {
        criterion: "ohem",
        ohemThreshold: config.ohem!.threshold,
        ohemMinKept: config.ohem!.minKept * flags.number("gpus"),
      }
      : {}),
    supervisedWeight: flags.number("w_CE"),
    consistencyWeight: weight("w_con", strong || flags.is("use_con")),
    discrepancyWeight: weight("w_dis", strong || flags.is("use_dis")),
    mapping,
    ...(mapped ? { mappingNorm: normed } : {}),
    dropout: normed && flags.is("use_dropout") ? flags.number("dropout") : 0,
  };
}

/** Whether the supervised loss mines hard examples. */
export function usesOhem(flags: Flags): boolean {
  return flags.script === "aug" && flags.text("mode_criterion") === "OHEM";
}

const setBy: Readonly<Record<string, string>> = {
  "load.dataset": "dataset of the config",
  "load.root": "data_root of the config",
  "load.partition": "--labeled_id_path, --unlabeled_id_path",
  "load.partitions": "--labeled_id_path, --unlabeled_id_path",
  "load.lists.labeled": "--labeled_id_path",
  "load.lists.unlabeled": "--unlabeled_id_path",
  "load.lists.validation": "fixed in the original",
  "augment.crop": "--crop_size",
  "co-train.backbone": "--backbone",
  "co-train.pretrained": "fixed in the original, --backbone",
  "co-train.outputStride": "multi_grid, replace_stride_with_dilation and dilations of the config",
  "co-train.epochs": "--epochs",
  "co-train.batch": "--gpus × --batch_size",
  "co-train.shards": "--gpus",
  "co-train.baseRate": "--base_lr",
  "co-train.backboneRate": "--lr_backbone",
  "co-train.headRate": "--lr_network",
  "co-train.power": "--mul_scheduler",
  "co-train.method.augmentation": "--script",
  "co-train.method.mode": "--mode_confident",
  "co-train.method.confidence": "--mode_confident",
  "co-train.method.mixWeights": "--mode_confident",
  "co-train.method.rawWeights": "--mode_confident",
  "co-train.method.threshold": "--conf_threshold",
  "co-train.method.selfPaced": "--use_SPL",
  "co-train.method.conflictWeight": "--w_confident, or fixed in the script",
  "co-train.method.unconfidentWeight": "--w_unconfident, or fixed in the script",
  "co-train.method.criterion": "--mode_criterion",
  "co-train.method.ohemThreshold": "criterion.kwargs.thresh of the config",
  "co-train.method.ohemMinKept": "criterion.kwargs.min_kept of the config × --gpus",
  "co-train.method.supervisedWeight": "--w_CE",
  "co-train.method.consistencyWeight": "--w_con, 0 without --use_con",
  "co-train.method.discrepancyWeight": "--w_dis, 0 without --use_dis",
  "co-train.method.mapping": "--use_MLP, --mode_mapping",
  "co-train.method.mappingNorm": "--use_norm",
  "co-train.method.dropout": "--use_dropout, --dropout",
  "co-train.evaluation.protocol": "dataset of the config",
  "co-train.evaluation.earlier": "dataset of the config",
  "co-train.evaluation.best": "dataset of the config",
  "co-train.evaluation.crop": "--crop_size",
  "evaluate.protocol": "dataset of the config",
  "evaluate.crop": "--crop_size",
};

/** What the original does not survive, each with the reason. */
function refuseCrashes(flags: Flags, config: OriginalConfig): void {
  const file = scriptFiles[flags.script];
  const refuse = (what: string, why: string) => {
    throw new ConfigError(`Cannot run ${file} with ${what}: ${why}.`);
  };
  const atLeast = (name: string, least: number) => {
    const value = flags.number(name);
    if (value < least) refuse(`--${name} ${value}`, `it must be ${least} or more`);
  };
  const backbone = flags.text("backbone"), nodes = flags.number("nodes"), gpus = flags.number("gpus");
  if (backbone === "xception") {
    refuse(
      "--backbone xception",
      "the original has that network for COCO alone, which it could not run, and publishes no weights for it; it is not " +
        "built here. Use resnet50 or resnet101",
    );
  }
  if (backbone !== "resnet50" && backbone !== "resnet101") {
    refuse(
      `--backbone ${backbone}`,
      "the original has resnet50, resnet101 and xception",
    );
  }
  for (const name of ["epochs", "batch_size", "crop_size"]) atLeast(name, 1);
  if (nodes !== 1) {
    refuse(
      `--nodes ${nodes}`,
      "the original hangs, as each machine's processes take the ranks of one machine alone and wait for the others. Use " +
        "--nodes 1, and --gpus for the whole number",
    );
  }
  if (gpus < 2) {
    refuse(
      `--gpus ${gpus}`,
      "the original stops before the first step, as it opens its process group for two GPUs or more alone. Here one " +
        `device does the work of all: --gpus 2 --batch_size 4 is one batch of 8`,
    );
  }
  const seed = flags.number("seed");
  if (seed < 0 || seed >= 2 ** 32) refuse(`--seed ${seed}`, "a seed is 0 or more here, and less than 2^32");
  if (flags.is("use_MLP") && flags.is("use_dropout") && !flags.is("use_norm")) {
    refuse(
      "--use_dropout and --use_MLP, but not --use_norm",
      "the original makes its dropout layer with the norm alone and stops in the first forward pass. Add --use_norm True, " +
        "or leave --use_dropout out",
    );
  }
  if (usesOhem(flags) && config.ohem === undefined) {
    refuse(
      "--mode_criterion OHEM",
      "the original stops with a KeyError, as this config has no criterion.kwargs. Add them (cityscapes.yaml has them), or " +
        "use --mode_criterion CE",
    );
  }
}
