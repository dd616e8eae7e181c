/** How large the cache is, and keeping it within its bounds: least recently used entries go first. @module */
import { join } from "node:path";
import type { Cache } from "./cache.ts";
import { cacheFolderState, claimCacheFolder, isOwnFile } from "./cache_folder.ts";
import { blobsOf } from "./entry.ts";
import { CacheError, messageOf } from "../errors.ts";
import { removeReadOnly, stampOf } from "../files/files.ts";
import { leaseNames, listFolder, sizeOf, sweepLeftovers } from "./leftovers.ts";
import { pinnedKeys } from "./pins.ts";
import { isDiskFault } from "../files/system_error.ts";

/** Bounds of a cache. */
export interface CacheLimits {
  /** Bytes of blobs and entries; 50 GB by default. */
  readonly maxBytes?: number;
  /** Days since the last use of an entry; 30 by default. */
  readonly maxAgeDays?: number;
  /** Keys that stay whatever happens, besides those that are pinned. */
  readonly keep?: ReadonlySet<string>;
  /** Whether all entries may go for their age: without it that counts as a wrong clock. */
  readonly mayTakeAll?: boolean;
}

/** What a cache holds. */
export interface CacheStats {
  /** Entries. */
  readonly entries: number;
  /** Blobs. */
  readonly blobs: number;
  /** Bytes of entries and blobs. */
  readonly bytes: number;
  /** Bytes of checkpoints of stages that have not ended. */
  readonly checkpointBytes: number;
  /** Keys that are pinned. */
  readonly pinned: number;
  /** Stage → entries and the bytes they refer to (a blob shared by two stages counts for both). */
  readonly stages: Readonly<Record<string, { readonly entries: number; readonly bytes: number }>>;
}

/** What a collection did. */
export interface Collected {
  /** Entries taken out. */
  readonly entries: number;
  /** Blobs taken out. */
  readonly blobs: number;
  /** Bytes freed. */
  readonly freed: number;
  /** Bytes that stay. */
  readonly kept: number;
  /** What was not done, and why: a sentence each. */
  readonly refused: readonly string[];
}

/** Blobs younger than this are spared: another process may be about to refer to them. */
const sparedMilliseconds = 3_600_000;
const day = 86_400_000;

/** Counts what a cache holds. */
export async function cacheStats(cache: Cache): Promise<CacheStats> {
  const keys = await cache.keys();
  const blobs = await listBlobs(cache);
  const stages: Record<string, { entries: number; bytes: number }> = {};
  for (const { key } of keys) {
    const entry = await cache.peek(key);
    if (entry === undefined) continue;
    const stage = stages[entry.stage] ??= { entries: 0, bytes: 0 };
    stage.entries++;
    for (const { size } of new Map(blobsOf(entry).map((blob) => [blob.digest, blob])).values()) {
      stage.bytes += size;
    }
  }
  const bytes = sum(keys.map(({ size }) => size)) + sum(blobs.map(({ size }) => size));
  return {
    entries: keys.length,
    blobs: blobs.length,
    bytes,
    checkpointBytes: await sizeOf(join(cache.root, "checkpoints")),
    pinned: pinnedKeys(cache).size,
    stages,
  };
}

/**
 * Takes out damaged entries, entries not used for too long, then the least recently used ones until the rest fits; then the
 * blobs nobody refers to, and what dead processes left. Running processes are not disturbed: what they store waits, and an
 * input that is gone is made again.
 *
 * Ages are told by the file system's clock, not by this host's. Where by that, too, every entry would be too old, none goes
 * for its age; a key whose lease is held keeps what it has.
 *
 * @throws {CacheError} If the folder is not marked as a cache and holds other things, or cannot be read or written.
 */
export async function collectGarbage(cache: Cache, limits: CacheLimits = {}): Promise<Collected> {
  const state = cacheFolderState(cache.root);
  if (state === "absent" || state === "empty") {
    return { entries: 0, blobs: 0, freed: 0, kept: 0, refused: [] };
  }
  // Nothing is taken out of a folder without the mark; one of a former version that holds its files alone gets it.
  await claimCacheFolder(cache.root);
  using _guard = await cache.guard(false);
  const { maxBytes = 50e9, maxAgeDays = 30 } = limits;
  const leased = await leaseNames(cache);
  const keep = pinnedKeys(cache).union(limits.keep ?? new Set()).union(leased);
  const now = await cache.now();
  const blobs = new Map((await listBlobs(cache)).map((file) => [file.name, file]));
  const held = new Set<string>();
  let kept = 0, entries = 0, freed = 0, aged = 0, busy = 0;
  // Kept keys first, then from the most recently used on: what no longer fits goes.
  const keys = (await cache.keys()).sort((a, b) => Number(keep.has(b.key)) - Number(keep.has(a.key)));
  const isOld = (used: number) => now - used > maxAgeDays * day;
  const bounded = keys.filter(({ key }) => !keep.has(key));
  const areAllOld = limits.mayTakeAll !== true && bounded.every(({ used }) => isOld(used));
  let full = false;
  for (const { key, used, size } of keys) {
    const entry = await cache.intact(key);
    const fresh = entry === undefined
      ? []
      : [...new Set(blobsOf(entry).map((b) => b.digest))].filter((d) => !held.has(d));
    const added = size + sum(fresh.map((digest) => blobs.get(digest)?.size ?? 0));
    full ||= !keep.has(key) && kept + added > maxBytes;
    const isAged = !full && !keep.has(key) && isOld(used);
    if (isAged && areAllOld) aged++;
    const isLeased = leased.has(key);
    if (isLeased && (entry === undefined || isOld(used))) busy++;
    if (!isLeased && (entry === undefined || (full && !keep.has(key)) || (isAged && !areAllOld))) {
      await cache.remove(key);
      entries++;
      freed += size;
    } else {
      for (const digest of fresh) held.add(digest);
      kept += added;
    }
  }
  let removed = 0;
  for (const { name, size, modified } of blobs.values()) {
    if (held.has(name)) continue;
    if (now - modified < sparedMilliseconds && !full) {
      kept += size;
      continue;
    }
    await removeReadOnly(cache.blobPath(name)).catch(() => {});
    removed++;
    freed += size;
  }
  const maxAge = Math.max(maxAgeDays, 1) * day;
  const swept = await sweepLeftovers(cache, { now, maxBytes: maxBytes / 2, maxAge });
  busy += swept.spared.length;
  const refused = [
    ...aged === 0 ? [] : [
      `all ${aged} results that may go were last used over ${maxAgeDays} days ago, as the disk's clock has it: it may be ` +
      "wrong, and none was taken out. cache gc --all takes them",
    ],
    ...busy === 0 ? [] : [`what ${busy} ${busy === 1 ? "process is" : "processes are"} at work on stays`],
  ];
  return { entries, blobs: removed, freed: freed + swept.freed, kept, refused };
}

/**
 * Collects at most once an hour: for the end of every run, which fails for nothing here, as its results are there.
 *
 * @returns What was not done, and why.
 */
export async function collectNowAndThen(cache: Cache, limits: CacheLimits): Promise<readonly string[]> {
  try {
    const note = "collected";
    const last = cache.notes.read(note), now = await cache.now();
    if (typeof last === "number" && Math.abs(now - last) < sparedMilliseconds) return [];
    await cache.notes.write(note, Math.round(now));
    return (await collectGarbage(cache, limits)).refused;
  } catch (error) {
    if (!(error instanceof CacheError || isDiskFault(error))) throw error;
    return [messageOf(error)];
  }
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

async function listBlobs(cache: Cache): Promise<{ name: string; size: number; modified: number }[]> {
  const found = [];
  for (const file of await listFolder(join(cache.root, "cas"))) {
    const stamp = isOwnFile("cas", file) ? stampOf(cache.blobPath(file.name)) : undefined;
    if (stamp !== undefined) found.push({ name: file.name, size: stamp.size, modified: stamp.modified });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}
