/** Pins: keys that no collection takes away, a file for each, so that processes need not agree on a list. @module */
import { join } from "node:path";
import type { Cache } from "./cache.ts";
import { CacheError } from "../errors.ts";
import { explainWrite, writeAtomically } from "../files/files.ts";
import { digest } from "../files/untrusted.ts";

const folder = (cache: Cache) => join(cache.root, "pins");

/** Keys may come from a run's file, which anyone may have written. */
function pathOf(cache: Cache, key: string): string {
  if (digest(key) === undefined) return join(folder(cache), key);
  throw new CacheError(`Cannot pin "${key}": a key is 64 lower-case hex digits`);
}

/**
 * Pins keys.
 *
 * @param keys Keys, whether there are entries of them or not.
 * @param reason For people, e.g. the name of a run.
 * @throws {CacheError} If the cache cannot be written, or a key is none.
 */
export async function pin(cache: Cache, keys: readonly string[], reason: string): Promise<void> {
  await cache.claim();
  for (const key of keys) {
    await writeAtomically(pathOf(cache, key), new TextEncoder().encode(`${reason}\n`));
  }
}

/**
 * Takes pins off.
 *
 * @returns How many of the keys were pinned.
 * @throws {CacheError} If the cache cannot be written, or a key is none.
 */
export async function unpin(cache: Cache, keys: readonly string[]): Promise<number> {
  cache.check();
  let taken = 0;
  for (const key of keys) {
    const path = pathOf(cache, key);
    try {
      await Deno.remove(path);
      taken++;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw explainWrite(error, path);
    }
  }
  return taken;
}

/** All pinned keys. */
export function pinnedKeys(cache: Cache): Set<string> {
  try {
    const names = [...Deno.readDirSync(folder(cache))].map(({ name }) => name);
    return new Set(names.filter((name) => digest(name) === undefined).sort());
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return new Set();
    throw error;
  }
}
