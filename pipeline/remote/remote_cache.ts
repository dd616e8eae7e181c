/** Results between a cache and a remote store: an entry comes last, here and there, so that neither shows half of one. @module */
import { join } from "node:path";
import type { Cache, Staged } from "../cache/cache.ts";
import {
  blobsOf,
  decodeEntry,
  type Entry,
  misfitOf,
  type PromisedOutputs,
  type StoredFile,
} from "../cache/entry.ts";
import { CorruptBlobError } from "../errors.ts";
import { stampOf } from "../files/files.ts";
import { inLanes } from "../run/lanes.ts";
import type { Remote } from "./remote.ts";
import { roomAt } from "../files/room.ts";
import { isDiskFull } from "../files/system_error.ts";

/** A larger entry is not taken from a server. */
const maxRemoteEntryBytes = 64 * 2 ** 20;
/** Blobs on their way at a time. */
const together = 4;

/** A cache with the store that it shares results with. */
export class RemoteCache {
  #queue: Promise<void> = Promise.resolve();
  #pulled = 0;
  /** Bytes on their way that the disk does not hold yet. */
  #claimed = 0;
  #lackedRoom = false;

  /**
   * Puts a store behind a cache; nothing is asked yet.
   *
   * @param cache The cache.
   * @param remote The store.
   */
  constructor(readonly cache: Cache, readonly remote: Remote) {}

  /** Bytes taken from the store so far. */
  get pulledBytes(): number {
    return this.#pulled;
  }

  /** Whether a result was left there because the disk has no room for it. */
  get lackedRoom(): boolean {
    return this.#lackedRoom;
  }

  /**
   * Brings a result into the cache. Blobs that are there already, whole, are not got again; those that came through before
   * something went wrong stay, so that another try goes on from there.
   *
   * @param outputs What the key's stage promises.
   * @returns The entry; undefined if the store has no whole and right one, or does not answer, or the disk has no room for it.
   * @throws {CacheError} If the disk refuses otherwise. The signal's reason if aborted.
   */
  async pull(
    key: string,
    outputs: PromisedOutputs = {},
    signal?: AbortSignal,
  ): Promise<Entry | undefined> {
    const { remote } = this;
    const path = `ac/${key}`;
    const text = await remote.text(path, maxRemoteEntryBytes, signal);
    if (text === undefined) return undefined;
    const entry = decodeEntry(text, key);
    const where = `The remote cache ${remote.url}`;
    if (typeof entry === "string") {
      return void remote.distrust(path, `${where} has a damaged entry ${key.slice(0, 12)}: ${entry}`);
    }
    const what = `${key.slice(0, 12)} of "${entry.stage}"`;
    const misfit = misfitOf(entry, outputs);
    if (misfit !== undefined) {
      return void remote.pass(path, `${where} has an entry ${what} for another reader: ${misfit}`);
    }
    const bytes = sizeOf(distinct(entry));
    if (bytes > remote.maxBytes) {
      const over = `of ${bytes} bytes, more than the ${remote.maxBytes} that are taken`;
      return void remote.pass(path, `${where} has a result ${over} (${what})`);
    }
    const lacking = sizeOf(distinct(entry).filter((file) => !this.#isHere(file)));
    const room = roomAt(this.cache.root);
    if (room !== undefined && lacking + this.#claimed > room.free - room.reserve) {
      return void this.#sayNoRoom(
        `${what} has ${lacking} bytes; ${Math.round(room.free)} are free, of which ` +
          `${Math.round(room.reserve)} are left alone`,
      );
    }
    this.#claimed += lacking;
    try {
      return await this.#bring(entry, signal);
    } catch (error) {
      // The disk of a user's share, or one that others fill meanwhile.
      if (!isDiskFull(error)) throw error;
      return void this.#sayNoRoom(`${what} did not fit`);
    } finally {
      this.#claimed -= lacking;
    }
  }

  #sayNoRoom(what: string): void {
    this.#lackedRoom = true;
    const where = `The results of the remote cache ${this.remote.url} have no room here`;
    this.remote.sayOnce(`${where}: ${what}. What does not fit is made here`, where);
  }

  #isHere({ digest, size }: StoredFile): boolean {
    return stampOf(this.cache.blobPath(digest))?.size === size;
  }

  async #bring(entry: Entry, signal?: AbortSignal): Promise<Entry | undefined> {
    const { cache, remote } = this;
    const files = distinct(entry);
    const scratch = await cache.scratch();
    try {
      let isWhole = true, isTold = true;
      const found = await inLanes(together, files, async (file) => {
        // Nothing more is asked for what cannot be had whole.
        const staged = isWhole && await this.#blob(file, join(scratch, file.digest), signal);
        if (staged === undefined) isTold = false;
        if (typeof staged === "object") return staged;
        isWhole = false;
        return undefined;
      });
      const staged = found.filter((file) => file !== undefined);
      if (staged.length === files.length) {
        await cache.store(entry, staged);
        // What no honest writer makes: one blob in two lengths.
        const { damage } = await cache.find(entry.key);
        if (damage === undefined) return entry;
        await cache.remove(entry.key);
        const where = `The remote cache ${remote.url}`;
        return void remote.distrust(`ac/${entry.key}`, `${where} has a damaged entry: ${damage}`);
      }
      await cache.storeBlobs(staged);
      // If it does not answer, the result may well be whole; if not, whoever makes it again puts all of it there.
      if (isTold) {
        const what = `the result ${entry.key.slice(0, 12)} of "${entry.stage}"`;
        const isSaid = files.some(({ digest }) => remote.isOfNoUse(`cas/${digest}`));
        remote.pass(
          `ac/${entry.key}`,
          isSaid ? undefined : `The remote cache ${remote.url} has ${what} in parts only`,
        );
      }
      return undefined;
    } finally {
      await cache.discard(scratch);
    }
  }

  async #blob(file: StoredFile, target: string, signal?: AbortSignal): Promise<Staged | false | undefined> {
    try {
      await this.cache.verify(file);
      return file;
    } catch (error) {
      if (!(error instanceof CorruptBlobError)) throw error;
    }
    const isThere = await this.remote.download(`cas/${file.digest}`, file, target, signal);
    if (isThere !== true) return isThere;
    this.#pulled += file.size;
    return { ...file, path: target };
  }

  /**
   * Puts a result into the store, unless it is there: the blobs that it lacks, then, once it has them all, the entry. Whatever
   * ends it in between, the store shows no entry without its blobs, and another push goes on from there.
   *
   * @returns How many files were put there; undefined if it is not there in whole after all.
   * @throws {CorruptBlobError} If a blob of the cache is damaged. The signal's reason if aborted.
   */
  async push(entry: Entry, signal?: AbortSignal): Promise<number | undefined> {
    const { cache, remote } = this;
    const path = `ac/${entry.key}`;
    // The first one stays if it is whole: others may have gone on from its bytes.
    if (await remote.has(path, undefined, signal) && await this.#hasWhole(path, entry.key, signal)) return 0;
    const put = await inLanes(together, distinct(entry), async (file) => {
      const path = `cas/${file.digest}`;
      if (await remote.has(path, file.size, signal)) return 0;
      if (!remote.takesUploads) return undefined;
      if (!await remote.upload(path, await cache.verify(file), file.size, signal)) return undefined;
      // A login takes whatever is sent, and keeps nothing; of the length not every server tells the truth.
      if (await remote.has(path, undefined, signal)) return 1;
      if (!remote.isAway) remote.putNoMore("took a file, and does not have it");
      return undefined;
    });
    if (put.includes(undefined)) return undefined;
    const source = cache.entryPath(entry.key);
    const { size } = await Deno.stat(source);
    const count = put.reduce<number>((sum, one) => sum + one!, 0);
    return await remote.upload(path, source, size, signal) ? count + 1 : undefined;
  }

  /** Whether the store has an entry, intact, and all the blobs that it names. */
  async #hasWhole(path: string, key: string, signal?: AbortSignal): Promise<boolean> {
    const text = await this.remote.text(path, maxRemoteEntryBytes, signal);
    const there = text === undefined ? "none" : decodeEntry(text, key);
    if (typeof there === "string") return false;
    let isWhole = true;
    await inLanes(together, distinct(there), async ({ digest, size }) => {
      if (isWhole && await this.remote.has(`cas/${digest}`, size, signal) !== true) isWhole = false;
    });
    return isWhole;
  }

  /** Puts a result into the store when those offered before are there; a failure is the store's to tell. */
  offer(entry: Entry, signal?: AbortSignal): void {
    if (!this.remote.takesUploads) return;
    // A damaged or collected blob will be found when it is read; an abort ends the run anyhow.
    this.#queue = this.#queue.then(async () => void await this.push(entry, signal)).catch(() => {});
  }

  /** Waits until all that was offered is there, or cannot be. */
  settled(): Promise<void> {
    return this.#queue;
  }
}

function distinct(entry: Entry): StoredFile[] {
  return [...new Map(blobsOf(entry).map((file) => [file.digest, file])).values()];
}

function sizeOf(files: readonly StoredFile[]): number {
  return files.reduce((sum, { size }) => sum + size, 0);
}
