/** What a config schema is. zod's objects satisfy it; no type of zod is named, so that the public surface has none. @module */
import { ConfigError } from "../errors.ts";
import { schemasAt } from "./inspect.ts";
import { didYouMean } from "./suggest.ts";

/** One thing wrong with a value. */
export interface SchemaIssue {
  /** What is wrong, for the user. */
  readonly message: string;
  /** Where: keys and indices from the root. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The parsed value, or what is wrong. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/**
 * Parses and validates a config; the part of Standard Schema version 1 (https://standardschema.dev) that a pipeline needs.
 * `Input` is what a user writes (defaults may be left out), `Output` what a stage gets.
 */
export interface Schema<out Output, out Input = unknown> {
  /** The Standard Schema properties. */
  readonly "~standard": {
    /** Version of the standard. */
    readonly version: 1;
    /** Parses; a promise is refused, as building a pipeline is synchronous. */
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    /** Carries the types; never read. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/**
 * Parses a config.
 *
 * @param schema The stage's schema.
 * @param value What experiment and overrides give.
 * @param stage Instance id, for messages: leaves are named `stage.path`.
 * @throws {ConfigError} One line an issue, naming the leaf; an unknown key with "did you mean".
 */
export function parseConfig<Output>(schema: Schema<Output>, value: unknown, stage: string): Output {
  const result = validate(schema, value);
  if (result.issues === undefined) return result.value;
  throw new ConfigError(result.issues.flatMap((issue) => describe(schema, issue, stage)).join("\n"));
}

/** Parses a config and gives the issues instead of throwing. */
export function validate<Output>(schema: Schema<Output>, value: unknown): SchemaResult<Output> {
  const result = schema["~standard"].validate(value);
  if (result instanceof Promise) {
    throw new ConfigError("A config schema must not be asynchronous: building a pipeline is synchronous");
  }
  return result;
}

/** Whether an object is a schema, whatever else it shows. */
export function isSchema(object: object): object is Schema<unknown> {
  return "~standard" in object;
}

/** The path of an issue as plain keys. */
export function pathOf(issue: SchemaIssue): string[] {
  return (issue.path ?? []).map((key) => String(typeof key === "object" ? key.key : key));
}

function describe(schema: Schema<unknown>, issue: SchemaIssue, stage: string): string[] {
  const path = pathOf(issue);
  const unknown = issue as { code?: unknown; keys?: unknown };
  if (unknown.code === "unrecognized_keys" && Array.isArray(unknown.keys)) {
    const known = knownKeys(schema, path);
    return unknown.keys.map((key: string) =>
      `Cannot configure stage "${stage}": unknown key "${[stage, ...path, key].join(".")}". ${
        didYouMean(key, known)
      }`
    );
  }
  return [`Cannot configure stage "${stage}": ${[stage, ...path].join(".")}: ${issue.message}`];
}

/** The keys an object schema takes at a path; empty where the schema cannot be inspected. */
function knownKeys(schema: Schema<unknown>, path: readonly string[]): string[] {
  const found = schemasAt(schema, path);
  return [...new Set(found.flatMap((at) => Object.keys(at.shape ?? {})))];
}

/**
 * Whether a leaf is marked `.meta({ location: true })`: it says where something is, not what, so it is not part of a
 * key (its content is, through the stage's `sources`). A mark on an object holds for all within.
 */
export function isLocation(schema: Schema<unknown>, path: readonly string[]): boolean {
  return isMarked(schema, path, "location");
}

/**
 * Whether a leaf is marked `.meta({ preset: true })`: it chooses the defaults of other leaves. These are in the parsed config
 * and in the key; the choice itself is not.
 */
export function isPreset(schema: Schema<unknown>, path: readonly string[]): boolean {
  return isMarked(schema, path, "preset");
}

function isMarked(schema: Schema<unknown>, path: readonly string[], mark: string): boolean {
  for (let length = 0; length <= path.length; length++) {
    const found = schemasAt(schema, path.slice(0, length));
    if (found.some((at) => at.meta?.()?.[mark] === true)) return true;
  }
  return false;
}
