/** The three predictions of two branches. @module */

/** The three predictions that are scored: each branch, and the arg-max of their mean logits. */
export const PREDICTIONS = ["branch1", "branch2", "average"] as const;

/** One value for each of {@linkcode PREDICTIONS}. */
export interface PerPrediction<T> {
  /** Of branch 1. */
  readonly branch1: T;
  /** Of branch 2. */
  readonly branch2: T;
  /** Of the average of their logits. */
  readonly average: T;
}

/** Makes one value for each prediction. */
export function forPredictions<T>(make: (name: keyof PerPrediction<unknown>) => T): PerPrediction<T> {
  return { branch1: make("branch1"), branch2: make("branch2"), average: make("average") };
}
