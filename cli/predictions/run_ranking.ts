/** The ranking of a run that is named on the command line. @module */
import { type Cache, type Plan, UserError } from "../../pipeline/mod.ts";
import { writeReport } from "../../runtime/report/report.ts";
import {
  findLabeled,
  type LabeledImages,
  readRanking,
  type StoredRanking,
  writeRanking,
} from "../../runtime/runs/ranking.ts";
import { readMetrics, readPlan, type StoredRun } from "../runs/stored_runs.ts";
import { UsageError } from "../terminal/errors.ts";

/** What a run has labeled, and in which order it is to be labeled. */
export interface RankedRun extends LabeledImages {
  readonly ranking: StoredRanking;
}

/**
 * The ranking that a run has left; made now, for its page, too, if it was run before there were any.
 *
 * @throws {UserError} If it is not done, had no unlabeled images, did not label them, or the cache no longer has what it made.
 */
export async function rankedRun(run: StoredRun, cache: Cache): Promise<RankedRun> {
  const cannot = (why: string) => `Cannot rank the unlabeled images of run "${run.id}": ${why}.`;
  if (run.state !== "done") {
    const isRunning = run.state === "running";
    throw new UsageError(
      `${cannot(`it is ${isRunning ? "under way" : run.state}`)} ${
        isRunning ? "Wait for its end" : "Train again; it goes on from its checkpoint"
      }.`,
    );
  }
  const plan = await readPlan(run), labeled = await findLabeled(plan, cache);
  if (labeled === undefined) {
    throw new UserError(
      await isWhole(plan, cache)
        ? cannot("no stage has labeled any") +
          " Add pseudoLabel({ nets, images: data.unlabeled }) to the experiment, and train again: what is trained comes from " +
          "the cache."
        : cannot(`what it made is no longer in the cache "${cache.root}"`) +
          " Name its cache by --cache, or train again.",
    );
  }
  if (labeled.images.length === 0) throw new UsageError(cannot("it had none"));
  return { ...labeled, ranking: await readRanking(run.path) ?? await rankNow(run, labeled) };
}

async function rankNow({ path, ...run }: StoredRun, labeled: LabeledImages): Promise<StoredRanking> {
  const ranking = await writeRanking(path, labeled);
  await writeReport(path, run, await readMetrics({ path, ...run }));
  return ranking;
}

async function isWhole({ nodes }: Plan, cache: Cache): Promise<boolean> {
  const entries = await Promise.all(nodes.map(({ key = "" }) => cache.peek(key)));
  return entries.every((entry) => entry !== undefined);
}
