/** What dead processes left in a cache: scratch, checkpoints, leases, half-written files. What lives is never taken. @module */
import { join } from "node:path";
import type { Cache } from "./cache.ts";
import { fileFolders, isAside, isOwnFile, isOwnFolder } from "./cache_folder.ts";
import { removeCheckpoints } from "../checkpoints/checkpoint_folders.ts";
import { explainRead, stampOf } from "../files/files.ts";
import { inLanes } from "../run/lanes.ts";
import { acquireLease, type Lease } from "../locks/leases.ts";

/** Bounds of what is kept. */
export interface LeftoverLimits {
  /** The file system's time now. */
  readonly now: number;
  /** Bytes of checkpoints. */
  readonly maxBytes: number;
  /** Milliseconds since the last change of a checkpoint. */
  readonly maxAge: number;
}

/** What was done. */
export interface Swept {
  /** Bytes freed. */
  readonly freed: number;
  /** Names of what would have gone, had its lease not been held or its heart not beaten. */
  readonly spared: readonly string[];
}

const day = 86_400_000;
/** What was not touched for a day is taken over after so long a silence, on whichever machine it was made. */
const silenceMilliseconds = 3000;
/** Leases asked for at a time. */
const together = 16;

/**
 * Removes scratch and leases that nobody has touched for a day; the checkpoints of results that are there (their process was
 * killed after it had stored one), those that have not changed for too long, and of the others the oldest until the rest fits.
 * All that belongs to a lease is removed with the lease in hand: it is not taken from a holder whose heart beats, however old
 * its files look.
 */
export async function sweepLeftovers(cache: Cache, limits: LeftoverLimits): Promise<Swept> {
  const { now } = limits;
  const scratch = new Map<string, string>(), checkpoints = await staleCheckpoints(cache, limits);
  for (
    const entry of (await listFolder(join(cache.root, "scratch"))).filter((e) => isOwnFolder("scratch", e))
  ) {
    const path = join(cache.root, "scratch", entry.name);
    if (now - await newest(path) > day) scratch.set(entry.name, path);
  }
  const names = new Set([...scratch.keys(), ...checkpoints.keys(), ...await oldLeases(cache, now)]);
  let freed = 0;
  const spared = await inLanes(together, [...names].sort(), async (name) => {
    using lease = await leaseNow(cache, name);
    if (lease === undefined) return name;
    const folder = scratch.get(name), stale = checkpoints.get(name);
    if (folder !== undefined) await Deno.remove(folder, { recursive: true }).catch(() => {});
    if (stale === undefined) return undefined;
    await removeCheckpoints(stale.path);
    freed += stale.size - await sizeOf(stale.path);
    return undefined;
  });
  for (const folder of fileFolders) {
    const entries = await listFolder(join(cache.root, folder));
    for (const { name } of entries.filter((entry) => isAside(folder, entry))) {
      const path = join(cache.root, folder, name);
      if (now - await newest(path) > day) await Deno.remove(path).catch(() => {});
    }
  }
  return { freed, spared: spared.filter((name) => name !== undefined) };
}

/** Names of leases that there are, held or left. */
export async function leaseNames(cache: Cache): Promise<Set<string>> {
  const entries = await listFolder(join(cache.root, "locks"));
  const names = entries.filter((entry) => isOwnFile("locks", entry)).map(({ name }) => name);
  return new Set(names.filter((name) => name !== "collection" && !name.includes("@")));
}

/** A lease, unless somebody has it who lives. */
async function leaseNow(cache: Cache, name: string): Promise<Lease | undefined> {
  const stale = Math.min(cache.leases?.stale ?? Infinity, silenceMilliseconds);
  const timing = { ...cache.leases, stale };
  // Time for a silence and a half: what is not had by then was seen to live.
  const timeout = AbortSignal.timeout(1.5 * stale + 1000);
  try {
    return await acquireLease(join(cache.root, "locks"), name, { signal: timeout, timing });
  } catch (error) {
    if (timeout.aborted) return undefined;
    throw error;
  }
}

async function oldLeases(cache: Cache, now: number): Promise<string[]> {
  return [...await leaseNames(cache)].filter((name) => {
    const stamp = stampOf(join(cache.root, "locks", name));
    return stamp !== undefined && now - stamp.modified > day;
  });
}

/** Key → checkpoints to be removed. What changed within a day is spared: a stage under way writes at every checkpoint. */
async function staleCheckpoints(
  cache: Cache,
  { now, maxBytes, maxAge }: LeftoverLimits,
): Promise<Map<string, { path: string; size: number }>> {
  const found = [];
  const folders = await listFolder(join(cache.root, "checkpoints"));
  for (const { name: key } of folders.filter((entry) => isOwnFolder("checkpoints", entry))) {
    const path = join(cache.root, "checkpoints", key);
    found.push({ path, key, modified: await newest(path), size: await sizeOf(path) });
  }
  const stale = new Map<string, { path: string; size: number }>();
  let kept = 0;
  for (const { path, key, modified, size } of found.sort((a, b) => b.modified - a.modified)) {
    kept += size;
    const isDone = stampOf(cache.entryPath(key)) !== undefined;
    const isStale = now - modified > maxAge || (kept > maxBytes && now - modified > day);
    if (!isDone && !isStale) continue;
    stale.set(key, { path, size });
    kept -= size;
  }
  return stale;
}

/** The last change of a file, or of anything in a folder. */
async function newest(path: string): Promise<number> {
  const info = await Deno.lstat(path).catch(() => undefined);
  if (info === undefined) return Infinity;
  const inner = info.isDirectory ? (await listFolder(path)).map(({ name }) => newest(join(path, name))) : [];
  return Math.max(info.mtime?.getTime() ?? 0, ...await Promise.all(inner));
}

/** Bytes of a file, or of all in a folder; 0 if there is none. */
export async function sizeOf(path: string): Promise<number> {
  const info = await Deno.lstat(path).catch(() => undefined);
  if (info?.isDirectory !== true) return info?.size ?? 0;
  const sizes = await Promise.all((await listFolder(path)).map(({ name }) => sizeOf(join(path, name))));
  return sizes.reduce((total, size) => total + size, 0);
}

/** What a folder holds; nothing if it is not there. */
export async function listFolder(directory: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(directory));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw explainRead(error, directory);
  }
}
