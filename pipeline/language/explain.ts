/** Every leaf of a config in words: its value, what it is, who set it, and how that is known. @module */
import { type Leaf, leafName, leaves, type Origin } from "./config.ts";
import { type Inspectable, schemasAt } from "./inspect.ts";
import { isSchema, type Schema, validate } from "./schema.ts";

/** A leaf of a stage's config, explained; what its schema does not say is left out. */
export interface ExplainedLeaf {
  /** Name within the stage: keys joined with dots. */
  readonly name: string;
  /** The value; absent for a leaf that may be left out and is. */
  readonly value?: unknown;
  /** What a number counts or measures. */
  readonly unit?: string;
  /** What it is. */
  readonly description?: string;
  /** Who set it; `preset`: its default was chosen by another leaf. `none`: nobody, it is left out. */
  readonly by: Origin | "preset" | "none";
  /** The preset that chose the default. */
  readonly preset?: string;
  /** The value it would have had, where experiment or command line gave another. */
  readonly otherwise?: unknown;
  /** Where the default comes from: a section of docs/methods/, a paper, published code. */
  readonly source?: string;
  /** Why nothing reads it, with the other leaves as they are. */
  readonly unread?: string;
}

/** What leaves say of themselves with `.meta({ … })`. */
interface LeafMeta {
  readonly description?: string;
  readonly unit?: string;
  readonly source?: string;
  /** For a default that depends on other leaves of the same object. */
  readonly chosen?: (
    siblings: unknown,
  ) => { readonly preset: string; readonly value: unknown; readonly source: string };
  /** Why nothing reads the leaf, if nothing does. */
  readonly unread?: (siblings: unknown) => string | undefined;
}

/**
 * Explains every leaf that a config has or could have, in the order of the schema.
 *
 * @param schema The stage's schema.
 * @param config The parsed config.
 * @param origins Who decided each leaf, by name.
 */
export function explainConfig(
  schema: Schema<unknown>,
  config: unknown,
  origins: Readonly<Record<string, Origin>>,
): ExplainedLeaf[] {
  return allLeaves(schema, config, []).map(({ path, name, value }) => {
    const { description, unit, source, chosen, unread } = metaAt(schema, config, path);
    const siblings = valueAt(config, path.slice(0, -1));
    const choice = chosen?.(siblings);
    const origin = value === undefined ? "none" : origins[name] ?? "default";
    const otherwise = choice === undefined ? defaultAt(schema, config, path) : choice.value;
    const why = value === undefined ? undefined : unread?.(siblings);
    return {
      name,
      ...(value !== undefined && { value }),
      ...(unit !== undefined && unit !== "none" && { unit }),
      ...(description !== undefined && { description }),
      by: origin === "default" && choice !== undefined ? "preset" : origin,
      ...(choice !== undefined && { preset: choice.preset }),
      ...((origin === "experiment" || origin === "set") && otherwise !== undefined &&
        JSON.stringify(otherwise) !== JSON.stringify(value) && { otherwise }),
      ...((choice?.source ?? source) !== undefined && { source: choice?.source ?? source }),
      ...(why !== undefined && { unread: why }),
    };
  });
}

/** The leaves of the config, and those the schema knows that were left out (value undefined), in the schema's order. */
function allLeaves(schema: Schema<unknown>, config: unknown, path: readonly string[]): Leaf[] {
  const value = valueAt(config, path);
  const isRecord = typeof value === "object" && value !== null && !Array.isArray(value);
  if (path.length > 0 && !isRecord) return [{ path, name: leafName(path), value }];
  if (!isRecord) return [];
  const shapes = matching(schema, config, path).map((at) => Object.keys(at.shape ?? {}));
  const keys = new Set([...shapes.flat(), ...Object.keys(value)]);
  if (keys.size === 0) return leaves(value, path);
  return [...keys].flatMap((key) => allLeaves(schema, config, [...path, key]));
}

/** The schemas at a path; of a union of objects, those that take the value. */
function matching(schema: Schema<unknown>, config: unknown, path: readonly string[]): readonly Inspectable[] {
  const value = valueAt(config, path);
  const own = schemasAt(schema, path);
  if (own.filter((at) => at.shape !== undefined).length < 2 || value === undefined) return own;
  return own.filter((at) =>
    at.shape === undefined || (isSchema(at) && validate(at, value).issues === undefined)
  );
}

function metaAt(schema: Schema<unknown>, config: unknown, path: readonly string[]): LeafMeta {
  return Object.assign({}, ...childSchemas(schema, config, path).map((at) => at.meta?.() ?? {}).reverse());
}

/** The default of a leaf: what its schema makes of nothing. */
function defaultAt(schema: Schema<unknown>, config: unknown, path: readonly string[]): unknown {
  for (const at of childSchemas(schema, config, path)) {
    const result = isSchema(at) ? validate(at, undefined) : undefined;
    if (result !== undefined && result.issues === undefined) return result.value;
  }
  return undefined;
}

/** The schemas of a leaf, outermost wrapper first. */
function childSchemas(schema: Schema<unknown>, config: unknown, path: readonly string[]): Inspectable[] {
  const key = path.at(-1)!;
  const parents = matching(schema, config, path.slice(0, -1));
  return parents.flatMap(({ shape }) => {
    const child = shape !== undefined && Object.hasOwn(shape, key) ? shape[key] : undefined;
    return child === undefined ? [] : schemasAt(child, []);
  });
}

function valueAt(config: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined,
    config,
  );
}
