/** Configs: one precedence, and leaves. Schema default < experiment < `--set`. @module */
import { isAbsolute, resolve } from "node:path";
import { isTooDeep, mostLevels } from "./depth.ts";
import { ConfigError } from "../errors.ts";
import type { Override } from "./override.ts";
import { isLocation, parseConfig, pathOf, type Schema, validate } from "./schema.ts";

/** Who decided a leaf. */
export type Origin = "default" | "experiment" | "set";

/** A parsed config with the origin of each leaf, by the leaf's name. */
export interface ResolvedConfig {
  /** What the stage gets. */
  readonly config: unknown;
  /** Leaf name → who decided it. */
  readonly origins: Readonly<Record<string, Origin>>;
}

/** A leaf of a config: an array is one leaf, and so is an empty object. */
export interface Leaf {
  /** Keys from the root. */
  readonly path: readonly string[];
  /** `path` joined with dots; a key that is not a plain word is quoted, so that two leaves never share a name. */
  readonly name: string;
  /** The leaf's value. */
  readonly value: unknown;
}

const segment = (key: string) => /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);

/** Joins keys to a leaf's name. */
export function leafName(path: readonly string[]): string {
  return path.map(segment).join(".");
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** The leaves of a config in sorted order; `undefined` leaves are left out. */
export function leaves(value: unknown, path: readonly string[] = []): Leaf[] {
  if (value === undefined) return [];
  if (!isPlainObject(value) || (Object.keys(value).length === 0 && path.length > 0)) {
    return [{ path, name: leafName(path), value }];
  }
  return Object.keys(value).sort().flatMap((key) => leaves(value[key], [...path, key]));
}

/**
 * Applies the overrides of one stage to what the experiment wrote, and parses the result.
 * A text that is JSON by accident (`--set load.partition=366`) is taken as text where the schema wants text, and null as if the
 * leaf were left out where the schema wants no null.
 *
 * @param schema The stage's schema; its defaults have the lowest precedence.
 * @param experiment What the experiment wrote, or undefined.
 * @param overrides Of this stage only; the last one wins.
 * @param stage Instance id, for messages.
 * @param folder What relative paths of the experiment are relative to; without it, to the process's folder.
 * @throws {ConfigError} If the schema refuses a leaf or does not know one.
 */
export function resolveConfig(
  schema: Schema<unknown>,
  experiment: unknown,
  overrides: readonly Override[],
  stage: string,
  folder?: string,
): ResolvedConfig {
  if (isTooDeep(experiment)) {
    throw new ConfigError(
      `Cannot configure stage "${stage}": what the experiment gives it has more than ${mostLevels} levels of objects, or a ` +
        `loop. Give it plain values`,
    );
  }
  // A leaf set inside an object that only the schema's default gives (`method.threshold`) changes that default's object.
  const plain = overrides.length > 0 ? validate(schema, experiment ?? {}) : undefined;
  const defaults = plain?.issues === undefined ? plain?.value : undefined;
  const apply = (reread: ReadonlySet<Override>) => {
    let value: unknown = experiment ?? {};
    for (const override of overrides) {
      const other = override.value === null ? undefined : override.text;
      value = put(value, override.path, reread.has(override) ? other : override.value, defaults);
    }
    return value;
  };
  let input = apply(new Set());
  const issues = validate(schema, input).issues;
  if (issues !== undefined) {
    const refused = new Set(issues.map((issue) => leafName(pathOf(issue))));
    const reread = new Set(
      overrides.filter((o) => typeof o.value !== "string" && refused.has(leafName(o.path))),
    );
    const again = apply(reread);
    if (reread.size > 0 && validate(schema, again).issues === undefined) input = again;
  }
  const config = parseConfig(schema, input, stage);
  const written = leaves(experiment ?? {});
  const origins = leaves(config).map(({ name, path }): [string, Origin] => {
    // What lies below a leaf counts for it: a schema may make one leaf, an array, of an object that was written.
    if (overrides.some((set) => leadsTo(set.path, path) || leadsTo(path, set.path))) return [name, "set"];
    return [name, written.some((leaf) => leadsTo(path, leaf.path)) ? "experiment" : "default"];
  });
  const located = leaves(config).reduce((value, { path, value: leaf }, i) => {
    if (typeof leaf !== "string" || leaf === "" || isAbsolute(leaf) || !isLocation(schema, path)) {
      return value;
    }
    const setting = overrides.findLast((override) => leadsTo(override.path, path));
    const from = { set: setting?.folder, experiment: folder, default: undefined }[origins[i]![1]];
    return from === undefined ? value : put(value, path, resolve(from, leaf), undefined);
  }, config);
  return { config: located, origins: Object.fromEntries(origins) };
}

/** Whether a path is another's beginning, or that itself. */
function leadsTo(outer: readonly string[], path: readonly string[]): boolean {
  return outer.every((key, i) => path[i] === key);
}

/** A copy of `value` with the leaf at `path` set; objects on the way are taken from `defaults`, or made. */
function put(value: unknown, path: readonly string[], leaf: unknown, defaults: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return leaf;
  const object = isPlainObject(value)
    ? value
    : isPlainObject(defaults) && value === undefined
    ? defaults
    : {};
  const own = (at: unknown) => isPlainObject(at) && Object.hasOwn(at, key) ? at[key] : undefined;
  const copy: Record<string, unknown> = { ...object };
  // defineProperty: a key named "__proto__" must become a key, not a prototype.
  Object.defineProperty(copy, key, {
    value: put(own(object), rest, leaf, own(defaults)),
    enumerable: true,
    configurable: true,
    writable: true,
  });
  return copy;
}
