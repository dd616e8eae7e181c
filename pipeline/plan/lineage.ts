/** Lineages: names of results that are known before anything has run. @module */
import { canonicalJson, sha256 } from "./canonical_json.ts";
import type { Plan } from "./plan.ts";

/**
 * The lineage of each stage of a plan: a digest of the parts of its key, with the lineages of its inputs in the place of their
 * contents, which are not known until they are made. Equal lineages are equal results, whatever the cache holds; equal keys may
 * have two lineages, where two ways come to the same bytes.
 *
 * @returns Id of a stage → SHA-256, 64 lower-case hex digits.
 */
export function lineagesOf({ nodes, edges }: Pick<Plan, "nodes" | "edges">): ReadonlyMap<string, string> {
  const lineages = new Map<string, string>();
  for (const { id, parts } of nodes) {
    const own = Object.entries(parts).filter(([name]) => !name.startsWith("input."));
    const inputs = edges.filter(({ to }) => to === id)
      .map(({ input, from, output }) => [input, { lineage: lineages.get(from)!, output }]);
    const made = { parts: Object.fromEntries(own), inputs: Object.fromEntries(inputs) };
    lineages.set(id, sha256(canonicalJson(made)));
  }
  return lineages;
}
