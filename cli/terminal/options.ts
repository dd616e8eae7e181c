/** Options that several commands share, and how they are read. @module */
import { Cache, type Override, parseSet } from "../../pipeline/mod.ts";
import type { ArgumentSpec, CommandInput, OptionSpec } from "./command.ts";
import { UsageError } from "./errors.ts";
import { defaultExperiment, typedPath } from "../experiment/experiment.ts";

/** The experiment, as an argument. */
export const experimentArgument: ArgumentSpec = {
  name: "experiment",
  description: `a name in configs/ or the path of a TypeScript file (default: ${defaultExperiment})`,
  count: "optional",
};

/** Experiments, as arguments. */
export const experimentsArgument: ArgumentSpec = { ...experimentArgument, count: "several" };

/** The options themselves. */
export const shared = {
  set: {
    name: "set",
    value: "stage.key=value",
    description: "set a leaf of a stage's config; may be repeated, the last one wins",
    repeats: true,
  },
  seed: { name: "seed", value: "n", description: "seed of the run (default: 0)" },
  seeds: { name: "seeds", value: "list", description: "several seeds, one run each: 0..2 or 0,3,7" },
  cache: { name: "cache", value: "dir", description: "folder of the cache (default: .cache)" },
  runs: { name: "runs", value: "dir", description: "folder that runs are written to (default: runs)" },
  tensorboard: {
    name: "tensorboard",
    value: "dir",
    description: "folder to write event files for TensorBoard to, beside the run",
  },
  until: {
    name: "until",
    value: "stage",
    description: "run no further than this stage and what it needs",
  },
  checkpointEvery: {
    name: "checkpoint-every",
    value: "seconds",
    description: "between checkpoints (default: 30, or more where they would cost over 1 % of the time)",
  },
  results: {
    name: "results",
    value: "dir",
    description: "folder of the published results (default: results)",
  },
  json: { name: "json", description: "print facts as JSON on stdout; all else goes to stderr" },
} as const satisfies Readonly<Record<string, OptionSpec>>;

/** How config paths are spelled; part of the help of every command that takes `--set`. */
export const setHelp = `Config paths are stage.key=value, where stage is the id that "plan" shows:
  --set load.root=../data/voc
  --set co-train.backbone=resnet50 --set augment.crop=129
  --set co-train.method.threshold=0.9
A value is JSON where it reads as JSON, else text; null leaves a key out, as --set load.partition=null.
"plan --explain" tells every leaf of an experiment.`;

/** The experiment's name as typed, or the default. */
export function experimentName(input: CommandInput): string {
  return input.positional[0] ?? defaultExperiment;
}

/**
 * The stage that `--until` names; undefined without it.
 * @throws {UsageError} If scores are asked for, too.
 */
export function untilOf(input: CommandInput): string | undefined {
  const until = input.text("until");
  if (until === undefined || !input.flag("json")) return until;
  throw new UsageError("Cannot take --until and --json together: --json prints scores, which come last.");
}

/** All `--set`, parsed; relative paths in them are relative to where they were typed. */
export function overrides(input: CommandInput): Override[] {
  const folder = typedPath(".");
  return input.texts("set").map((text) => ({ ...parseSet(text), folder }));
}

/**
 * The cache that `--cache` names.
 * @throws {CacheError} If the folder holds other things and is not marked as a cache.
 */
export function cacheOf(input: CommandInput): Cache {
  const cache = namedCache(input);
  cache.check();
  return cache;
}

/** The cache that `--cache` names, whatever the folder holds. */
export function namedCache(input: CommandInput): Cache {
  return new Cache(folderOf(input, "cache", ".cache"));
}

/** The folder that `--runs` names. */
export function runsOf(input: CommandInput): string {
  return folderOf(input, "runs", "runs");
}

/** The folder that `--tensorboard` names; undefined without it. */
export function tensorboardOf(input: CommandInput): string | undefined {
  return input.text("tensorboard") === undefined ? undefined : folderOf(input, "tensorboard", "");
}

/** The folder that `--results` names. */
export function resultsOf(input: CommandInput): string {
  return folderOf(input, "results", "results");
}

/** The folder that an option names; without it one of the project's. */
function folderOf(input: CommandInput, option: string, fallback: string): string {
  const given = input.text(option);
  if (given?.trim() !== "") return given === undefined ? fallback : typedPath(given);
  throw new UsageError(
    `Cannot take --${option} "${given}": it is empty. Name a folder; "." is the present one`,
  );
}

/**
 * The seconds that `--checkpoint-every` names, 0 for after every step; undefined without it.
 * @throws {UsageError} If they cannot be read.
 */
export function checkpointEvery(input: CommandInput): number | undefined {
  const text = input.text("checkpoint-every");
  if (text === undefined) return undefined;
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text)) return Number(text);
  throw new UsageError(`Cannot read "--checkpoint-every ${text}": it must be a number of seconds, 0 or more`);
}

/**
 * The seeds that `--seed` or `--seeds` name; `[0]` without either.
 * @throws {UsageError} If they cannot be read, or both are given.
 */
export function seedsOf(input: CommandInput, fallback: readonly number[] = [0]): readonly number[] {
  const one = input.integer("seed");
  const several = input.text("seeds");
  if (one !== undefined && several !== undefined) {
    throw new UsageError("Cannot take both --seed and --seeds; give one of the two.");
  }
  if (several !== undefined) return parseSeeds(several);
  if (one !== undefined && one >= 2 ** 32) {
    throw new UsageError(`Cannot take "--seed ${one}": a seed is 0 or more, and less than 2^32`);
  }
  return one === undefined ? fallback : [one];
}

/**
 * Reads `0..2` (both ends included), `0,3,7`, or a mixture.
 * @throws {UsageError} If it is neither, or names more than 1,000 seeds.
 */
export function parseSeeds(text: string): number[] {
  const seeds = new Set<number>();
  for (const part of text.split(",")) {
    const match = /^(\d{1,9})(?:\.\.(\d{1,9}))?$/.exec(part.trim());
    const from = Number(match?.[1]), to = Number(match?.[2] ?? match?.[1]);
    if (match === null || to < from || to - from > 999) {
      throw new UsageError(
        `Cannot read "--seeds ${text}": it must be a range such as 0..2, or a list such as 0,3,7 (1,000 seeds at most)`,
      );
    }
    for (let seed = from; seed <= to; seed++) seeds.add(seed);
  }
  return [...seeds];
}
