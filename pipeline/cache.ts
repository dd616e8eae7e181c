/** The content-addressed cache: `ac/<key>` says what a stage made, `cas/<sha-256>` holds the bytes. @module */
import { join, resolve } from "node:path";
import { sha256 } from "./canonical_json.ts";
import {
  blobsOf,
  decodeEntry,
  encodeEntry,
  type Entry,
  maxEntryBytes,
  misfitOf,
  type PromisedOutputs,
  type StoredFile,
} from "./entry.ts";
import { CacheError, CorruptBlobError, messageOf } from "./errors.ts";
import {
  digestFile,
  explainWrite,
  type FileStamp,
  Notes,
  sameStamp,
  stampOf,
  syncDirectory,
  writeAtomically,
} from "./files.ts";
import { acquireLease, type LeaseTiming } from "./leases.ts";
import { acquireLockIfAny, type Lock } from "./locks.ts";

/** What looking up a key gives. */
export interface Lookup {
  /** The entry, if there is a whole one. */
  readonly entry?: Entry;
  /** What is wrong, if there is an entry that cannot be used. */
  readonly damage?: string;
}

/** A file to be stored: a file of the scratch that will be moved in, or a blob that is there. */
export interface Staged extends StoredFile {
  /** Where its bytes lie now; undefined for a blob of the cache. */
  readonly path?: string | undefined;
}

/** A cache in a directory. Nothing is made on disk before the first write. */
export class Cache {
  /** Absolute path. */
  readonly root: string;
  /** Bookkeeping that may be lost at no cost but time. */
  readonly notes: Notes;
  /** Digest → the stamp its blob had when its bytes were checked. */
  readonly #verified = new Map<string, FileStamp>();

  /**
   * A cache in a directory.
   *
   * @param root Directory of the cache.
   * @param leases How the locks between machines are kept.
   */
  constructor(root: string, readonly leases?: LeaseTiming) {
    this.root = resolve(root);
    this.notes = new Notes(join(this.root, "notes"));
  }

  /** Path of an entry. */
  entryPath(key: string): string {
    return join(this.root, "ac", key);
  }

  /** Path of a blob. */
  blobPath(digest: string): string {
    return join(this.root, "cas", digest);
  }

  /**
   * Looks a key up. An entry counts only if it is intact and all its blobs are there in full length; their bytes are
   * checked when they are first read, by {@linkcode Cache.verify}.
   *
   * @param outputs What its stage promises: an entry without, which only forgery makes, does not count.
   * @throws {CacheError} If the cache cannot be read at all.
   */
  async find(key: string, outputs: PromisedOutputs = {}): Promise<Lookup> {
    let text;
    try {
      text = await this.#readEntry(key);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return {};
      throw this.#explainRead(error);
    }
    const entry = decodeEntry(text, key);
    if (typeof entry === "string") return { damage: `entry ${key.slice(0, 12)} is damaged: ${entry}` };
    const misfit = misfitOf(entry, outputs);
    if (misfit !== undefined) return { damage: `entry ${key.slice(0, 12)} is damaged: ${misfit}` };
    for (const blob of blobsOf(entry)) {
      const problem = this.#lengthProblem(blob);
      if (problem !== undefined) return { damage: problem };
    }
    return { entry };
  }

  /** The text of an entry; none of a file that is too large to be one, or of what is no file. */
  async #readEntry(key: string): Promise<string> {
    const path = this.entryPath(key);
    const stamp = stampOf(path);
    if (stamp === undefined) throw new Deno.errors.NotFound(`No file "${path}"`);
    return stamp.size > maxEntryBytes ? "" : await Deno.readTextFile(path);
  }

  #lengthProblem({ digest, size }: StoredFile): string | undefined {
    const stamp = stampOf(this.blobPath(digest));
    if (stamp === undefined) return `blob ${digest.slice(0, 12)} is missing`;
    return stamp.size === size
      ? undefined
      : `blob ${digest.slice(0, 12)} is ${stamp.size} bytes long, not ${size}`;
  }

  /**
   * Checks a blob's bytes: once in the life of this object, and again if its file has changed since.
   *
   * @returns Its path.
   * @throws {CorruptBlobError} If it is missing, of other length, or its bytes have another digest; a bad blob is removed.
   */
  async verify(file: StoredFile): Promise<string> {
    const path = this.blobPath(file.digest);
    const problem = this.#lengthProblem(file);
    if (problem !== undefined) return await this.#refuse(file, problem);
    const stamp = stampOf(path);
    if (sameStamp(this.#verified.get(file.digest), stamp)) return path;
    this.#checked(file, stamp, (await digestFile(path)).digest) || await this.#refuse(file);
    return path;
  }

  /**
   * Reads a blob into memory and checks the very bytes that are given.
   *
   * @throws {CorruptBlobError} As {@linkcode Cache.verify} does.
   */
  async read(file: StoredFile): Promise<Uint8Array<ArrayBuffer>> {
    const path = this.blobPath(file.digest);
    const problem = this.#lengthProblem(file);
    if (problem !== undefined) return await this.#refuse(file, problem);
    const stamp = stampOf(path);
    const bytes = await Deno.readFile(path);
    return this.#checked(file, stamp, sha256(bytes)) ? bytes : await this.#refuse(file);
  }

  /** Remembers a blob whose bytes were found right. */
  #checked({ digest }: StoredFile, stamp: FileStamp | undefined, found: string): boolean {
    if (found === digest && stamp !== undefined) this.#verified.set(digest, stamp);
    return found === digest;
  }

  async #refuse({ digest }: StoredFile, problem?: string): Promise<never> {
    const path = this.blobPath(digest);
    const what = problem ?? `blob ${digest.slice(0, 12)} holds other bytes than its name says`;
    this.#verified.delete(digest);
    await Deno.remove(path).catch(() => {});
    throw new CorruptBlobError(digest, `Cannot read "${path}": ${what}. Its stage will run again`);
  }

  /** Forgets what was verified, so that the next read checks the bytes again. */
  forgetVerified(): void {
    this.#verified.clear();
  }

  /** A fresh directory for one execution, on the cache's file system. */
  async scratch(): Promise<string> {
    const path = join(this.root, "scratch", crypto.randomUUID());
    try {
      await Deno.mkdir(path, { recursive: true });
    } catch (error) {
      throw explainWrite(error, path);
    }
    return path;
  }

  /** Holds a key's lock: one process at a time runs a stage, on whichever machine. */
  async lock(key: string, signal?: AbortSignal, waiting?: () => void): Promise<Lock> {
    let waited = false;
    const lease = await acquireLease(join(this.root, "locks"), key, {
      signal,
      timing: this.leases,
      waiting: () => {
        waited = true;
        waiting?.();
      },
    });
    // A network file system may still believe that there is nothing of what its holder made, until a folder is opened.
    if (waited) { for (const folder of ["ac", "cas"]) await this.#list(folder); }
    return lease;
  }

  /**
   * Keeps this machine's garbage collection out while results are being put in; many may hold it together. Another machine's
   * may take a blob away before its entry is written: the entry is then found wanting, and its stage runs again.
   */
  guard(shared: boolean, signal?: AbortSignal): Promise<Lock | undefined> {
    return acquireLockIfAny(join(this.root, "locks"), "collection", { shared, signal });
  }

  /**
   * Stores a result: the blobs first, each renamed into place after a sync, the entry last.
   *
   * @throws {CacheError} If the file system refuses: no entry is made.
   * @throws {CorruptBlobError} If a linked blob is gone.
   */
  async store(entry: Entry, staged: readonly Staged[]): Promise<void> {
    using _guard = await this.guard(true);
    await this.#place(staged);
    await writeAtomically(this.entryPath(entry.key), new TextEncoder().encode(encodeEntry(entry)));
    await syncDirectory(join(this.root, "ac"));
  }

  /** Stores bytes that no entry refers to; collection spares them for an hour. */
  async storeBlobs(staged: readonly Staged[]): Promise<void> {
    using _guard = await this.guard(true);
    await this.#place(staged);
  }

  async #place(staged: readonly Staged[]): Promise<void> {
    const directory = join(this.root, "cas");
    for (const file of staged) {
      const target = this.blobPath(file.digest);
      if (file.path === undefined) {
        await this.verify(file);
        // Young blobs are spared by collection: this one is about to be referred to.
        await Deno.utime(target, new Date(), new Date()).catch(() => {});
        continue;
      }
      try {
        await Deno.mkdir(directory, { recursive: true });
        {
          using handle = await Deno.open(file.path, { read: true, write: true });
          await handle.sync();
        }
        // A blob is never written to again; a stage that tries to change its input in place is told so by the system.
        await Deno.chmod(file.path, 0o444).catch(() => {});
        await Deno.rename(file.path, target);
      } catch (error) {
        throw explainWrite(error, target);
      }
      this.#checked(file, stampOf(target), file.digest);
    }
    await syncDirectory(directory);
  }

  /** Stores a small text as a blob by itself. */
  async storeText(text: string): Promise<StoredFile> {
    const data = new TextEncoder().encode(text);
    const digest = sha256(data);
    if (stampOf(this.blobPath(digest))?.size !== data.length) {
      await writeAtomically(this.blobPath(digest), data);
    }
    return { digest, size: data.length };
  }

  /** Marks an entry as used now: collection drops the least recently used first. */
  async touch(key: string): Promise<void> {
    await Deno.utime(this.entryPath(key), new Date(), new Date()).catch(() => {});
  }

  /** Takes an entry out, so that its stage runs again. */
  async remove(key: string): Promise<void> {
    try {
      await Deno.remove(this.entryPath(key));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw explainWrite(error, this.entryPath(key));
    }
  }

  /** Keys of all entries with the time of their last use, most recently used first. */
  async keys(): Promise<{ key: string; used: number; size: number }[]> {
    const found = [];
    for (const { name, isFile } of await this.#list("ac")) {
      if (!isFile || !/^[0-9a-f]{64}$/.test(name)) continue;
      const stamp = stampOf(this.entryPath(name));
      if (stamp !== undefined) found.push({ key: name, used: stamp.modified, size: stamp.size });
    }
    return found.sort((a, b) => b.used - a.used || (a.key < b.key ? -1 : 1));
  }

  async #list(folder: string): Promise<Deno.DirEntry[]> {
    try {
      return await Array.fromAsync(Deno.readDir(join(this.root, folder)));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw this.#explainRead(error);
    }
  }

  /** The intact entry of a key, its blobs unchecked. */
  async peek(key: string): Promise<Entry | undefined> {
    const text = await this.#readEntry(key).catch(() => "");
    const entry = decodeEntry(text, key);
    return typeof entry === "string" ? undefined : entry;
  }

  #explainRead(error: unknown): CacheError {
    const reason = error instanceof Deno.errors.NotCapable
      ? "Deno may not read it. Choose another directory, or add it to --allow-read"
      : messageOf(error);
    return new CacheError(`Cannot read the cache "${this.root}": ${reason}`, { cause: error });
  }
}
