/** The same experiment by another method: what a comparison is made of. @module */
import type { Configured } from "../method.ts";

/** The method that stands in the place of a training's own, by the training's id. */
export type Exchange = (training: string) => Configured | undefined;

let current: { readonly by: Exchange; readonly trainings: string[] } | undefined;

/** The method that a training is given: its own, or the one that {@linkcode exchangingMethods} puts in its place. */
export function chosenMethod(own: Configured, training: string): Configured {
  const other = current?.by(training);
  if (other === undefined) return own;
  current!.trainings.push(training);
  return other;
}

/**
 * Runs `build`, which builds a pipeline, with other methods in the place of those of its trainings.
 *
 * @returns What it gives, and the trainings that another method was found for. An exchange around this one is of no account.
 */
export function exchangingMethods<R>(
  by: Exchange,
  build: () => R,
): { result: R; trainings: readonly string[] } {
  const before = current, own = current = { by, trainings: [] };
  try {
    return { result: build(), trainings: own.trainings };
  } finally {
    current = before;
  }
}
