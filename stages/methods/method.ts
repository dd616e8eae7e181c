/** What a method is: a recipe over the primitives, not a loop of its own. @module */
import type { Mapping } from "../../models/deeplabv3plus.ts";
import type { Pair, Step, Term } from "./step.ts";

/** A way to train two branches, with options of type `O`. */
export interface Method<O> {
  /** Whether the step needs strong views and CutMix boxes. */
  strongViews(options: O): boolean;
  /** The confidence threshold that rises from epoch to epoch, at its start; undefined where none does. */
  risingThreshold?(options: O): number | undefined;
  /** Which branch maps its features to another view. */
  mappings(options: O): Pair<Mapping | undefined>;
  /** Captures the forward passes and the weighted terms of the loss. */
  terms(step: Step, options: O): readonly Term[];
}
