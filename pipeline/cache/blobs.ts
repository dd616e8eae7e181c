/** The blobs of a cache, `cas/<sha-256>`: bytes that are believed once they were read and have their name's digest. @module */
import { dirname } from "node:path";
import { sha256 } from "../plan/canonical_json.ts";
import type { StoredFile } from "./entry.ts";
import { CacheError, CorruptBlobError } from "../errors.ts";
import {
  digestFile,
  explainRead,
  explainWrite,
  type FileStamp,
  removeReadOnly,
  sameStamp,
  stampOf,
  syncDirectory,
  syncFile,
  writeAtomically,
} from "../files/files.ts";

/** A file to be stored: a file of the scratch that will be moved in, or a blob that is there. */
export interface Staged extends StoredFile {
  /** Where its bytes lie now; undefined for a blob of the cache. */
  readonly path?: string | undefined;
}

/** What blobs need of their cache. */
export interface BlobPlace {
  /** Absolute path of the cache. */
  readonly root: string;
  /** Path of a blob. */
  blobPath(digest: string): string;
  /** Comes before every write. */
  claim(): Promise<void>;
  /** Sets a file's time to now, if it can. */
  touchFile(path: string): Promise<void>;
}

/** The blobs of one cache, and which of them this process has checked. */
export class Blobs {
  /** Digest → the stamp its blob had when its bytes were checked. */
  readonly #verified = new Map<string, FileStamp>();

  /** @param cache Whose blobs they are. */
  constructor(readonly cache: BlobPlace) {}

  /**
   * What a look at a blob's file tells.
   *
   * @throws {CacheError} If it cannot be told.
   */
  lengthProblem({ digest, size }: StoredFile): string | undefined {
    let stamp;
    try {
      stamp = stampOf(this.cache.blobPath(digest));
    } catch (error) {
      throw explainRead(error, this.cache.root);
    }
    if (stamp === undefined) return `blob ${digest.slice(0, 12)} is missing`;
    return stamp.size === size
      ? undefined
      : `blob ${digest.slice(0, 12)} is ${stamp.size} bytes long, not ${size}`;
  }

  /** Checks a blob's bytes, once unless its file changes; gives its path. */
  async verify(file: StoredFile): Promise<string> {
    const path = this.cache.blobPath(file.digest);
    await this.#checking(file, async (stamp) => {
      return sameStamp(this.#verified.get(file.digest), stamp)
        ? file.digest
        : (await digestFile(path)).digest;
    });
    return path;
  }

  /** Reads a blob and checks the very bytes that are given. */
  async read(file: StoredFile): Promise<Uint8Array<ArrayBuffer>> {
    let bytes = new Uint8Array();
    await this.#checking(file, async () => {
      bytes = await Deno.readFile(this.cache.blobPath(file.digest));
      return sha256(bytes);
    });
    return bytes;
  }

  /** Forgets what was checked. */
  forgetVerified(): void {
    this.#verified.clear();
  }

  /** Moves files in, each after a sync; marks as used now what is there already, once its bytes were checked. */
  async place(staged: readonly Staged[]): Promise<void> {
    for (const file of staged) {
      const target = this.cache.blobPath(file.digest);
      if (file.path === undefined) {
        await this.verify(file);
        // Young blobs are spared by collection: this one is about to be referred to.
        await this.cache.touchFile(target);
        continue;
      }
      try {
        await Deno.mkdir(dirname(target), { recursive: true });
        {
          using handle = await Deno.open(file.path, { read: true, write: true });
          await syncFile(handle);
        }
        // A blob is never written to again; a stage that tries to change its input in place is told so by the system.
        await Deno.chmod(file.path, 0o444).catch(() => {});
        await Deno.rename(file.path, target);
      } catch (error) {
        throw explainWrite(error, target);
      }
      this.#isRight(file, stampOf(target), file.digest);
    }
    await syncDirectory(this.cache.blobPath(""));
  }

  /** Stores a text. */
  async storeText(text: string): Promise<StoredFile> {
    const data = new TextEncoder().encode(text);
    const digest = sha256(data), path = this.cache.blobPath(digest);
    await this.cache.claim();
    if (stampOf(path)?.size !== data.length) await writeAtomically(path, data);
    return { digest, size: data.length };
  }

  /** Refuses a blob whose length or digest is not its own. */
  async #checking(
    file: StoredFile,
    digest: (stamp: FileStamp | undefined) => Promise<string>,
  ): Promise<void> {
    const problem = this.lengthProblem(file);
    if (problem !== undefined) return await this.#refuse(file, problem);
    let isRight;
    try {
      const stamp = stampOf(this.cache.blobPath(file.digest));
      isRight = this.#isRight(file, stamp, await digest(stamp));
    } catch (error) {
      throw error instanceof CacheError ? error : explainRead(error, this.cache.root);
    }
    if (!isRight) {
      await this.#refuse(file, `blob ${file.digest.slice(0, 12)} holds other bytes than its name says`);
    }
  }

  /** Remembers a blob whose bytes were found right. */
  #isRight({ digest }: StoredFile, stamp: FileStamp | undefined, found: string): boolean {
    if (found === digest && stamp !== undefined) this.#verified.set(digest, stamp);
    return found === digest;
  }

  async #refuse({ digest }: StoredFile, problem: string): Promise<never> {
    const path = this.cache.blobPath(digest);
    this.#verified.delete(digest);
    await this.cache.claim().then(() => removeReadOnly(path)).catch(() => {});
    throw new CorruptBlobError(digest, `Cannot read "${path}": ${problem}. Its stage will run again`);
  }
}
