/** How large the cache is, and keeping it within its bounds: least recently used entries go first. @module */
import { join } from "node:path";
import type { Cache } from "./cache.ts";
import {
  cacheFolderState,
  claimCacheFolder,
  fileFolders,
  isAside,
  isOwnFile,
  isOwnFolder,
} from "./cache_folder.ts";
import { removeCheckpoints } from "./checkpoint_folders.ts";
import { blobsOf } from "./entry.ts";
import { stampOf } from "./files.ts";
import { pinnedKeys } from "./pins.ts";

/** Bounds of a cache. */
export interface CacheLimits {
  /** Bytes of blobs and entries; 50 GB by default. */
  readonly maxBytes?: number;
  /** Days since the last use of an entry; 30 by default. */
  readonly maxAgeDays?: number;
  /** Keys that stay whatever happens, besides those that are pinned. */
  readonly keep?: ReadonlySet<string>;
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
 * blobs nobody refers to, and scratch and checkpoints that dead processes left. Running processes are not disturbed: what they store
 * waits, and an input that is gone is made again.
 */
export async function collectGarbage(cache: Cache, limits: CacheLimits = {}): Promise<Collected> {
  const state = cacheFolderState(cache.root);
  if (state === "absent" || state === "empty") return { entries: 0, blobs: 0, freed: 0, kept: 0 };
  // Nothing is taken out of a folder without the mark; one of a former version that holds its files alone gets it.
  await claimCacheFolder(cache.root);
  using _guard = await cache.guard(false);
  const { maxBytes = 50e9, maxAgeDays = 30 } = limits;
  const keep = pinnedKeys(cache).union(limits.keep ?? new Set());
  const now = Date.now();
  const blobs = new Map((await listBlobs(cache)).map((file) => [file.name, file]));
  const held = new Set<string>();
  let kept = 0;
  let entries = 0;
  let freed = 0;
  // Kept keys first, then from the most recently used on: what no longer fits goes.
  const keys = (await cache.keys()).sort((a, b) => Number(keep.has(b.key)) - Number(keep.has(a.key)));
  let full = false;
  for (const { key, used, size } of keys) {
    const entry = await cache.peek(key);
    const fresh = entry === undefined
      ? []
      : [...new Set(blobsOf(entry).map((b) => b.digest))].filter((d) => !held.has(d));
    const added = size + sum(fresh.map((digest) => blobs.get(digest)?.size ?? 0));
    full ||= !keep.has(key) && kept + added > maxBytes;
    const tooOld = !keep.has(key) && now - used > maxAgeDays * day;
    if (entry === undefined || full || tooOld) {
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
    await Deno.remove(cache.blobPath(name)).catch(() => {});
    removed++;
    freed += size;
  }
  await sweep(join(cache.root, "scratch"), day, (entry) => isOwnFolder("scratch", entry));
  freed += await sweepCheckpoints(cache, maxBytes / 2, Math.max(maxAgeDays, 1) * day);
  for (const folder of fileFolders) {
    await sweep(join(cache.root, folder), day, (entry) => isAside(folder, entry));
  }
  return { entries, blobs: removed, freed, kept };
}

/** Collects at most once an hour: for the end of every run. */
export async function collectNowAndThen(cache: Cache, limits: CacheLimits): Promise<void> {
  const note = "collected";
  const last = cache.notes.read(note);
  if (typeof last === "number" && Math.abs(Date.now() - last) < sparedMilliseconds) return;
  await cache.notes.write(note, Date.now());
  await collectGarbage(cache, limits);
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

async function listBlobs(cache: Cache): Promise<{ name: string; size: number; modified: number }[]> {
  const found = [];
  for (const file of await list(join(cache.root, "cas"))) {
    const stamp = isOwnFile("cas", file) ? stampOf(cache.blobPath(file.name)) : undefined;
    if (stamp !== undefined) found.push({ name: file.name, size: stamp.size, modified: stamp.modified });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Removes what is the cache's own and has not changed for so long. */
async function sweep(
  directory: string,
  age: number,
  isOwn: (entry: Deno.DirEntry) => boolean,
): Promise<void> {
  for (const entry of (await list(directory)).filter(isOwn)) {
    const path = join(directory, entry.name);
    const modified = await newest(path);
    if (Date.now() - modified > age) await Deno.remove(path, { recursive: true }).catch(() => {});
  }
}

/**
 * Removes the checkpoints of results that are there (their process was killed after it had stored one), those that have not
 * changed for so long, and of the others the oldest until the rest fits. What changed within a day is spared: a stage that is
 * under way writes at every checkpoint.
 *
 * @returns Bytes freed.
 */
async function sweepCheckpoints(cache: Cache, maxBytes: number, age: number): Promise<number> {
  const now = Date.now();
  const found = [];
  const folders = await list(join(cache.root, "checkpoints"));
  for (const { name } of folders.filter((entry) => isOwnFolder("checkpoints", entry))) {
    const path = join(cache.root, "checkpoints", name);
    found.push({ path, key: name, modified: await newest(path), size: await sizeOf(path) });
  }
  let kept = 0, freed = 0;
  for (const { path, key, modified, size } of found.sort((a, b) => b.modified - a.modified)) {
    kept += size;
    const isDone = stampOf(cache.entryPath(key)) !== undefined;
    const isStale = now - modified > age || (kept > maxBytes && now - modified > day);
    if (!isDone && !isStale) continue;
    await removeCheckpoints(path);
    kept -= size;
    freed += size;
  }
  return freed;
}

/** The last change of a file, or of anything in a directory. */
async function newest(path: string): Promise<number> {
  const info = await Deno.lstat(path).catch(() => undefined);
  if (info === undefined) return Infinity;
  const inner = info.isDirectory ? (await list(path)).map(({ name }) => newest(join(path, name))) : [];
  return Math.max(info.mtime?.getTime() ?? 0, ...await Promise.all(inner));
}

async function sizeOf(path: string): Promise<number> {
  const info = await Deno.lstat(path).catch(() => undefined);
  if (info?.isDirectory !== true) return info?.size ?? 0;
  return sum(await Promise.all((await list(path)).map(({ name }) => sizeOf(join(path, name)))));
}

async function list(directory: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(directory));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
