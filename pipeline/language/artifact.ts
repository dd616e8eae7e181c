/** Artifacts: what flows between stages, and its byte format. @module */

/** Takes in the files of one artifact. A file's name is a relative path with `/`; no `..`. */
export interface ArtifactWriter {
  /**
   * A fresh path to write file `name` at; it lies on the cache's file system, so that storing it is a rename.
   * @throws {CacheError} If the name leaves the artifact or is taken.
   */
  file(name: string): string;
  /** Writes a file of bytes. */
  bytes(name: string, data: Uint8Array): Promise<void>;
  /** Writes a file of canonical JSON. */
  json(name: string, value: unknown): Promise<void>;
  /**
   * Takes in a file that exists: moved if it lies in this stage's scratch, linked by digest with no copy if it is a blob of
   * the cache (an input's file), copied otherwise.
   */
  adopt(name: string, path: string): Promise<void>;
}

/** Gives the files of one artifact; every byte is checked against its digest before it is given. */
export interface ArtifactReader {
  /** File names, sorted. */
  names(): readonly string[];
  /** SHA-256 of a file, 64 lower-case hex digits. */
  digest(name: string): string;
  /** Size of a file in bytes. */
  size(name: string): number;
  /**
   * A path to read the file at; it must not be written to.
   * @throws {CorruptBlobError} If the bytes are not those that were stored.
   */
  path(name: string): Promise<string>;
  /** The file's bytes. */
  bytes(name: string): Promise<Uint8Array>;
  /** The file's JSON value. */
  json(name: string): Promise<unknown>;
}

/** A type of artifact and its byte format. Two kinds with one TypeScript type are still told apart, by name, when a pipeline is built. */
export interface ArtifactKind<T> {
  /** Name, e.g. `"weights"`; part of the artifact's digest. */
  readonly name: string;
  /** Version of the byte format, from 1. */
  readonly version: number;
  /** Writes a value as files. Equal values must give equal bytes. */
  write(value: T, out: ArtifactWriter): Promise<void>;
  /** Reads a value back. */
  read(source: ArtifactReader): Promise<T>;
}

/** The value type of a kind. */
export type ValueOf<K> = K extends ArtifactKind<infer T> ? T : never;

/**
 * Declares a kind; the identity, for inference.
 *
 * @example
 * ```ts
 * import { defineKind } from "@crossview/crossview";
 *
 * const table = defineKind<string>({
 *   name: "table",
 *   version: 1,
 *   write: (text, out) => out.bytes("table.csv", new TextEncoder().encode(text)),
 *   read: async (source) => new TextDecoder().decode(await source.bytes("table.csv")),
 * });
 * ```
 */
export function defineKind<T>(kind: ArtifactKind<T>): ArtifactKind<T> {
  return kind;
}

/**
 * A kind for plain data, stored as one file of canonical JSON.
 *
 * @param name Name of the kind.
 * @param version Version of its format, from 1.
 * @example
 * ```ts
 * import { jsonKind } from "@crossview/crossview";
 *
 * const counts = jsonKind<Record<string, number>>("counts", 1);
 * ```
 */
export function jsonKind<T>(name: string, version: number): ArtifactKind<T> {
  return {
    name,
    version,
    write: (value, out) => out.json("value.json", value),
    read: async (source) => await source.json("value.json") as T,
  };
}
