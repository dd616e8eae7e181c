/** What a remote cache holds, as files by their paths. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { blobsOf, decodeEntry, sha256 } from "../../../pipeline/mod.ts";
import { names } from "../cache/corrupt.ts";

/** All files of a cache that a server may have, by path. */
export async function filesOf(root: string): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const folder of ["ac", "cas"]) {
    for (const name of names(root, folder)) {
      files.set(`${folder}/${name}`, await Deno.readFile(join(root, folder, name)));
    }
  }
  return files;
}

/**
 * Looks that a store which shows an entry has every blob that it names.
 *
 * @returns Whether it shows one: what is damaged shows nothing.
 */
export function assertWhole(store: ReadonlyMap<string, Uint8Array>, key: string): boolean {
  const entry = decodeEntry(new TextDecoder().decode(store.get(`ac/${key}`)), key);
  if (typeof entry === "string") return false;
  for (const { digest } of blobsOf(entry)) {
    const blob = store.get(`cas/${digest}`);
    assert.ok(blob !== undefined, `entry ${key} is there, and its blob ${digest} is not`);
    assert.equal(sha256(blob), digest, `entry ${key} is there, and its blob ${digest} holds other bytes`);
  }
  return true;
}
