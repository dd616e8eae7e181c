/** "Did you mean": the nearest known name to a mistyped one. @module */
import { distance } from "fastest-levenshtein";

/**
 * The known name nearest to `name`, unless all are further away than a third of its length (two at least).
 * Case, `-` and `_` are not counted as differences. The earlier name wins a tie.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replaceAll(/[-_]/g, "");
  let best: string | undefined;
  let limit = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const edits = distance(plain(name), plain(candidate));
    if (edits < limit) [best, limit] = [candidate, edits];
  }
  return best;
}

/** A sentence for an error: `Did you mean "epochs"?`, else the known names. */
export function didYouMean(name: string, known: readonly string[]): string {
  const hit = nearest(name, known);
  if (hit !== undefined) return `Did you mean "${hit}"?`;
  return known.length === 0 ? "It takes none." : `Known: ${[...known].sort().join(", ")}.`;
}
