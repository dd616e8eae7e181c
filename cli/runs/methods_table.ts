/** Methods against one another over the same seeds: scores, the difference to labels alone, and what training took. @module */
import { heading, type SeedsSummary, summarize } from "./metrics.ts";
import { baseline } from "../../runtime/runs/lineage.ts";
import { headlineScore, predictionNames, type RunScores, shownName } from "../../runtime/runs/scores.ts";
import { learnedNotes, mixedRunsNotice } from "../../runtime/runs/provenance.ts";
import type { FinishedRun } from "../../runtime/runs/run_experiment.ts";
import {
  differenceText,
  scoreDifference,
  scoreSpread,
  type Spread,
  spread,
  spreadText,
} from "../../runtime/runs/spread.ts";
import { bytes, percent, table } from "../terminal/text.ts";
import type { TrainingCost } from "../../runtime/runs/training_cost.ts";

/** A method's runs over the seeds. */
export interface MethodResult {
  readonly name: string;
  readonly summary: SeedsSummary;
  /** mIoU of the headline, percent. */
  readonly headline: Spread & { readonly prediction: string };
  /** The same less that of {@linkcode baseline}, seed by seed, in points; absent where that is not compared. */
  readonly difference?: Spread;
  /** What a training took, seconds in the mean over seeds; absent where no run is known that trained. */
  readonly training?: TrainingCost;
}

/** What of a run is compared. */
export type ScoredRun = Pick<FinishedRun, "trainings"> & { readonly metrics: RunScores };

/**
 * Sums up runs of methods, one a seed each.
 *
 * @param costs Of earlier trainings, by key: results out of the cache were made by them.
 */
export function methodResults(
  seeds: readonly number[],
  methods: readonly { readonly name: string; readonly runs: readonly ScoredRun[] }[],
  costs: ReadonlyMap<string, TrainingCost>,
): MethodResult[] {
  const scoresOf = ({ runs }: (typeof methods)[number]) =>
    runs.map(({ metrics }) => headlineScore(metrics) ?? null);
  const reference = methods.find(({ name }) => name === baseline);
  return methods.map((method) => {
    const summary = summarize(seeds, method.runs.map(({ metrics }) => metrics));
    const prediction = predictionNames(summary.runs[0]!).at(-1)!;
    const scores = scoresOf(method), base = reference && scoresOf(reference);
    const training = costOf(method.runs, costs);
    return {
      name: method.name,
      summary,
      headline: { prediction, ...scoreSpread(scores) },
      ...(base && method !== reference &&
        { difference: scoreSpread(scores.map((score, i) => scoreDifference(score, base[i]!))) }),
      ...(training && { training }),
    };
  });
}

/** The cost of a run of those whose trainings' costs are all known. */
function costOf(
  runs: readonly ScoredRun[],
  earlier: ReadonlyMap<string, TrainingCost>,
): TrainingCost | undefined {
  const known = runs.map(({ trainings }) => trainings.map(({ key, cost }) => cost ?? earlier.get(key)))
    .filter((costs): costs is TrainingCost[] =>
      costs.length > 0 && costs.every((cost) => cost !== undefined)
    );
  if (known.length === 0) return undefined;
  // Several trainings of one run come one after another.
  const images = known.map((costs) => costs.reduce((sum, { images }) => sum + images, 0));
  const steps = known.flat().flatMap(({ stepSeconds }) => stepSeconds ?? []);
  return {
    images: Math.max(...images),
    ...(steps.length > 0 && { stepSeconds: spread(steps).mean }),
    peakBytes: Math.max(...known.flat().map(({ peakBytes }) => peakBytes)),
  };
}

/** The comparison as a table: mIoU of each one's headline, mean ± standard deviation, then seed by seed; then the costs. */
export function methodsText(results: readonly MethodResult[]): string {
  const { seeds, runs: [first] } = results[0]!.summary;
  const isHeld = results.some(({ difference }) => difference !== undefined);
  const rows = results.map(({ name, summary: { runs }, headline, difference, training }) => [
    name,
    shownName(headline.prediction),
    spreadText(headline),
    ...runs.map((run) => percent(headlineScore(run) ?? null)),
    ...(isHeld ? [difference ? differenceText(difference) : ""] : []),
    training ? String(training.images) : "",
    training?.stepSeconds === undefined ? "" : training.stepSeconds.toPrecision(3),
    training ? bytes(training.peakBytes) : "",
  ]);
  const head = [
    heading("mIoU, percent", first ?? {}),
    "prediction",
    "mean",
    ...seeds.map((seed) => `seed ${seed}`),
    ...(isHeld ? [`− ${baseline}`] : []),
    "images seen",
    "seconds a step",
    "device memory",
  ];
  const mixed = mixedRunsNotice(results.flatMap(({ summary }) => summary.runs));
  const unknown = results.filter(({ training }) => training === undefined).map(({ name }) => name).join(", ");
  const note = unknown === ""
    ? undefined
    : `what training took is not known of ${unknown}: it was in the cache, made by no run that is kept`;
  const learned = results.flatMap(({ name, summary }) =>
    [...new Set(summary.runs.flatMap(({ learnedFrom }) => learnedNotes(learnedFrom)))].map((note) =>
      `${name}: ${note}`
    )
  );
  return [mixed, table(head, rows), ...learned, note].filter((text) => text !== undefined).join("\n");
}
