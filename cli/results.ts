/** What is published of our own, as files in `results/`: a run's settings, scores, adapter, and the parts of its keys. @module */
import { dirname, join, relative, resolve, sep } from "node:path";
import { isKeyOf, type KeyParts, messageOf, type Plan, UserError } from "../pipeline/mod.ts";
import { writeAtomically } from "../pipeline/files.ts";
import { anything, count, digest, list, object, quantity, record, text } from "../pipeline/untrusted.ts";
import { UsageError } from "./errors.ts";
import { isExperimentPath } from "./experiment.ts";
import type { StoredRun } from "./stored_runs.ts";

/** A node of a published result. */
export interface PublishedNode {
  readonly id: string;
  readonly stage: string;
  readonly key: string;
  /** The stage's config as it was parsed. */
  readonly config: unknown;
  /** Output → content digest. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly parts: KeyParts;
  readonly modules: Readonly<Record<string, string>>;
}

/** A published result: one run. */
export interface PublishedResult {
  /** Number of this format. */
  readonly format: 1;
  /** Name of the pipeline. */
  readonly name: string;
  /** A name in `configs/`, or the path of a file, relative to the folder that holds the result. */
  readonly experiment: string;
  /** All `--set`, as typed. */
  readonly set: readonly string[];
  readonly seed: number;
  /** Id of the run. */
  readonly run: string;
  /** ISO 8601. */
  readonly started: string;
  readonly seconds: number;
  /** Adapter, driver, features. */
  readonly gpu: Readonly<Record<string, string>>;
  /** Deno, system, commit, … */
  readonly facts: Readonly<Record<string, string>>;
  /** The content of metrics.json. */
  readonly metrics: unknown;
  readonly nodes: readonly PublishedNode[];
}

/** A published result and its file. */
export interface StoredResult extends PublishedResult {
  readonly path: string;
}

const shape = object({
  format: (value) => value === 1 ? undefined : `is ${JSON.stringify(value)}, and 1 is known`,
  name: text,
  experiment: text,
  set: list(text),
  seed: count(0),
  run: text,
  started: text,
  seconds: quantity,
  gpu: record(text),
  facts: record(text),
  metrics: anything,
  nodes: list(object({
    id: text,
    stage: text,
    key: digest,
    config: anything,
    outputs: record(digest),
    parts: record(anything),
    modules: record(text),
  })),
});

/**
 * Reads a published result.
 * @throws {UserError} If it is not JSON, a member is missing or of another type, or a key is not that of its parts.
 */
export function decodeResult(content: string, path: string): StoredResult {
  const fail = (reason: string): never => {
    throw new UserError(`Cannot read the published result "${path}": ${reason}. Publish the run again.`);
  };
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    return fail(`it is not JSON (${messageOf(error)})`);
  }
  const problem = shape(value);
  if (problem !== undefined) return fail(problem.startsWith("has ") ? `it ${problem}` : `its ${problem}`);
  const result = value as PublishedResult;
  const edited = result.nodes.find(({ key, parts }) => !isKeyOf(key, parts));
  if (edited !== undefined) fail(`the key of "${edited.id}" is not that of its parts`);
  return { ...result, path };
}

/** All published results of a folder and the folders in it, by path. */
export async function storedResults(folder: string): Promise<StoredResult[]> {
  const found: StoredResult[] = [];
  for (const path of await jsonFiles(folder)) found.push(decodeResult(await Deno.readTextFile(path), path));
  return found;
}

async function jsonFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      const path = join(folder, name);
      if (isDirectory) found.push(...await jsonFiles(path));
      else if (name.endsWith(".json")) found.push(path);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort();
}

/** What a result's experiment is loaded by, from anywhere. */
export function experimentOf({ experiment, path }: StoredResult): string {
  return isExperimentPath(experiment) ? resolve(dirname(path), experiment) : experiment;
}

/**
 * Writes a run into a folder of published results: `<name>/seed-<n>.json`, with the beginning of the run's digest behind it if
 * something was set. What was published under that name is replaced.
 *
 * @param plan The run's plan, settled.
 * @param metrics Content of its metrics.json.
 * @returns Path of the file.
 * @throws {UsageError} If the run is not done, made no scores, or a stage of it has no key.
 */
export async function publish(
  run: StoredRun,
  plan: Plan,
  metrics: unknown,
  folder: string,
): Promise<string> {
  const refuse = (reason: string): never => {
    throw new UsageError(`Cannot publish run "${run.id}": ${reason}.`);
  };
  if (run.state !== "done") refuse(`it is ${run.state}, and only one that is done has a result`);
  if (metrics === undefined) refuse("it made no scores (metrics.json)");
  if (run.method !== undefined) {
    refuse(`it trained by "${run.method}" in the place of the experiment's method`);
  }
  const given = run.experiment ?? refuse("it does not say which experiment it was; train again");
  const mark = run.set.length === 0 ? "" : `-${/[0-9a-f]{8}/.exec(run.id.slice(16))?.[0] ?? run.id}`;
  const path = join(folder, run.name, `seed-${run.seed}${mark}.json`);
  const from = relative(dirname(path), given).split(sep).join("/");
  const nodes = plan.nodes.map(({ id, stage, key, config, outputs, parts, modules }): PublishedNode => {
    if (key === undefined || outputs === undefined) {
      return refuse(`its plan has no key for "${id}"; train again`);
    }
    return { id, stage, key, config, outputs, parts, modules };
  });
  const result: PublishedResult = {
    format: 1,
    name: run.name,
    experiment: isExperimentPath(given) ? (from.startsWith(".") ? from : `./${from}`) : given,
    set: run.set,
    seed: run.seed,
    run: run.id,
    started: run.started,
    seconds: run.seconds ?? 0,
    gpu: run.gpu ?? {},
    facts: run.facts ?? {},
    metrics,
    nodes,
  };
  const content = JSON.stringify(result, null, 2) + "\n";
  decodeResult(content, path);
  await writeAtomically(path, new TextEncoder().encode(content));
  return path;
}
