/** Results between a cache and a remote store: an entry comes last, here and there, so that neither shows half of one. @module */
import { join } from "node:path";
import type { Cache, PromisedOutputs, Staged } from "./cache.ts";
import { blobsOf, decodeEntry, type Entry, type StoredFile } from "./entry.ts";
import { CorruptBlobError } from "./errors.ts";
import { inLanes } from "./lanes.ts";
import type { Remote } from "./remote.ts";

/** A larger entry is not taken from a server. */
const maxRemoteEntryBytes = 64 * 2 ** 20;
/** Blobs on their way at a time. */
const together = 4;

/** A cache with the store that it shares results with. */
export class RemoteCache {
  #queue: Promise<void> = Promise.resolve();
  #pulled = 0;

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

  /**
   * Brings a result into the cache. Blobs that are there already, whole, are not got again; those that came through before
   * something went wrong stay, so that another try goes on from there.
   *
   * @param outputs What the key's stage promises.
   * @returns The entry; undefined if the store has no whole and right one, or does not answer.
   * @throws {CacheError} If the disk refuses. The signal's reason if aborted.
   */
  async pull(
    key: string,
    outputs: PromisedOutputs = {},
    signal?: AbortSignal,
  ): Promise<Entry | undefined> {
    const { cache, remote } = this;
    const path = `ac/${key}`;
    const text = await remote.text(path, maxRemoteEntryBytes, signal);
    if (text === undefined) return undefined;
    const entry = decodeEntry(text, key);
    const where = `The remote cache ${remote.url}`;
    if (typeof entry === "string") {
      return void remote.distrust(path, `${where} has a damaged entry ${key.slice(0, 12)}: ${entry}`);
    }
    const files = distinct(entry);
    const bytes = files.reduce((sum, { size }) => sum + size, 0);
    if (bytes > remote.maxBytes) {
      const over = `of ${bytes} bytes, more than the ${remote.maxBytes} that are taken`;
      return void remote.distrust(
        path,
        `${where} has a result ${over} (${key.slice(0, 12)}, "${entry.stage}")`,
      );
    }
    const scratch = await cache.scratch();
    try {
      const found = await inLanes(together, files, (file) => {
        return this.#blob(file, join(scratch, file.digest), signal);
      });
      const staged = found.filter((file) => file !== undefined);
      if (staged.length === files.length) {
        await cache.store(entry, staged);
        // What no honest writer makes: outputs that the stage has not, one blob in two lengths.
        const found = await cache.find(key, outputs);
        if (found.entry !== undefined) return entry;
        await cache.remove(key);
        return void remote.distrust(path, `${where} has a damaged entry: ${found.damage}`);
      }
      await cache.storeBlobs(staged);
      // If it is away, the result may well be whole; if not, whoever makes it again puts all of it there.
      if (!remote.isAway) {
        remote.distrust(
          path,
          `${where} has the result ${key.slice(0, 12)} of "${entry.stage}" in parts only`,
        );
      }
      return undefined;
    } finally {
      await cache.discard(scratch);
    }
  }

  async #blob(file: StoredFile, target: string, signal?: AbortSignal): Promise<Staged | undefined> {
    try {
      await this.cache.verify(file);
      return file;
    } catch (error) {
      if (!(error instanceof CorruptBlobError)) throw error;
    }
    if (!await this.remote.download(`cas/${file.digest}`, file, target, signal)) return undefined;
    this.#pulled += file.size;
    return { ...file, path: target };
  }

  /**
   * Puts a result into the store, unless it is there: the blobs that it lacks, then the entry.
   *
   * @returns How many files were put there; undefined if it is not there in whole after all.
   * @throws {CorruptBlobError} If a blob of the cache is damaged. The signal's reason if aborted.
   */
  async push(entry: Entry, signal?: AbortSignal): Promise<number | undefined> {
    const { cache, remote } = this;
    const put = await inLanes(together, distinct(entry), async (file) => {
      const path = `cas/${file.digest}`;
      if (await remote.has(path, file.size, signal)) return 0;
      if (!remote.takesUploads) return undefined;
      return await remote.upload(path, await cache.verify(file), file.size, signal) ? 1 : undefined;
    });
    if (put.includes(undefined)) return undefined;
    const count = put.reduce<number>((sum, one) => sum + one!, 0);
    // The first one stays: others may have gone on from its bytes.
    const path = `ac/${entry.key}`;
    if (await remote.has(path, undefined, signal)) return count;
    const source = cache.entryPath(entry.key);
    const { size } = await Deno.stat(source);
    return await remote.upload(path, source, size, signal) ? count + 1 : undefined;
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
