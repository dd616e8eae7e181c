/** What a method is: a recipe over the primitives, not a loop of its own. @module */
import type { NetworkVariant } from "../../models/networks.ts";
import type { Step, Term } from "./step.ts";

/** A way to train networks, with options of type `O`. */
export interface Method<O> {
  /** Whether the step needs strong views and CutMix boxes. */
  strongViews(options: O): boolean;
  /** The confidence threshold that rises from epoch to epoch, at its start; undefined where none does. */
  risingThreshold?(options: O): number | undefined;
  /** The networks by name, with what sets each apart. */
  networks(options: O): Readonly<Record<string, NetworkVariant>>;
  /** Captures the forward passes and the weighted terms of the loss. */
  terms(step: Step, options: O): readonly Term[];
}
