/** A run as it is compared: what lies in its folder, as far as it came. @module */
import { list, object, record, type Shape, text } from "../../pipeline/files/untrusted.ts";
import type { Plan } from "../../pipeline/mod.ts";
import type { Curves } from "../report/curves.ts";
import { readCurves } from "../report/report.ts";
import { readRunFile, readRunPlan } from "../runs/run_files.ts";
import type { RunRecord } from "../runs/run_folder.ts";
import { isRunScores, type RunScores } from "../runs/scores.ts";

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

const score: Shape = (value) => value === null || Number.isFinite(value) ? undefined : "is no number";
/** What a comparison reads of scores; a stage of one's own may have written other things under these names. */
const scoresProblem = object(
  {
    miou: record(score),
    best: object({ miou: record(score) }, [], "more members"),
    perClass: list(object({ name: text, iou: score }, [], "more members")),
    protocol: text,
    adapters: record(text),
    learnedFrom: record(text),
  },
  ["best", "perClass", "protocol", "adapters", "learnedFrom"],
  "more members",
);

/**
 * Reads a run.
 *
 * @param path Its folder.
 * @param run Its record.
 */
export async function readComparedRun(path: string, run: RunRecord): Promise<ComparedRun> {
  const scores = await readRunFile(path, "metrics.json", JSON.parse);
  return {
    path,
    run,
    scores: isRunScores(scores) && scoresProblem(scores) === undefined ? scores : undefined,
    plan: await readRunPlan(path),
    curves: await readCurves(path),
  };
}
