/** Runs of experiments as jobs: one for each result that is not in the cache, whichever runs need it. @module */
import { canonicalJson, type Plan, recipesOf, sha256 } from "../../pipeline/mod.ts";

/** A run that is to become jobs. */
export interface ExportedRun {
  readonly plan: Plan;
  /** The words of the command that does the whole run. */
  readonly command: readonly string[];
  /** Id of a training → bytes that it will hold on the device, where that is known. */
  readonly deviceBytes: ReadonlyMap<string, number>;
}

/** A result to be made: a stage of a run, after others. */
export interface StageJob {
  /** Its stage's name and the beginning of its recipe. */
  readonly name: string;
  /** The words of a command that makes it. */
  readonly command: readonly string[];
  /** Names of the jobs whose results it reads. */
  readonly after: readonly string[];
  /** Its key, where that is known before others have run. */
  readonly key: string | undefined;
  readonly usesGpu: boolean;
  readonly deviceBytes: number | undefined;
}

/** What is typed to have an experiment: with all its results in the cache it writes the folders of its runs. */
export interface ExperimentJob {
  readonly name: string;
  readonly command: readonly string[];
  /** Names of the jobs that make its results. */
  readonly after: readonly string[];
}

/** Digits of a recipe in a name. */
const digits = 12;

/**
 * The jobs of runs, each after those that it needs. Stages of equal recipe are one job.
 *
 * @param runs Those of one experiment or of several.
 */
export function stageJobs(runs: readonly ExportedRun[]): StageJob[] {
  const jobs = new Map<string, StageJob>();
  for (const { plan, command, deviceBytes } of runs) {
    const names = missing(plan);
    for (const { id, key, resources } of plan.nodes) {
      const name = names.get(id);
      if (name === undefined || jobs.has(name)) continue;
      const sources = plan.edges.filter(({ to }) => to === id).map(({ from }) => names.get(from));
      jobs.set(name, {
        name,
        command: [...command, "--until", id],
        after: [...new Set(sources.filter((source) => source !== undefined))],
        key,
        usesGpu: resources.includes("gpu"),
        deviceBytes: deviceBytes.get(id),
      });
    }
  }
  return [...jobs.values()];
}

/**
 * The job of an experiment.
 *
 * @param name Its pipeline's name.
 * @param command The words of the command that does all its runs.
 * @param runs These.
 */
export function experimentJob(
  name: string,
  command: readonly string[],
  runs: readonly ExportedRun[],
): ExperimentJob {
  const recipes = runs.map(({ plan }) => [...recipesOf(plan)]);
  return {
    name: named(name, sha256(canonicalJson({ command: [...command], recipes }))),
    command,
    after: [...new Set(runs.flatMap(({ plan }) => [...missing(plan).values()]))],
  };
}

/** The stages of a plan that are not in the cache: id → name of the job. */
function missing(plan: Plan): ReadonlyMap<string, string> {
  const recipes = recipesOf(plan);
  const stages = plan.nodes.filter(({ state }) => state !== "hit");
  // By the stage and not by its id in a pipeline, which is no part of a recipe.
  return new Map(stages.map(({ id, stage }) => [id, named(stage, recipes.get(id)!)]));
}

function named(what: string, digest: string): string {
  return `${what}-${digest.slice(0, digits)}`;
}
