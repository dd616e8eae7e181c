/** An experiment in several ways, over the same seeds: by several methods, or with several settings. @module */
import { ConfigError, type Override, type Pipeline, upTo } from "../../pipeline/mod.ts";
import { type FinishedRun, runExperiment, type RunRequest } from "../../runtime/runs/run_experiment.ts";
import type { TrainingCost } from "../../runtime/runs/training_cost.ts";
import type { Session } from "../../runtime/session.ts";
import type { Made } from "./comparison.ts";
import { type MethodResult, methodResults, type ScoredRun } from "./methods_table.ts";
import { storedRuns } from "./stored_runs.ts";
import type { SweepPoint } from "../terminal/sweeps.ts";
import { duration } from "../terminal/text.ts";

/** A way to train. */
export interface Way {
  /** How tables name it. */
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly overrides: readonly Override[];
  /** The method that stands in the place of the experiment's own. */
  readonly method?: string;
}

/** The ways of a sweep: one for each choice of values; without any, the experiment as it is set. */
export function sweepWays(
  pipeline: Pipeline,
  set: readonly Override[],
  points: readonly SweepPoint[],
): Way[] {
  if (points.length === 0) return [{ name: pipeline.name, pipeline, overrides: set }];
  return points.map(({ name, overrides }) => ({ name, pipeline, overrides: [...set, ...overrides] }));
}

/**
 * Runs every way with every seed, seed by seed, so that what is comparable comes first.
 *
 * @param made Hears of each run.
 * @throws {ConfigError} Before anything is trained, if one cannot be built; or if one gives no scores.
 */
export async function runWays(
  ways: readonly Way[],
  { experiment, seeds }: { readonly experiment: string; readonly seeds: readonly number[] },
  session: Session,
  made: Made,
): Promise<MethodResult[]> {
  for (const { pipeline, overrides } of ways) pipeline.build(overrides);
  const results = ways.map(({ name }) => ({ name, runs: [] as ScoredRun[] }));
  for (const seed of seeds) {
    for (const [i, { name, ...way }] of ways.entries()) {
      session.output.print(`\nseed ${seed}, ${name}`);
      const { folder, ...run } = await scored({ ...way, experiment, seed }, session);
      results[i]!.runs.push(run);
      made(name, folder);
    }
  }
  return methodResults(seeds, results, await earlierCosts(session.runs));
}

/**
 * Runs every way with every seed as far as a stage. Nothing is compared, as scores come last.
 *
 * @throws {GraphError} Before anything is run, if one has no such stage.
 */
export async function runUntil(
  ways: readonly Way[],
  { experiment, seeds, until }: {
    readonly experiment: string;
    readonly seeds: readonly number[];
    readonly until: string;
  },
  session: Session,
): Promise<void> {
  for (const { pipeline, overrides } of ways) upTo(pipeline.build(overrides), until);
  for (const seed of seeds) {
    for (const { name, ...way } of ways) {
      if (ways.length * seeds.length > 1) session.output.print(`\nseed ${seed}, ${name}`);
      const run = await runExperiment({ ...way, experiment, seed, until }, session);
      session.output.print(endLine(run));
    }
  }
}

/** Says how long a run took, what it had to do, and where it is. */
export function endLine({ folder, seconds, ran }: FinishedRun): string {
  const work = ran === 0 ? "nothing had to run" : `${ran} ${ran === 1 ? "stage" : "stages"} ran`;
  return `done in ${duration(seconds)}; ${work}; see ${folder}`;
}

async function scored(
  request: RunRequest,
  session: Session,
): Promise<ScoredRun & { readonly folder: string }> {
  const { metrics, trainings, folder } = await runExperiment(request, session);
  if (metrics !== undefined) return { metrics, trainings, folder };
  throw new ConfigError(
    `Cannot compare "${request.pipeline.name}": it returns no scores (an output of the kind "metrics").`,
  );
}

/** What the trainings of all runs that are kept took, by key; of one key the latest. */
async function earlierCosts(runs: string): Promise<Map<string, TrainingCost>> {
  const nodes = (await storedRuns(runs)).flatMap(({ nodes = [] }) => nodes);
  return new Map(nodes.flatMap(({ key, training }) => training ? [[key, training]] : []));
}
