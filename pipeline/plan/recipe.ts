/** Recipes: names of results that are known before anything has run. @module */
import { canonicalJson, sha256 } from "./canonical_json.ts";
import type { Plan } from "./plan.ts";

/**
 * The recipe of each stage of a plan: a digest of the parts of its key, with the recipes of its inputs in the place of their
 * contents, which are not known until they are made. Equal recipes are equal results, whatever the cache holds; equal keys may
 * have two recipes, where two ways come to the same bytes.
 *
 * @returns Id of a stage → SHA-256, 64 lower-case hex digits.
 */
export function recipesOf({ nodes, edges }: Pick<Plan, "nodes" | "edges">): ReadonlyMap<string, string> {
  const recipes = new Map<string, string>();
  for (const { id, parts } of nodes) {
    const own = Object.entries(parts).filter(([name]) => !name.startsWith("input."));
    const inputs = edges.filter(({ to }) => to === id)
      .map(({ input, from, output }) => [input, { recipe: recipes.get(from)!, output }]);
    const made = { parts: Object.fromEntries(own), inputs: Object.fromEntries(inputs) };
    recipes.set(id, sha256(canonicalJson(made)));
  }
  return recipes;
}
