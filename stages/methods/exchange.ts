/** The same experiment by another method: what a comparison is made of. @module */
import type { Configured } from "./method.ts";

let exchanged: { readonly by: Configured; count: number } | undefined;

/** The method that a training is given: its own, or the one that {@linkcode exchangingMethods} puts in its place. */
export function chosenMethod(own: Configured): Configured {
  if (exchanged === undefined) return own;
  exchanged.count++;
  return exchanged.by;
}

/**
 * Runs `build`, which builds a pipeline, with another method in the place of that of every training.
 *
 * @returns What it gives, and how many trainings there were.
 */
export function exchangingMethods<R>(by: Configured, build: () => R): { result: R; trainings: number } {
  const before = exchanged, own = exchanged = { by, count: 0 };
  try {
    return { result: build(), trainings: own.count };
  } finally {
    exchanged = before;
  }
}
