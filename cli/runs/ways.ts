/** An experiment in several ways, over the same seeds: by several methods, or with several settings. @module */
import { ConfigError, type Override, type Pipeline } from "../../pipeline/mod.ts";
import { runExperiment, type RunRequest } from "../../runtime/runs/run_experiment.ts";
import type { TrainingCost } from "../../runtime/runs/training_cost.ts";
import type { Session } from "../../runtime/session.ts";
import type { Made } from "./comparison.ts";
import { type MethodResult, methodResults, type ScoredRun } from "./methods_table.ts";
import { storedRuns } from "./stored_runs.ts";

/** A way to train. */
export interface Way {
  /** How tables name it. */
  readonly name: string;
  readonly pipeline: Pipeline;
  readonly overrides: readonly Override[];
  /** The method that stands in the place of the experiment's own. */
  readonly method?: string;
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
