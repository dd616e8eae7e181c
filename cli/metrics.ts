/** Scores as a run's outputs hold them, and as tables show them. @module */
import { mixedNotice, mixedRunsNotice } from "./provenance.ts";
import { spread, table } from "./text.ts";

/** One value for each prediction. */
export interface Predictions {
  readonly branch1: number;
  readonly branch2: number;
  readonly average: number;
}

/** What the commands read of a metrics artifact; a pipeline of one's own may hold more, and metrics.json keeps it all. */
export interface Metrics {
  /** The published partitions that were trained on: scores on two draws of one share are not comparable. */
  readonly benchmarks?: readonly string[];
  /** Stage → the adapter that made its result: scores of two adapters differ by more than what is compared. */
  readonly adapters?: Readonly<Record<string, string>>;
  /** How images were scored: scores of two protocols are not comparable. */
  readonly protocol?: string;
  /** Mean IoU, percent. */
  readonly miou: Predictions;
  /** Percent of the pixels that are right. */
  readonly pixelAccuracy?: Predictions;
  /** IoU of each class, percent. */
  readonly perClass?: readonly { readonly name: string; readonly iou: number }[];
  /** The best weights' scores. */
  readonly best?: { readonly miou: Predictions };
}

/** The three predictions, in the order of the tables. */
export const predictions = ["branch1", "branch2", "average"] as const;

/** Whether a value has the scores that the tables need. */
export function isMetrics(value: unknown): value is Metrics {
  const miou = (value as Partial<Metrics> | null | undefined)?.miou as Partial<Predictions> | undefined;
  return predictions.every((name) => typeof miou?.[name] === "number");
}

/** Scores with what tells where they come from, which is no part of the artifact; members that it has of its own stay. */
export function withOrigin(
  metrics: Metrics,
  benchmarks: readonly string[],
  adapters: Readonly<Record<string, string>>,
): Metrics {
  return {
    ...(benchmarks.length === 0 ? {} : { benchmarks }),
    ...(Object.keys(adapters).length === 0 ? {} : { adapters }),
    ...metrics,
  };
}

const percent = (value: number) => value.toFixed(2);

/** A table's heading with the protocol of its scores, which is said wherever a score is. */
export function heading(text: string, { protocol }: Pick<Metrics, "protocol">): string {
  return protocol === undefined ? text : `${text}, ${protocol}`;
}

/** The scores of one run, as tables. */
export function metricsText(metrics: Metrics): string {
  const { miou, pixelAccuracy, perClass = [], best } = metrics;
  const columns: readonly (readonly [string, Predictions | undefined])[] = [
    ["mIoU", miou],
    ["best mIoU", best?.miou],
    ["pixel accuracy", pixelAccuracy],
  ];
  const given = columns.filter(([, values]) => values !== undefined);
  const rows = predictions.map((name) => [
    { branch1: "branch 1", branch2: "branch 2", average: "average" }[name],
    ...given.map(([, values]) => percent(values![name])),
  ]);
  const told = Array.isArray(metrics.benchmarks)
    ? metrics.benchmarks.map((name) => `benchmark: ${name}\n`)
    : [];
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
  readonly runs: readonly Metrics[];
  readonly mean: { readonly miou: Predictions };
  /** Of the sample, n − 1. */
  readonly standardDeviation: { readonly miou: Predictions };
}

/** Sums up the runs of several seeds. */
export function summarize(seeds: readonly number[], runs: readonly Metrics[]): SeedsSummary {
  const each = (pick: "mean" | "standardDeviation") => ({
    miou: Object.fromEntries(
      predictions.map((name) => [name, spread(runs.map((run) => run.miou[name]))[pick]]),
    ) as unknown as Predictions,
  });
  return { seeds, runs, mean: each("mean"), standardDeviation: each("standardDeviation") };
}

/** A row of a table over seeds: mean ± standard deviation of each prediction. */
export function spreadCells({ mean, standardDeviation }: SeedsSummary): string[] {
  return predictions.map((name) => `${percent(mean.miou[name])} ± ${percent(standardDeviation.miou[name])}`);
}

/** The scores of several seeds, as a table. */
export function seedsText(summary: SeedsSummary): string {
  const rows = summary.runs.map((run, i) => [
    `seed ${summary.seeds[i]}`,
    ...predictions.map((name) => percent(run.miou[name])),
  ]);
  const mixed = mixedRunsNotice(summary.runs);
  const scores = table([heading("mIoU, percent", summary.runs[0] ?? {}), "branch 1", "branch 2", "average"], [
    ...rows,
    ["mean", ...spreadCells(summary)],
  ]);
  return mixed === undefined ? scores : `${mixed}\n${scores}`;
}
