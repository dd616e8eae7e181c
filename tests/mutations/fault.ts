/** A deliberate fault of a training step, and which parity cases see it. @module */

/** One fault: a text of a file that is replaced. */
export interface Fault {
  /** What is wrong then, in a few words. */
  readonly why: string;
  /** Path from the root. */
  readonly file: string;
  /** A text that is in the file once. */
  readonly find: string;
  readonly replace: string;
  /** Cases that see it. */
  readonly caught: readonly string[];
  /** Why no case can, where none does. */
  readonly unseen?: string;
}

/** The faults of a method's step. */
export interface Faults {
  /** As `compare` calls it. */
  readonly method: string;
  /** Small cases of it, by their files' names: of `tests/golden/parity`, or else of `../shared/oracle`. */
  readonly cases: readonly string[];
  readonly faults: readonly Fault[];
}
