/** A run as it is compared: what lies in its folder, as far as it came. @module */
import type { Plan } from "../../pipeline/mod.ts";
import type { Curves } from "../report/curves.ts";
import { readCurves } from "../report/report.ts";
import { readRunFile, readRunPlan } from "../runs/run_files.ts";
import type { RunRecord } from "../runs/run_folder.ts";
import type { RunScores } from "../runs/scores.ts";
import { shownScores } from "../runs/shown_scores.ts";

/** A run, with what tells of it. */
export interface ComparedRun {
  /** Its folder. */
  readonly path: string;
  readonly run: RunRecord;
  /** Absent where it has none, or not yet. */
  readonly scores?: RunScores | undefined;
  /** Absent where it is not there or damaged: then nothing is known of the settings. */
  readonly plan?: Plan | undefined;
  /** Of its trainings, by stage. */
  readonly curves: Readonly<Record<string, Curves>>;
}

/**
 * Reads a run.
 *
 * @param path Its folder.
 * @param run Its record.
 */
export async function readComparedRun(path: string, run: RunRecord): Promise<ComparedRun> {
  return {
    path,
    run,
    scores: shownScores(await readRunFile(path, "metrics.json", JSON.parse)),
    plan: await readRunPlan(path),
    curves: await readCurves(path),
  };
}
