/** What a schema object shows beyond the standard, as those of zod do. @module */

/** What can be seen of a schema object beyond the standard; every field may be absent. */
export interface Inspectable {
  readonly shape?: Readonly<Record<string, Inspectable>>;
  readonly options?: readonly Inspectable[];
  readonly unwrap?: () => Inspectable;
  readonly in?: Inspectable;
  readonly meta?: () => Record<string, unknown> | undefined;
}

/** The schemas found at a path, wrappers (default, optional, readonly, pipe) and unions seen through. */
export function schemasAt(schema: object, path: readonly string[]): Inspectable[] {
  const open = (at: Inspectable, depth = 0): Inspectable[] => {
    if (typeof at !== "object" || at === null || depth > 16) return [];
    if (Array.isArray(at.options)) return [at, ...at.options.flatMap((option) => open(option, depth + 1))];
    if (at.shape === undefined && typeof at.unwrap === "function") {
      return [at, ...open(at.unwrap(), depth + 1)];
    }
    if (at.shape === undefined && at.in !== undefined) return [at, ...open(at.in, depth + 1)];
    return [at];
  };
  let level = open(schema);
  for (const key of path) {
    level = level.flatMap((at) => at.shape?.[key] === undefined ? [] : open(at.shape[key]));
  }
  return level;
}
