/** The content-addressed cache: `ac/<key>` says what a stage made, `cas/<sha-256>` holds the bytes. @module */
import { join, resolve } from "node:path";
import { Blobs, type Staged } from "./blobs.ts";
import { cacheFolderState, claimCacheFolder, isOwnFile } from "./cache_folder.ts";
import {
  decodeEntry,
  encodeEntry,
  type Entry,
  maxEntryBytes,
  misfitOf,
  neededBlobs,
  type PromisedOutputs,
  type StoredFile,
} from "./entry.ts";
import { CacheError } from "../errors.ts";
import { FileClock } from "../files/file_clock.ts";
import { explainRead, explainWrite, Notes, stampOf, syncDirectory, writeAtomically } from "../files/files.ts";
import { acquireLease, type Lease, type LeaseOptions, type LeaseTiming } from "../locks/leases.ts";
import { acquireLockIfAny, type Lock } from "../locks/locks.ts";

export type { Staged } from "./blobs.ts";

/** What looking up a key gives. */
export interface Lookup {
  /** The entry, if there is a whole one. */
  readonly entry?: Entry;
  /** What is wrong, if there is an entry that cannot be used. */
  readonly damage?: string;
}

/**
 * A cache in a directory. Nothing is made on disk before the first write, which marks the directory as a cache; one that holds
 * other things and has no mark is refused.
 */
export class Cache {
  /** Absolute path. */
  readonly root: string;
  /** Bookkeeping that may be lost at no cost but time. */
  readonly notes: Notes;
  readonly #blobs: Blobs;
  readonly #clock: FileClock;
  /** Scratch folder → the lease that tells that its process lives. */
  readonly #scratch = new Map<string, Lock>();
  #isOurs = false;
  #claimed: Promise<void> | undefined;

  /**
   * A cache in a directory.
   *
   * @param root Directory of the cache.
   * @param leases How the locks between machines are kept.
   * @throws {CacheError} If the path is empty.
   */
  constructor(root: string, readonly leases?: LeaseTiming) {
    if (root === "") throw new CacheError('Cannot use "" as a cache: the path is empty. Name a folder');
    this.root = resolve(root);
    this.notes = new Notes(join(this.root, "notes"), () => this.claim());
    this.#blobs = new Blobs(this);
    this.#clock = new FileClock(join(this.root, "notes"), () => this.claim());
  }

  /**
   * Looks that the directory is a cache or may become one; writes nothing.
   *
   * @throws {CacheError} If it holds other things and is not marked as a cache.
   */
  check(): void {
    if (!this.#isOurs) cacheFolderState(this.root);
    this.#isOurs = true;
  }

  /**
   * Makes the directory a cache, if it is none yet: comes before every write.
   *
   * @throws {CacheError} As {@linkcode Cache.check} does, or if it cannot be written.
   */
  claim(): Promise<void> {
    this.#claimed ??= claimCacheFolder(this.root).catch((error) => {
      this.#claimed = undefined;
      throw error;
    });
    return this.#claimed;
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
   * Looks a key up. An entry counts only if it is intact and the blobs that it needs are there in full length; their bytes are
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
      throw explainRead(error, this.root);
    }
    const entry = decodeEntry(text, key);
    if (typeof entry === "string") return { damage: `entry ${key.slice(0, 12)} is damaged: ${entry}` };
    const misfit = misfitOf(entry, outputs);
    if (misfit !== undefined) return { damage: `entry ${key.slice(0, 12)} is damaged: ${misfit}` };
    for (const blob of neededBlobs(entry)) {
      const problem = this.#blobs.lengthProblem(blob);
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

  /**
   * Checks a blob's bytes: once in the life of this object, and again if its file has changed since.
   *
   * @returns Its path.
   * @throws {CorruptBlobError} If it is missing, of other length, or its bytes have another digest; a bad blob is removed.
   * @throws {CacheError} If it cannot be read.
   */
  verify(file: StoredFile): Promise<string> {
    return this.#blobs.verify(file);
  }

  /**
   * Reads a blob into memory and checks the very bytes that are given.
   *
   * @throws As {@linkcode Cache.verify} does.
   */
  read(file: StoredFile): Promise<Uint8Array<ArrayBuffer>> {
    return this.#blobs.read(file);
  }

  /** Forgets what was verified, so that the next read checks the bytes again. */
  forgetVerified(): void {
    this.#blobs.forgetVerified();
  }

  /** A fresh directory for one execution, on the cache's file system; {@linkcode Cache.discard} removes it. */
  async scratch(): Promise<string> {
    const name = crypto.randomUUID();
    const path = join(this.root, "scratch", name);
    const lease = await this.lock(name);
    try {
      await Deno.mkdir(path, { recursive: true });
    } catch (error) {
      lease[Symbol.dispose]();
      throw explainWrite(error, path);
    }
    this.#scratch.set(path, lease);
    return path;
  }

  /** Removes a directory that {@linkcode Cache.scratch} made, with all in it. */
  async discard(scratch: string): Promise<void> {
    await Deno.remove(scratch, { recursive: true }).catch(() => {});
    this.#scratch.get(scratch)?.[Symbol.dispose]();
    this.#scratch.delete(scratch);
  }

  /**
   * Holds a key's lock: one process at a time runs a stage, on whichever machine.
   *
   * @param waiting Called if it is taken; again, with the seconds after which it is taken over, if its holder seems dead.
   */
  async lock(key: string, signal?: AbortSignal, waiting?: LeaseOptions["waiting"]): Promise<Lease> {
    await this.claim();
    let waited = false;
    const lease = await acquireLease(join(this.root, "locks"), key, {
      signal,
      timing: this.leases,
      waiting: (takesOverIn) => {
        waited = true;
        waiting?.(takesOverIn);
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
  async guard(shared: boolean, signal?: AbortSignal): Promise<Lock | undefined> {
    await this.claim();
    return await acquireLockIfAny(join(this.root, "locks"), "collection", { shared, signal });
  }

  /**
   * Stores a result: the blobs first, each renamed into place after a sync, the entry last.
   *
   * @param fence Throws if the key's lock is another's by now: no entry is made then.
   * @throws {CacheError} If the file system refuses: no entry is made.
   * @throws {CorruptBlobError} If a linked blob is gone.
   */
  async store(entry: Entry, staged: readonly Staged[], fence = () => {}): Promise<void> {
    using _guard = await this.guard(true);
    fence();
    await this.#blobs.place(staged);
    fence();
    await writeAtomically(this.entryPath(entry.key), new TextEncoder().encode(encodeEntry(entry)));
    await syncDirectory(join(this.root, "ac"));
  }

  /** Stores bytes that no entry refers to; collection spares them for an hour. */
  async storeBlobs(staged: readonly Staged[]): Promise<void> {
    using _guard = await this.guard(true);
    await this.#blobs.place(staged);
  }

  /** Stores a small text as a blob by itself. */
  storeText(text: string): Promise<StoredFile> {
    return this.#blobs.storeText(text);
  }

  /** Marks an entry as used now: collection drops the least recently used first. */
  async touch(key: string): Promise<void> {
    await this.touchFile(this.entryPath(key));
  }

  /** Milliseconds since 1970, as the cache's file system has it: what the times of its files are held against. */
  now(): Promise<number> {
    return this.#clock.now();
  }

  /** Sets the time of a file of the cache to now; where that cannot be done it keeps its own. */
  async touchFile(path: string): Promise<void> {
    try {
      const now = new Date(await this.now());
      await Deno.utime(path, now, now);
    } catch { /* it goes sooner */ }
  }

  /** Takes an entry out, so that its stage runs again. */
  async remove(key: string): Promise<void> {
    await this.claim();
    try {
      await Deno.remove(this.entryPath(key));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw explainWrite(error, this.entryPath(key));
    }
  }

  /** Keys of all entries with the time of their last use, most recently used first. */
  async keys(): Promise<{ key: string; used: number; size: number }[]> {
    this.check();
    const found = [];
    for (const file of await this.#list("ac")) {
      if (!isOwnFile("ac", file)) continue;
      const { name } = file;
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
      throw explainRead(error, this.root);
    }
  }

  /** The intact entry of a key, its blobs unchecked; undefined, too, where it cannot be read. */
  async peek(key: string): Promise<Entry | undefined> {
    return await this.intact(key).catch(() => undefined);
  }

  /**
   * As {@linkcode Cache.peek}, for who clears up: what cannot be read just now is not damaged.
   *
   * @throws {CacheError} If it cannot be read.
   */
  async intact(key: string): Promise<Entry | undefined> {
    const text = await this.#readEntry(key).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw explainRead(error, this.root);
      return "";
    });
    const entry = decodeEntry(text, key);
    return typeof entry === "string" ? undefined : entry;
  }
}
