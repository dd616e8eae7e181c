/** The run that learned from the labels alone, on the same data: what a score is held against. @module */
import { join } from "node:path";
import type { Plan } from "../../pipeline/mod.ts";
import { isBaseline, learnedFrom, scoredOn } from "../runs/lineage.ts";
import { readRunFile, readRunPlan } from "../runs/run_files.ts";
import type { RunRecord } from "../runs/run_folder.ts";
import { readRunRecord } from "../runs/run_record.ts";
import { headlineScore, type RunScores } from "../runs/scores.ts";
import { shownScores } from "../runs/shown_scores.ts";

/** A supervised run of the same data and seed. */
export interface Baseline {
  /** Id of the run. */
  readonly id: string;
  readonly scores: RunScores;
}

/**
 * The latest run beside this one that learned by labels alone from the same data and views with the same seed, and was scored on
 * the same images in the same way; undefined where none is known, or this one is such a run itself.
 *
 * @param path The run's folder.
 */
export async function findBaseline(
  path: string,
  run: RunRecord,
  scores: RunScores,
  plan: Plan | undefined,
): Promise<Baseline | undefined> {
  const from = learnedFrom({ plan }), on = scoredOn({ run, plan });
  if (from === undefined || on === undefined || isBaseline({ plan })) return undefined;
  let found: (Baseline & { readonly started: string }) | undefined;
  for (const id of await siblings(path)) {
    const folder = join(path, "..", id);
    const other = await readRunRecord(folder);
    if (other?.state !== "done" || other.seed !== run.seed || other.id === run.id) continue;
    if (other.protocol !== scores.protocol || other.started <= (found?.started ?? "")) continue;
    const alone = await readRunPlan(folder);
    if (!isBaseline({ plan: alone }) || learnedFrom({ plan: alone }) !== from) continue;
    if (scoredOn({ run: other, plan: alone }) !== on) continue;
    const known = shownScores(await readRunFile(folder, "metrics.json", JSON.parse));
    if (known !== undefined && typeof headlineScore(known) === "number") {
      found = { id, scores: known, started: other.started };
    }
  }
  return found && { id: found.id, scores: found.scores };
}

async function siblings(path: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(join(path, ".."))).catch(() => []);
  return entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
}
