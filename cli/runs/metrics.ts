/** Scores as tables show them. @module */
import type { PerPrediction } from "../../stages/evaluation/predictions.ts";
import { predictionNames, type RunScores, shownName } from "../../runtime/runs/scores.ts";
import { learnedNotes, mixedNotice, mixedRunsNotice } from "../../runtime/runs/provenance.ts";
import { scoreSpread, spreadText } from "../../runtime/runs/spread.ts";
import { percent, table } from "../terminal/text.ts";

/** A table's heading with the protocol of its scores, which is said wherever a score is. */
export function heading(text: string, { protocol }: Pick<RunScores, "protocol">): string {
  return protocol === undefined ? text : `${text}, ${protocol}`;
}

/** The scores of one run, as tables. */
export function metricsText(metrics: RunScores): string {
  const { miou, pixelAccuracy, perClass = [], best } = metrics;
  const columns: readonly (readonly [string, PerPrediction<number | null> | undefined])[] = [
    ["mIoU", miou],
    ["best mIoU", best?.miou],
    ["pixel accuracy", pixelAccuracy],
  ];
  const given = columns.filter(([, values]) => values !== undefined);
  const rows = predictionNames(metrics).map((name) => [
    shownName(name),
    ...given.map(([, values]) => percent(values![name] ?? null)),
  ]);
  const told = Array.isArray(metrics.benchmarks)
    ? metrics.benchmarks.map((name) => `benchmark: ${name}\n`)
    : [];
  told.push(...learnedNotes(metrics.learnedFrom).map((note) => `${note}\n`));
  const mixed = mixedNotice(metrics.adapters ?? {});
  if (mixed !== undefined) told.unshift(`${mixed}\n`);
  const scores = told.join("") + table([heading("percent", metrics), ...given.map(([head]) => head)], rows);
  if (perClass.length === 0) return scores;
  return `${scores}\n\n${table(["class", "IoU"], perClass.map(({ name, iou }) => [name, percent(iou)]))}`;
}

/** Scores over seeds. */
export interface SeedsSummary {
  readonly seeds: readonly number[];
  /** Of each seed, in the order of `seeds`. */
  readonly runs: readonly RunScores[];
  readonly mean: { readonly miou: PerPrediction<number | null> };
  /** Of the sample, n − 1. */
  readonly standardDeviation: { readonly miou: PerPrediction<number | null> };
}

/** Sums up the runs of several seeds; one at least, all of one method. */
export function summarize(seeds: readonly number[], runs: readonly RunScores[]): SeedsSummary {
  const names = predictionNames(runs[0]!);
  const each = (pick: "mean" | "standardDeviation") => ({
    miou: Object.fromEntries(
      names.map((name) => [name, scoreSpread(runs.map((run) => run.miou[name] ?? null))[pick]]),
    ),
  });
  return { seeds, runs, mean: each("mean"), standardDeviation: each("standardDeviation") };
}

/** A row of a table over seeds: mean ± standard deviation of each prediction. */
function spreadCells({ mean, standardDeviation }: SeedsSummary): string[] {
  return Object.keys(mean.miou).map((name) =>
    spreadText({ mean: mean.miou[name]!, standardDeviation: standardDeviation.miou[name]! })
  );
}

/** The scores of several seeds, as a table. */
export function seedsText(summary: SeedsSummary): string {
  const names = Object.keys(summary.mean.miou);
  const rows = summary.runs.map((run, i) => [
    `seed ${summary.seeds[i]}`,
    ...names.map((name) => percent(run.miou[name] ?? null)),
  ]);
  const mixed = mixedRunsNotice(summary.runs);
  const scores = table([heading("mIoU, percent", summary.runs[0] ?? {}), ...names.map(shownName)], [
    ...rows,
    ["mean", ...spreadCells(summary)],
  ]);
  return mixed === undefined ? scores : `${mixed}\n${scores}`;
}
