/** A run's page on disk: written when the run starts, again while it goes on, and whole at its end. @module */
import { join } from "node:path";
import { writeAtomically } from "../../pipeline/files/files.ts";
import type { PipelineEvent, Plan } from "../../pipeline/mod.ts";
import { readRunFile, readRunPlan } from "../runs/run_files.ts";
import type { RunFolder, RunRecord } from "../runs/run_folder.ts";
import { shownScores } from "../runs/shown_scores.ts";
import { findBaseline } from "./baseline.ts";
import { CurveRecorder, type Curves, isCurves } from "./curves.ts";
import { readShownRanking, readUnlabeledGallery, readValidation } from "./gallery.ts";
import { reportPage } from "./page.ts";
import { type Freshness, Renewal } from "./renewal.ts";

/** Name of the page in a run's folder. */
const REPORT = "report.html";
/** Name of the file that holds the curves of its trainings. */
const CURVES = "curves.json";

/** Writes a text in a run's folder: whole or not at all. */
async function write(path: string, text: string): Promise<void> {
  await writeAtomically(path, new TextEncoder().encode(text));
}

/**
 * Writes the page of a run from what is in its folder.
 *
 * @param path The run's folder.
 * @param metrics Content of its metrics.json.
 * @returns The page's path.
 * @throws {CacheError} If it cannot be written.
 */
export async function writeReport(path: string, run: RunRecord, metrics: unknown): Promise<string> {
  const file = join(path, REPORT);
  const scores = shownScores(metrics);
  const plan = await readRunPlan(path);
  const text = reportPage({
    run,
    scores,
    curves: await readCurves(path),
    plan,
    gallery: await readValidation(path, scores),
    unlabeled: await readUnlabeledGallery(path),
    ranking: await readShownRanking(path),
    baseline: scores && await findBaseline(path, run, scores, plan),
  });
  await write(file, text);
  return file;
}

/**
 * Writes the curves of a run's trainings, if it has any.
 *
 * @param path The run's folder.
 * @throws {CacheError} If it cannot be written.
 */
export async function writeCurves(path: string, curves: Readonly<Record<string, Curves>>): Promise<void> {
  if (Object.keys(curves).length > 0) await write(join(path, CURVES), JSON.stringify(curves));
}

/** The curves in a run's folder, by stage; none where there is no such file or it is damaged. */
export async function readCurves(path: string): Promise<Record<string, Curves>> {
  const value: unknown = await readRunFile(path, CURVES, JSON.parse);
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter(([, curves]) => isCurves(curves)));
}

/** The page of a run that goes on: it hears the run's events. */
export class LiveReport {
  readonly curves: CurveRecorder = new CurveRecorder();
  readonly #renewal: Renewal;

  /**
   * @param folder The run's.
   * @param plan What it is going to do.
   */
  constructor(readonly folder: RunFolder, readonly plan: Plan) {
    this.#renewal = new Renewal((freshness) => this.#write(freshness));
  }

  /** The page's path. */
  get file(): string {
    return join(this.folder.path, REPORT);
  }

  /** Writes the page for the first time. */
  async start(): Promise<void> {
    await this.#renewal.start();
  }

  /** Takes an event in. */
  on(event: PipelineEvent): void {
    this.curves.on(event);
    const isNews = event.type === "progress"
      ? event.data.kind === "evaluation"
      : event.type === "started" || event.type === "finished";
    if (isNews) this.#renewal.news();
  }

  /** Renews the page no more. */
  async stop(): Promise<void> {
    await this.#renewal.stop();
  }

  async #write(freshness: Freshness): Promise<void> {
    const curves = this.curves.curves();
    const page = reportPage({ run: this.folder.record, curves, plan: this.plan, freshness });
    await write(this.file, page);
    await writeCurves(this.folder.path, curves);
  }
}
