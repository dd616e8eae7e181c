/** The scores of ways over their seeds, and what they are held against. @module */
import { scoredOn } from "../runs/lineage.ts";
import { headlineScore, predictionNames, type RunScores } from "../runs/scores.ts";
import { scoreDifference, scoreSpread, type Spread } from "../runs/spread.ts";
import type { TrainingCost } from "../runs/training_cost.ts";
import type { ComparedRun } from "./compared_run.ts";
import type { ComparedWay } from "./ways.ts";

/** The scores of a way. */
export interface WayScores {
  readonly way: ComparedWay;
  /** The prediction that stands for it; undefined where no run has scores. */
  readonly headline: string | undefined;
  /** mIoU of the headline by seed, percent: null where no pixel was counted; only of runs that have scores. */
  readonly seeds: ReadonlyMap<number, number | null>;
  /** Over those seeds; undefined where there are none. */
  readonly spread: Spread | undefined;
  /** The same of the best weights. */
  readonly best: Spread | undefined;
  /** Over the seeds that the reference has, too: this way's score less the reference's. */
  readonly difference: (Spread & { readonly seeds: number }) | undefined;
  /** Of each prediction, mIoU by the last weights. */
  readonly predictions: Readonly<Record<string, Spread>>;
  /** Of each class, IoU of the headline. */
  readonly classes: ReadonlyMap<string, Spread>;
  /** What a training took, in the mean of the runs whose trainings are known. */
  readonly cost: TrainingCost | undefined;
}

/** Whether two runs' scores may be subtracted: they are of the same images, by the same protocol. */
export function areComparable(a: ComparedRun, b: ComparedRun): boolean {
  const on = scoredOn(a);
  return on !== undefined && on === scoredOn(b) && a.scores?.protocol === b.scores?.protocol;
}

/**
 * The scores of each way.
 *
 * @param reference Position of the way that the others are held against.
 */
export function wayScores(ways: readonly ComparedWay[], reference: number): WayScores[] {
  const costs = new Map(
    ways.flatMap(({ runs }) => runs).flatMap(({ run: { nodes = [] } }) =>
      nodes.flatMap(({ key, training }) => training ? [[key, training] as const] : [])
    ),
  );
  return ways.map((way, i) => {
    const scored = way.runs.filter(isScored);
    const each = (pick: (scores: RunScores) => number | null | undefined) => {
      const values = scored.map(({ scores }) => pick(scores)).filter((value) => value !== undefined);
      return values.length === scored.length && values.length > 0 ? scoreSpread(values) : undefined;
    };
    const names = new Set(scored.flatMap(({ scores }) => predictionNames(scores)));
    const classes = new Set(
      scored.flatMap(({ scores: { perClass = [] } }) => perClass.map(({ name }) => name)),
    );
    return {
      way,
      headline: scored[0] && predictionNames(scored[0].scores).at(-1),
      seeds: new Map(scored.map(({ run: { seed }, scores }) => [seed, headlineScore(scores) ?? null])),
      spread: each((scores) => headlineScore(scores) ?? null),
      best: each(({ best, headline }) => best && (headlineScore({ headline, miou: best.miou }) ?? null)),
      difference: i === reference ? undefined : differenceTo(scored, ways[reference]!.runs.filter(isScored)),
      predictions: present([...names].map((name) => [name, each(({ miou }) => miou[name])])),
      classes: new Map(
        Object.entries(present([...classes].map((name) => [
          name,
          each(({ perClass = [] }) => perClass.find((each) => each.name === name)?.iou),
        ]))),
      ),
      cost: costOf(way.runs, costs),
    };
  });
}

type ScoredRun = ComparedRun & { readonly scores: RunScores };

function isScored(run: ComparedRun): run is ScoredRun {
  return run.scores !== undefined;
}

function present(spreads: readonly (readonly [string, Spread | undefined])[]): Record<string, Spread> {
  return Object.fromEntries(
    spreads.filter((entry): entry is readonly [string, Spread] => entry[1] !== undefined),
  );
}

function differenceTo(runs: readonly ScoredRun[], reference: readonly ScoredRun[]): WayScores["difference"] {
  const values = runs.flatMap((run) => {
    const other = reference.find(({ run: { seed } }) => seed === run.run.seed);
    return other === undefined || !areComparable(run, other)
      ? []
      : [scoreDifference(headlineScore(run.scores) ?? null, headlineScore(other.scores) ?? null)];
  });
  return values.length === 0 ? undefined : { ...scoreSpread(values), seeds: values.length };
}

/** Trainings of one run come one after another; a result out of the cache was made by the run that trained it. */
function costOf(
  runs: readonly ComparedRun[],
  costs: ReadonlyMap<string, TrainingCost>,
): TrainingCost | undefined {
  const known = runs.map(({ run: { nodes = [] } }) => nodes.flatMap(({ key }) => costs.get(key) ?? []))
    .filter(({ length }) => length > 0);
  if (known.length === 0) return undefined;
  const steps = known.flat().flatMap(({ stepSeconds }) => stepSeconds ?? []);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    images: Math.max(...known.map((costs) => costs.reduce((sum, { images }) => sum + images, 0))),
    ...(steps.length > 0 && { stepSeconds: mean(steps) }),
    peakBytes: Math.max(...known.flat().map(({ peakBytes }) => peakBytes)),
  };
}
