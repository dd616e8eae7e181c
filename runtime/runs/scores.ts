/** Scores as a run's outputs hold them. @module */
import type { Metrics } from "../../stages/evaluate.ts";

/** What the commands read of a metrics artifact; a pipeline of one's own may hold more, and metrics.json keeps it all. */
export interface RunScores
  extends Pick<Metrics, "miou">, Partial<Pick<Metrics, "protocol" | "pixelAccuracy" | "perClass">> {
  /** The prediction that stands for the run. */
  readonly headline?: string | undefined;
  /** The published partitions that were trained on: scores on two draws of one share are not comparable. */
  readonly benchmarks?: readonly string[];
  /** Stage → the adapter that made its result: scores of two adapters differ by more than what is compared. */
  readonly adapters?: Readonly<Record<string, string>>;
  /** Stage → what its training learned from, where that is less than its method would. */
  readonly learnedFrom?: Readonly<Record<string, string>>;
  /** The best weights' scores. */
  readonly best?: Pick<Metrics["best"], "miou"> & Partial<Pick<Metrics["best"], "perClass">>;
}

/** Whether a value has the scores that the tables need. */
export function isRunScores(value: unknown): value is RunScores {
  const { miou, headline } = (value ?? {}) as Partial<RunScores>;
  const scores = Object.values(miou ?? {});
  const isScore = (score: unknown) => typeof score === "number" || score === null;
  return scores.length > 0 && scores.every(isScore) && (headline === undefined || isScore(miou?.[headline]));
}

/** Scores with the prediction that stands for them; older ones are CCVC's and do not say that it is the average. */
type Headed = Pick<RunScores, "headline" | "miou">;

/** Name of the prediction that stands for scores. */
export function headlineName({ headline = "average" }: Pick<Headed, "headline">): string {
  return headline;
}

/** Mean IoU of the headline, percent; null where no pixel was counted, undefined where there is no headline. */
export function headlineScore({ headline = "average", miou }: Headed): number | null | undefined {
  return miou[headline];
}

/** Names of the predictions in the order of the tables, the headline at the end. */
export function predictionNames({ headline = "average", miou }: Headed): string[] {
  const names = Object.keys(miou).sort();
  return [...names.filter((name) => name !== headline), ...names.filter((name) => name === headline)];
}

/** A prediction's name as tables show it: `branch 1`. */
export function shownName(prediction: string): string {
  return prediction.replace(/\d+/, " $&");
}

/** Scores with what tells where they come from, which is no part of the artifact; members that it has of its own stay. */
export function withOrigin(
  metrics: RunScores,
  origin: Required<Pick<RunScores, "benchmarks" | "adapters" | "learnedFrom">>,
): RunScores {
  const told = Object.entries(origin).filter(([, value]) => Object.keys(value).length > 0);
  return { ...Object.fromEntries(told), ...metrics };
}
