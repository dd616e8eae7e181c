/** The same experiment by another method: what a comparison is made of. @module */
import type { TrainingInputs } from "../../training/inputs.ts";
import type { Configured } from "../method.ts";

/** A training as an experiment writes it. */
export interface WrittenTraining {
  /** Its id. */
  readonly id: string;
  readonly inputs: TrainingInputs;
  /** Its settings beside the method. */
  readonly config: object;
}

/** What stands in the place of a training's own method. */
export interface Exchanged {
  readonly configured: Configured;
  /** What it is given of an earlier training, which an experiment by another method may lack; nothing, if it reads nothing. */
  earlier(training: WrittenTraining): Omit<TrainingInputs, "views">;
}

/** The method that stands in the place of a training's own, by the training's id. */
export type Exchange = (training: string) => Exchanged | undefined;

let current: { readonly by: Exchange; readonly trainings: string[] } | undefined;

/**
 * The method that a training is given, and what it is given of an earlier training: its own, or what
 * {@linkcode exchangingMethods} puts in its place.
 */
export function chosenMethod(
  own: Configured,
  training: WrittenTraining,
): { readonly configured: Configured; readonly inputs: TrainingInputs } {
  const { inputs, id } = training, other = current?.by(id);
  if (other === undefined) return { configured: own, inputs };
  current!.trainings.push(id);
  const earlier = withMethods(undefined, () => other.earlier(training));
  return { configured: other.configured, inputs: { views: inputs.views, ...earlier } };
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
  const own = { by, trainings: [] };
  return { result: withMethods(own, build), trainings: own.trainings };
}

function withMethods<R>(exchange: typeof current, build: () => R): R {
  const before = current;
  current = exchange;
  try {
    return build();
  } finally {
    current = before;
  }
}
