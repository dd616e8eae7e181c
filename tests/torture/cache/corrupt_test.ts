/** The torture of caches in a short form. @module */
import assert from "node:assert/strict";
import { withDirectory } from "../../pipeline/support.ts";
import { damageCounted, damages } from "./corrupt.ts";

Deno.test("a cache that is damaged, in every way and at random places, is found out and mended", () =>
  withDirectory(async (root) => {
    const kinds = Object.keys(damages).length;
    const counts = await damageCounted(5 * kinds, 7, root);
    assert.deepEqual(Object.values(counts), Array.from({ length: kinds }, () => 5));
  }));
