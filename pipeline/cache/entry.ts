/** Entries of the cache: what a stage with a given key made, and what was recorded about it. @module */
import { canonicalJson, sha256 } from "../plan/canonical_json.ts";
import { entryProblem } from "./entry_shape.ts";
import { keyOf, type KeyParts, keySchema } from "../plan/fingerprint.ts";
import { isObject } from "../files/untrusted.ts";

/** A file of an artifact. */
export interface StoredFile {
  /** SHA-256 of its bytes: its name in `cas/`. */
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

/** An artifact in the cache. */
export interface StoredArtifact {
  /** Name of its kind. */
  readonly kind: string;
  /** Version of the kind's byte format. */
  readonly version: number;
  /** SHA-256 of kind, version, and the files' names and digests: what the keys of later stages hold. */
  readonly digest: string;
  /** File name → file. */
  readonly files: Readonly<Record<string, StoredFile>>;
}

/** What is recorded about an execution and is no part of its key. */
export interface Recorded {
  /** When it started and ended, ISO 8601. */
  readonly started: string;
  /** When it ended, ISO 8601. */
  readonly finished: string;
  /** Wall seconds. */
  readonly seconds: number;
  /** Facts given by the caller and by the resources used: adapter, driver, host, commit, Deno's version. */
  readonly facts: Readonly<Record<string, string>>;
  /** Module → digest, behind the code's bundle. */
  readonly modules: Readonly<Record<string, string>>;
  /** The manifest of the sources: a blob of canonical JSON, name → digest. */
  readonly sources?: StoredFile | undefined;
  /** The course of the execution: a blob of text, of whatever form the caller has given it. */
  readonly course?: StoredFile | undefined;
}

/** An entry: the file `ac/<key>`. */
export interface Entry {
  /** The key: SHA-256 of the parts. */
  readonly key: string;
  /** Name of the stage. */
  readonly stage: string;
  /** Parts of the key. */
  readonly parts: KeyParts;
  /** Output name → artifact. */
  readonly outputs: Readonly<Record<string, StoredArtifact>>;
  /** Recorded facts. */
  readonly recorded: Recorded;
}

/** The outputs of a stage, as its definition has them. */
export type PromisedOutputs = Readonly<Record<string, { readonly name: string; readonly version?: number }>>;

/** What of a stage's outputs an entry has not, or not in the format that is read; undefined if it has all. */
export function misfitOf({ outputs }: Entry, promised: PromisedOutputs): string | undefined {
  for (const [name, { name: kind, version }] of Object.entries(promised)) {
    const found = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
    if (found?.kind !== kind) return `it has no output "${name}" of its stage's kind`;
    if (version !== undefined && found.version !== version) {
      return `its output "${name}" is a ${kind} of version ${found.version}, and version ${version} is read`;
    }
  }
  return undefined;
}

/** The content digest of an artifact. */
export function artifactDigest(
  kind: string,
  version: number,
  files: Readonly<Record<string, StoredFile>>,
): string {
  return sha256(canonicalJson({ kind, version, files }));
}

/**
 * The content digest that a value has in the cache as an artifact of a {@linkcode jsonKind}.
 *
 * @throws {TypeError} If it cannot be written as JSON.
 */
export function jsonArtifactDigest(kind: string, version: number, value: unknown): string {
  const bytes = new TextEncoder().encode(canonicalJson(value));
  return artifactDigest(kind, version, { "value.json": { digest: sha256(bytes), size: bytes.length } });
}

/** The blobs without which an entry is worth nothing. */
export function neededBlobs({ outputs, recorded: { sources } }: Entry): StoredFile[] {
  const files = Object.values(outputs).flatMap((artifact) => Object.values(artifact.files));
  return sources ? [...files, sources] : files;
}

/** All blobs of an entry: also that of its course, which is for looking at. */
export function blobsOf(entry: Entry): StoredFile[] {
  const { course } = entry.recorded;
  return course ? [...neededBlobs(entry), course] : neededBlobs(entry);
}

/** Writes an entry as JSON that carries the digest of itself. */
export function encodeEntry(entry: Entry): string {
  const body = { schema: keySchema, ...entry };
  return canonicalJson({ ...body, check: sha256(canonicalJson(body)) });
}

/** An entry larger than this is none: names and digests of a million files take less. */
export const maxEntryBytes = 256 * 2 ** 20;

/**
 * Reads an entry. What it says is checked in full, as it may come from a disk that failed or from a server that lies: an
 * entry that passes names no file outside the cache and no path outside an artifact.
 *
 * @returns The entry, or what is wrong with it: any byte changed, a key that its parts do not have, another schema, a digest
 *   or a name of a file that is none.
 */
export function decodeEntry(text: string, key: string): Entry | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "it is not JSON";
  }
  if (!isObject(value)) return "it is not an object";
  try {
    const entry = checkEntry(value, key);
    // The same in other bytes (a member twice, a digit more) is damage, too, though a harmless one.
    return typeof entry === "string" || canonicalJson(value) === text
      ? entry
      : "it is not written as entries are";
  } catch (error) {
    if (!(error instanceof TypeError || error instanceof RangeError)) throw error;
    return "it holds what an entry cannot"; // Text that is no Unicode, or nesting without end.
  }
}

function checkEntry({ check, ...body }: Record<string, unknown>, key: string): Entry | string {
  if (sha256(canonicalJson(body)) !== check) return "its check digest does not hold";
  const { schema, ...entry } = body;
  if (schema !== keySchema) return `it has schema ${schema}, not ${keySchema}`;
  const problem = entryProblem(entry);
  if (problem !== undefined) return `it ${problem}`;
  const found = entry as unknown as Entry;
  if (found.key !== key || keyOf(found.parts) !== key) return "it belongs to another key";
  for (const [name, { kind, version, files, digest }] of Object.entries(found.outputs)) {
    if (artifactDigest(kind, version, files) !== digest) {
      return `the digest of its output "${name}" does not hold`;
    }
  }
  return found;
}
