/** What a method is: a recipe over the primitives, not a loop of its own. @module */
import type { NetworkVariant } from "../../models/networks.ts";
import type { Predictions } from "../predictions.ts";
import type { Step, Term } from "./step.ts";

/** A way to train networks, with options of type `O`. */
export interface Method<O> {
  /** Whether the step needs strong views and CutMix boxes. */
  strongViews(options: O): boolean;
  /** The confidence threshold that rises from epoch to epoch, at its start; undefined where none does. */
  risingThreshold?(options: O): number | undefined;
  /** The networks by name, with what sets each apart. */
  networks(options: O): Readonly<Record<string, NetworkVariant>>;
  /** What is scored, by the names that metrics, pictures and files carry. */
  readonly predictions: Predictions;
  /** The prediction that stands for the run. */
  readonly headline: string;
  /** Captures the forward passes and the weighted terms of the loss. */
  terms(step: Step, options: O): readonly Term[];
}
