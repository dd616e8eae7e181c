/** Scores over seeds: their mean and how far they lie apart. @module */
import { percent } from "../units.ts";

/** Mean and sample standard deviation (n − 1; 0 for a single value). */
export function spread(values: readonly number[]): { mean: number; standardDeviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standardDeviation: values.length > 1 ? Math.sqrt(squares / (values.length - 1)) : 0 };
}

/** Mean and sample standard deviation of scores; null where one could not be made. */
export interface Spread {
  readonly mean: number | null;
  readonly standardDeviation: number | null;
}

/** Mean and standard deviation of scores; of some that could not be made, none. */
export function scoreSpread(scores: readonly (number | null)[]): Spread {
  const made = scores.filter((score) => score !== null);
  return made.length === scores.length ? spread(made) : { mean: null, standardDeviation: null };
}

/** The difference of two scores, if both could be made. */
export function scoreDifference(score: number | null, base: number | null): number | null {
  return score === null || base === null ? null : score - base;
}

/** A spread as tables show it. */
export function spreadText({ mean, standardDeviation }: Spread): string {
  return mean === null ? percent(mean) : `${percent(mean)} ± ${percent(standardDeviation)}`;
}

/** The spread of a difference, with its sign. */
export function differenceText({ mean, standardDeviation }: Spread): string {
  if (mean === null) return percent(mean);
  return `${mean < 0 ? "−" : "+"}${spreadText({ mean: Math.abs(mean), standardDeviation })}`;
}
