/** "Did you mean": the nearest known name to a mistyped one. @module */

/** Levenshtein distance: how many insertions, deletions and substitutions of one character turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitute = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(substitute, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}

/**
 * The known name nearest to `name`, unless all are further away than a third of its length (two at least).
 * Case, `-` and `_` are not counted as differences. The earlier name wins a tie.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, "");
  let best: string | undefined;
  let distance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const d = editDistance(plain(name), plain(candidate));
    if (d < distance) [best, distance] = [candidate, d];
  }
  return best;
}

/** A sentence for an error: `Did you mean "epochs"?`, else the known names. */
export function didYouMean(name: string, known: readonly string[]): string {
  const hit = nearest(name, known);
  if (hit !== undefined) return `Did you mean "${hit}"?`;
  return known.length === 0 ? "It takes none." : `Known: ${[...known].sort().join(", ")}.`;
}
