/** What is scored: predictions by name, each of one network or of several. @module */

/** Predictions by name: the networks whose mean logits each is the arg-max of; one network alone for its own. */
export type Predictions = Readonly<Record<string, readonly [string, ...string[]]>>;

/** One value for each prediction, by name. */
export type PerPrediction<T> = Readonly<Record<string, T>>;

/** Makes one value for each name. */
export function forPredictions<T>(names: readonly string[], make: (name: string) => T): PerPrediction<T> {
  return Object.fromEntries(names.map((name) => [name, make(name)]));
}

/** The predictions that are one network's own: those that can disagree. */
export function ownPredictions(predictions: Predictions): string[] {
  return Object.keys(predictions).filter((name) => predictions[name]!.length === 1);
}

/** Name of the output with the weights that were best for a prediction: `bestAverage`. */
export function bestOutput(prediction: string): string {
  return `best${prediction.charAt(0).toUpperCase()}${prediction.slice(1)}`;
}
