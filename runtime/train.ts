/** Training as a function: what the command `train` does, for a program. @module */
import { join } from "node:path";
import { Cache, parseSet, type Pipeline, type PipelineEvent } from "../pipeline/mod.ts";
import { requirePermissions } from "./access.ts";
import { Gpu } from "./gpu/gpu.ts";
import { hostFacts } from "./host/environment.ts";
import { remoteOf } from "./remote.ts";
import { runExperiment } from "./runs/run_experiment.ts";
import type { RunScores } from "./runs/scores.ts";

/** How {@linkcode train} runs a pipeline. */
export interface TrainOptions {
  /** Folder of the cache, default `.cache`. */
  readonly cache?: string;
  /** Folder that runs are written to, default `runs`. */
  readonly runs?: string;
  /** Folder to write event files for TensorBoard to, beside the run; none unless told. */
  readonly tensorboard?: string;
  /** Seed of the run, an integer from 0, default 0. */
  readonly seed?: number;
  /** Leaves of configs, as `--set` takes them: `["co-train.epochs=2"]`. */
  readonly set?: readonly string[];
  /** What relative paths in the pipeline's configs are relative to, default the process's folder. */
  readonly folder?: string;
  /** Stops the training after the step at work; called again with the same cache, it goes on. */
  readonly signal?: AbortSignal;
  /** Seconds between checkpoints, default 30, or more where they would cost over 1 % of the time. */
  readonly checkpointEvery?: number;
  /** Hears what happens: stages found or run, and their progress. */
  onEvent?(event: PipelineEvent): void;
  /** Takes the lines that the command line would show: the adapter, and what is worth a note. */
  onLine?(line: string): void;
}

/** A training that ended well. */
export interface TrainedRun {
  /** Its folder: events, metrics, pictures, a page to look at. */
  readonly folder: string;
  /** Name of that folder. */
  readonly id: string;
  /** Its seed. */
  readonly seed: number;
  /** Wall seconds of this run. */
  readonly seconds: number;
  /** Stages that were executed; the others were in the cache. */
  readonly ran: number;
  /** The scores, percent, if the pipeline returns any. */
  readonly metrics: RunScores | undefined;
  /** Files of weights by name: `last`, `bestAverage`, …; `co-train/last` where several stages trained. */
  readonly weights: Readonly<Record<string, string>>;
}

/**
 * Runs a pipeline: what is in the cache is taken from there, the rest is run on the GPU and written to a folder of the run.
 *
 * Needs --allow-read, --allow-write, --allow-env (variables of the driver are set before it is opened), --allow-run (the
 * bundler that fingerprints code) and --allow-sys. An adapter that the program has opened before keeps its settings.
 *
 * @param pipeline What `pipeline` made.
 * @throws {UserError} If something is wrong with config, data or permissions. {@linkcode DeviceError} if there is no adapter.
 * @example
 * ```ts
 * import { augment, coTrain, evaluate, load, pipeline, supervised } from "@crossview/crossview";
 * import { train } from "@crossview/crossview/library";
 *
 * const experiment = pipeline("few-labels", () => {
 *   const data = load({ dataset: "shapes" });
 *   const nets = coTrain({ views: augment({ data }, { crop: 48 }) }, { method: supervised(), backbone: "resnet14" });
 *   return { score: evaluate({ nets, samples: data.validation }) };
 * });
 * const { metrics, weights } = await train(experiment, { cache: ".cache", runs: "runs" });
 * console.log(metrics?.miou, weights.last);
 * ```
 */
export async function train(pipeline: Pipeline, options: TrainOptions = {}): Promise<TrainedRun> {
  const { runs = "runs", seed = 0, set = [], folder, tensorboard, signal, checkpointEvery, onEvent, onLine } =
    options;
  await requirePermissions("train", ["read", "write", "env", "run", "sys"]);
  const cache = new Cache(options.cache ?? ".cache");
  cache.check();
  const line = (text: string) => onLine?.(text);
  const output = { print: line, note: line };
  const gpu = new Gpu(output, { mayInstall: false, cache: cache.root });
  try {
    const { trainings: _, ...run } = await runExperiment({
      pipeline: { ...pipeline, build: (given) => pipeline.build(given, folder) },
      overrides: set.map(parseSet),
      seed,
    }, {
      output,
      cache,
      remote: remoteOf(cache, output),
      runs,
      tensorboard,
      gpu,
      signal: signal ?? new AbortController().signal,
      facts: await hostFacts(),
      checkpointEvery,
      watch: () => (event) => onEvent?.(event),
    });
    return { ...run, weights: weightsOf(join(run.folder, "weights")) };
  } finally {
    await gpu.close();
  }
}

/** The files of weights in a run's folder. */
function weightsOf(folder: string, prefix = ""): Record<string, string> {
  let entries: Deno.DirEntry[] = [];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch (error) {
    // A pipeline need not train.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return Object.assign(
    {},
    ...entries.map(({ name, isDirectory }) =>
      isDirectory
        ? weightsOf(join(folder, name), `${prefix}${name}/`)
        : { [prefix + name.replace(/\.safetensors$/, "")]: join(folder, name) }
    ),
  );
}
