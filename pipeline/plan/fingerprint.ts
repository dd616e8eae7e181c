/** Keys: what a stage's result depends on, part by part, and the digest of it all. @module */
import type { Code } from "../code/code.ts";
import { canonicalJson, type Json, sha256 } from "./canonical_json.ts";
import { leaves } from "../language/config.ts";
import type { AnyStage } from "../language/definition.ts";
import { ConfigError, messageOf } from "../errors.ts";
import { isLocation, isPreset } from "../language/schema.ts";

/** Number of the key's meaning and of this engine's behavior; raised when either changes, which makes every entry a miss. */
export const keySchema = 1;

/**
 * The parts of a key, by name: `schema`, `stage`, `version`, `code.<…>`, `config.<leaf>`, `input.<name>`, `sources`, `seed`,
 * `numerics`. They are stored with the result, so that `why` can name what differs.
 */
export type KeyParts = Readonly<Record<string, Json>>;

/** What a key is made of. */
export interface KeyMaterial {
  /** The stage. */
  readonly stage: AnyStage;
  /** Instance id, for messages. */
  readonly id: string;
  /** Parsed config. */
  readonly config: unknown;
  /** The stage's code. */
  readonly code: Pick<Code, "parts">;
  /** Input name → content digest; undefined where it is not known yet. */
  readonly inputs: Readonly<Record<string, string | undefined>>;
  /** Digest of the sources' manifest, if the stage has sources. */
  readonly sources?: string | undefined;
  /** The run's seed. */
  readonly seed: number;
}

/**
 * The parts of a key; inputs that are not known yet are left out.
 *
 * @throws {ConfigError} If a config leaf cannot be written as JSON.
 */
export function keyParts(material: KeyMaterial): KeyParts {
  const { stage, id, config, code, inputs, sources, seed } = material;
  const parts: Record<string, Json> = { schema: keySchema, stage: stage.name, version: stage.version };
  for (const [name, value] of Object.entries(code.parts)) parts[`code.${name}`] = value;
  for (const leaf of leaves(config)) {
    if (isLocation(stage.config, leaf.path) || isPreset(stage.config, leaf.path)) continue;
    try {
      parts[`config.${leaf.name}`] = JSON.parse(canonicalJson(leaf.value)) as Json;
    } catch (error) {
      throw new ConfigError(`Cannot fingerprint ${id}.${leaf.name}: ${messageOf(error)}`);
    }
  }
  for (const [name, digest] of Object.entries(inputs)) {
    if (digest !== undefined) parts[`input.${name}`] = digest;
  }
  if (sources !== undefined) parts["sources"] = sources;
  if (stage.seeded === true) parts["seed"] = seed;
  if (stage.numerics !== undefined) parts["numerics"] = stage.numerics;
  return parts;
}

/** SHA-256 of the parts' canonical JSON, 64 lower-case hex digits. */
export function keyOf(parts: KeyParts): string {
  return sha256(canonicalJson(parts));
}
