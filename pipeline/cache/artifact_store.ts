/** Artifacts written to and read from the cache. @module */
import { join, resolve, sep } from "node:path";
import type { ArtifactKind, ArtifactReader, ArtifactWriter } from "../language/artifact.ts";
import type { Cache, Staged } from "./cache.ts";
import { canonicalJson } from "../plan/canonical_json.ts";
import { artifactDigest, type StoredArtifact, type StoredFile } from "./entry.ts";
import { CacheError } from "../errors.ts";
import { digestFile, explainWrite, makeFolderOf, stampOf } from "../files/files.ts";
import { isInnerPath } from "../files/untrusted.ts";

/** An artifact on its way into the cache. */
export interface StagedArtifact {
  /** What the entry will say. */
  readonly artifact: StoredArtifact;
  /** Its files. */
  readonly files: readonly Staged[];
}

/**
 * Writes a value with its kind into a scratch directory and digests the files.
 *
 * @param kind How it is written.
 * @param value The value.
 * @param cache The cache, for files that are blobs already.
 * @param scratch The stage's scratch directory.
 * @param directory A directory in it, of this artifact alone.
 */
export async function stageArtifact<T>(
  kind: ArtifactKind<T>,
  value: T,
  cache: Cache,
  scratch: string,
  directory: string,
): Promise<StagedArtifact> {
  const writer = new Writer(cache, scratch, directory, kind.name);
  await kind.write(value, writer);
  const staged = await writer.finish();
  const files: Record<string, StoredFile> = {};
  for (const [name, { digest, size }] of staged) files[name] = { digest, size };
  const digest = artifactDigest(kind.name, kind.version, files);
  return {
    artifact: { kind: kind.name, version: kind.version, digest, files },
    files: staged.map(([, file]) => file),
  };
}

class Writer implements ArtifactWriter {
  readonly #names = new Set<string>();
  readonly #links = new Map<string, StoredFile>();

  constructor(
    readonly cache: Cache,
    readonly scratch: string,
    readonly directory: string,
    readonly kind: string,
  ) {}

  file(name: string): string {
    this.#claim(name);
    const path = join(this.directory, name);
    makeFolderOf(path);
    return path;
  }

  async bytes(name: string, data: Uint8Array): Promise<void> {
    const path = this.file(name);
    try {
      await Deno.writeFile(path, data);
    } catch (error) {
      throw explainWrite(error, path);
    }
  }

  json(name: string, value: unknown): Promise<void> {
    return this.bytes(name, new TextEncoder().encode(canonicalJson(value)));
  }

  async adopt(name: string, path: string): Promise<void> {
    const from = resolve(path);
    const digest = from.slice(this.cache.blobPath("").length + 1);
    if (from === this.cache.blobPath(digest) && /^[0-9a-f]{64}$/.test(digest)) {
      this.#claim(name);
      const stamp = stampOf(from);
      if (stamp === undefined) throw new CacheError(`Cannot adopt "${path}": there is no such blob`);
      this.#links.set(name, { digest, size: stamp.size });
      return;
    }
    const target = this.file(name);
    try {
      if (from.startsWith(this.scratch + sep)) await Deno.rename(from, target);
      else await Deno.copyFile(from, target);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) {
        throw new CacheError(`Cannot adopt "${path}" as "${name}": there is no such file`, { cause: error });
      }
      throw explainWrite(error, target);
    }
  }

  async finish(): Promise<[string, Staged][]> {
    const staged: [string, Staged][] = [];
    for (const name of [...this.#names].sort()) {
      const link = this.#links.get(name);
      if (link !== undefined) {
        staged.push([name, link]);
        continue;
      }
      const path = join(this.directory, name);
      if (stampOf(path) === undefined) {
        throw new CacheError(
          `Cannot store a ${this.kind}: its file "${name}" was announced and never written`,
        );
      }
      staged.push([name, { ...(await digestFile(path)), path }]);
    }
    return staged;
  }

  #claim(name: string): void {
    if (!isInnerPath(name)) {
      throw new CacheError(
        `Cannot store a ${this.kind}: "${name}" is not a relative path with / and without ..`,
      );
    }
    if (this.#names.has(name)) {
      throw new CacheError(`Cannot store a ${this.kind}: its file "${name}" is given twice`);
    }
    this.#names.add(name);
  }
}

/** Reads the files of an artifact in the cache, each byte checked. */
export function artifactReader(cache: Cache, artifact: StoredArtifact): ArtifactReader {
  const file = (name: string): StoredFile => {
    const found = Object.hasOwn(artifact.files, name) ? artifact.files[name] : undefined;
    if (found !== undefined) return found;
    const names = Object.keys(artifact.files).sort().join(", ");
    throw new CacheError(`A ${artifact.kind} in the cache has no file "${name}"; it has ${names || "none"}`);
  };
  return {
    names: () => Object.keys(artifact.files).sort(),
    digest: (name) => file(name).digest,
    size: (name) => file(name).size,
    path: (name) => cache.verify(file(name)),
    bytes: (name) => cache.read(file(name)),
    json: async (name) => JSON.parse(new TextDecoder().decode(await cache.read(file(name)))),
  };
}
