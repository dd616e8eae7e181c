/** States of a stage that takes long, kept so that a run that ends early, however it ends, loses little. @module */

/** How large a state is, in bytes. */
export interface StateSize {
  /** What the time to write one is reckoned from, before one was written. */
  readonly about: number;
  /** What it never exceeds. */
  readonly most: number;
}

/** What {@linkcode Checkpoints.load} found. */
export interface LoadedState<T> {
  /** The newest intact state; undefined if there is none. */
  readonly state?: { readonly position: number; readonly value: T } | undefined;
  /** What was found damaged, and is gone now: a sentence each. */
  readonly damage: readonly string[];
}

/**
 * The states of one key of one stage: the last two are kept. A state is bytes at a position (a step); large pieces that stay
 * the same from state to state (the best weights so far) are parts, stored once under their digest.
 *
 * Only the key's one runner has them. What is saved is never computed from, so that a run with and one without an end in
 * between give the same bytes; the clock decides only when to save.
 */
export interface Checkpoints {
  /**
   * Finds the newest state whose bytes and parts are what was saved. Damaged ones, and what a killed process left half
   * written, are removed.
   *
   * @param size Bytes of a state, about, and at most: a larger file is no state of this stage, and is not read.
   * @param decode Makes a value of the bytes; a state for which it throws counts as damaged.
   */
  load<T>(size: StateSize, decode: (bytes: Uint8Array<ArrayBuffer>) => T): Promise<LoadedState<T>>;
  /** Whether it is time to save. */
  due(): boolean;
  /**
   * Saves a state: written aside, synced, renamed; then the third-newest one goes.
   *
   * @param position Where the work is, for messages.
   * @param make Makes the state, in pieces; undefined for none after all.
   * @param parts Digests of the parts it needs.
   * @returns What it took; undefined if there was none to save.
   * @throws {CacheError} If the file system refuses; the states before stay.
   */
  save(
    position: number,
    make: () => Promise<readonly Uint8Array[] | undefined>,
    parts: readonly string[],
  ): Promise<{ readonly bytes: number; readonly seconds: number } | undefined>;
  /**
   * Stores a part; it stays as long as a kept state needs it.
   *
   * @param others Digests of the parts that the next state will need besides.
   * @returns Its digest.
   */
  addPart(bytes: Uint8Array, others: readonly string[]): Promise<string>;
  /** Copies a part to a path. */
  copyPart(digest: string, path: string): Promise<void>;
}

/** When states are saved. */
export interface CheckpointTiming {
  /** Seconds from one to the next. Without it 30, or more where that would cost over a hundredth of the time. */
  readonly every?: number | undefined;
  /** Seconds from any fixed moment. */
  readonly now?: () => number;
}
