/** What is published of our own, as files in `results/`: a run's settings, scores, adapter, and the parts of its keys. @module */
import { dirname, join, relative, resolve, sep } from "node:path";
import { isKeyOf, messageOf, type Plan, UserError } from "../../pipeline/mod.ts";
import { writeAtomically } from "../../pipeline/files/files.ts";
import {
  anything,
  count,
  digest,
  list,
  object,
  quantity,
  record,
  text,
} from "../../pipeline/files/untrusted.ts";
import { UsageError } from "../terminal/errors.ts";
import { isExperimentPath } from "../experiment/experiment.ts";
import type { PublishedNode, PublishedRecord, PublishedResult } from "./published_result.ts";
import { checkOf, findScores, scoresOfFirst } from "./published_scores.ts";
import { plainName, runIdShape } from "../../runtime/runs/run_record.ts";
import type { StoredRun } from "../runs/stored_runs.ts";

/** A published result and its file. */
export interface StoredResult extends PublishedResult {
  readonly path: string;
}

const recordedMembers = {
  run: runIdShape,
  started: text,
  seconds: quantity,
  gpu: record(text),
  facts: record(text),
};
const nodeMembers = {
  id: plainName,
  stage: text,
  key: digest,
  config: anything,
  outputs: record(digest),
  parts: record(anything),
  modules: record(text),
};
const common = {
  format: (value: unknown) => value === 1 || value === 2 ? undefined : "is none that is known, 1 or 2",
  name: plainName,
  experiment: text,
  set: list(text),
  seed: count(0),
  metrics: anything,
};
const shapes = {
  1: object({ ...common, ...recordedMembers, nodes: list(object(nodeMembers)) }),
  2: object({
    ...common,
    nodes: list(object({ ...nodeMembers, facts: record(text) })),
    scores: object({ node: plainName, output: text, version: count(1) }),
    recorded: object(recordedMembers),
    check: digest,
  }),
};

/**
 * Reads a published result, of this format or the one before.
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
  const isFirst = (value as { format?: unknown } | null)?.format === 1;
  const problem = shapes[isFirst ? 1 : 2](value);
  if (problem !== undefined) return fail(problem.startsWith("has ") ? `it ${problem}` : `its ${problem}`);
  const result = isFirst ? fromFirst(value as FirstResult) : value as PublishedResult;
  const edited = result.nodes.find(({ key, parts }) => !isKeyOf(key, parts));
  if (edited !== undefined) fail(`the key of "${edited.id}" is not that of its parts`);
  return { ...result, path };
}

/** Format 1 had the recorded members beside the others, and the content of metrics.json as scores. */
type FirstResult = Omit<PublishedResult, "recorded" | "scores" | "check"> & PublishedRecord;

function fromFirst({ run, started, seconds, gpu, facts, ...result }: FirstResult): PublishedResult {
  const scores = scoresOfFirst(result.metrics, result.nodes);
  return { ...result, scores, recorded: { run, started, seconds, gpu, facts } };
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
 * @throws {UsageError} If the run is not done, made no scores or other ones, or a stage of it has no key or no recorded origin.
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
  if (run.until !== undefined) refuse(`it went no further than "${run.until}"; train without --until`);
  if (metrics === undefined) refuse("it made no scores (metrics.json)");
  if (run.method !== undefined) {
    refuse(`it trained by "${run.method}" in the place of the experiment's method`);
  }
  const given = run.experiment ?? refuse("it does not say which experiment it was; train again");
  const mark = run.set.length === 0 ? "" : `-${run.id.slice(16, 24)}`;
  const path = join(folder, run.name, `seed-${run.seed}${mark}.json`);
  const from = relative(dirname(path), given).split(sep).join("/");
  const ran = new Map((run.nodes ?? []).map((node) => [node.id, node]));
  const nodes = plan.nodes.map(({ id, stage, key, config, outputs, parts, modules }): PublishedNode => {
    const { key: found, facts } = ran.get(id) ?? {};
    if (key === undefined || outputs === undefined || facts === undefined || found !== key) {
      return refuse(`its plan has no key for "${id}", or its run.json not where that was made; train again`);
    }
    return { id, stage, key, config, outputs, parts, modules, facts };
  });
  const { metrics: made, scores } = findScores(metrics, run.outputs ?? []) ??
    refuse("its metrics.json is not what a stage of it made, as plain JSON; train again");
  const body: Omit<PublishedResult, "check"> = {
    format: 2,
    name: run.name,
    experiment: isExperimentPath(given) ? (from.startsWith(".") ? from : `./${from}`) : given,
    set: run.set,
    seed: run.seed,
    scores,
    metrics: made,
    nodes,
    recorded: {
      run: run.id,
      started: run.started,
      seconds: run.seconds ?? 0,
      gpu: run.gpu ?? {},
      facts: run.facts ?? {},
    },
  };
  const result: PublishedResult = { ...body, check: checkOf(body) };
  const content = JSON.stringify(result, null, 2) + "\n";
  decodeResult(content, path);
  await writeAtomically(path, new TextEncoder().encode(content));
  return path;
}
