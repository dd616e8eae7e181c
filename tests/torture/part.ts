/** What a part of the torture is: something that is done to runs and caches, after which everything must still be right. @module */

/** How hard a part is to try. */
export interface TortureOptions {
  /** A minute at most, for the tests and CI. */
  readonly short: boolean;
  /** Seeds every random choice. */
  readonly seed: number;
  /** An empty folder of the part's own, removed at the end. */
  readonly folder: string;
  /** Prints a line. */
  readonly say: (line: string) => void;
}

/** A part. */
export interface TorturePart {
  /** What it is called on the command line. */
  readonly name: string;
  /** One line for the help. */
  readonly summary: string;
  /** Tries it; throws if anything is not as it must be. */
  readonly run: (options: TortureOptions) => Promise<void>;
}

/** Numbers in [0, 1) from a seed: mulberry32, so that a failure can be had again. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x ^= x + Math.imul(x ^ (x >>> 7), 61 | x);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}
