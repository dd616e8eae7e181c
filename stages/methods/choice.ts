/** Primitive "Choice": images that a method's state decides, before each of its steps. @module */
import type { StateSpecs } from "./state.ts";

/** Where a choice stands: what the walks give, and random numbers. */
export interface ChoiceStep {
  /** Whose turn it is in the walks, by position in their sets; of all micro-batches. */
  readonly images: {
    readonly labeled: readonly number[];
    readonly unlabeled: readonly number[];
    readonly others: readonly number[];
  };
  /** Images of each set. */
  readonly sizes: { readonly labeled: number; readonly unlabeled: number };
  /** The `index`-th number of a stream of this step, uniform in [0, 1): the same whenever it is asked for. */
  uniform(stream: string, index: number): number;
}

/** What a choice gives. */
export interface Chosen<D extends string = string, S extends string = string> {
  /** For each draw of chosen images its images, by position in its set: of all micro-batches, in order. */
  readonly images: Readonly<Record<D, readonly number[]>>;
  /**
   * What is written to the state before the step: as many numbers as a state has, for all micro-batches; or as many for each of
   * them, in order.
   */
  readonly state?: { readonly [K in S]?: readonly number[] };
}

/**
 * Chooses the images of draws declared with `images: "chosen"`.
 *
 * Before each step of the method the host waits for the device and reads the named states back; so they are to be small. The
 * choice is a pure function: what is chosen does not depend on how often a run was stopped.
 */
export interface ImageChoice<
  O = unknown,
  T extends StateSpecs = StateSpecs,
  R extends string = string,
> {
  /** States that it reads. */
  readonly reads: readonly (R & keyof T)[];
  /** Chooses, by the states as the step before has left them. */
  choose(
    state: { readonly [K in R]: Float32Array },
    step: ChoiceStep,
    options: O,
  ): Chosen<string, keyof T & string>;
}
