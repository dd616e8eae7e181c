/** Primitive "State": tensors that outlive a step, by name. @module */
import type { DType, Tensor } from "../../kernels/tensor.ts";

/** A tensor of the state: one number an element, nothing padded. */
export interface StateSpec {
  /** Extents, each a whole number from 1. */
  readonly shape: readonly number[];
  /** What its elements are; f32 unless told. */
  readonly dtype?: DType;
  /**
   * Value of every element before the first step; `uniform`: each its own, in [0, 1), by the run's seed. 0 unless told, and where
   * they are not f32.
   */
  readonly start?: number | "uniform";
  /** How what several micro-batches make of it is brought together; `written` unless told. */
  readonly fold?: Fold;
}

/**
 * Each micro-batch begins with the state that the step began with, and sees what itself makes of it. What they have made is brought
 * together in their order: `written`, the last that has changed an element counts; `moved`, all moves are added; of a
 * {@linkcode bankState}, what each has put in is put in.
 */
export type Fold = "written" | "moved" | { readonly bank: string };

/** The state of a method, by name. */
export type StateSpecs = Readonly<Record<string, StateSpec>>;

/** What a state's shapes may depend on besides options. */
export interface Sizes {
  /** Classes of the data. */
  readonly classes: number;
  /** Images of a whole draw in a step; of micro-batches, in one. */
  readonly batch: number;
  /** Unlabeled images of the data. */
  readonly unlabeled: number;
}

/** The state on the device: maps with homes. What writes them is seen by all that is captured after it. */
export type StateTensors<T extends StateSpecs = StateSpecs> = { readonly [K in keyof T]: Tensor };
