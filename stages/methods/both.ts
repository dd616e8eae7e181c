/** Pairs of branches, for methods that have two. @module */

/** One value for each of two branches. */
export type Pair<T> = readonly [T, T];

/** Applies `make` to both branches; `other` is the index of the one that looks on. */
export function forBoth<T>(make: (own: 0 | 1, other: 0 | 1) => T): Pair<T> {
  return [make(0, 1), make(1, 0)];
}
