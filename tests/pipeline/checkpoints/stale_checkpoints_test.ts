import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache } from "../../../pipeline/cache/cache.ts";
import { collectGarbage } from "../../../pipeline/cache/gc.ts";
import { keyOf, type KeyParts } from "../../../pipeline/plan/fingerprint.ts";
import { FolderCheckpoints } from "../../../pipeline/checkpoints/folder_checkpoints.ts";
import { withFolder } from "../../support/stage_run.ts";

const day = 86_400_000;

/** A checkpoint of a thousand bytes under a key, last written so many days ago. */
async function checkpoint(cache: Cache, key: string, days: number): Promise<void> {
  const root = join(cache.root, "checkpoints", key);
  await new FolderCheckpoints(root).save(1, () => Promise.resolve([new Uint8Array(1000 - 13)]), []);
  const time = new Date(Date.now() - days * day);
  for (const { name } of Deno.readDirSync(root)) Deno.utimeSync(join(root, name), time, time);
  Deno.utimeSync(root, time, time);
}

Deno.test("collection keeps checkpoints in bounds: results that are there, age, then bytes; never a day's", () =>
  withFolder(async (folder) => {
    const cache = new Cache(folder);
    const key = (letter: string) => letter.repeat(64);
    for (const [letter, days] of [["a", 0], ["b", 0.5], ["c", 2], ["d", 3], ["e", 40]] as const) {
      await checkpoint(cache, key(letter), days);
    }
    const left = () => [...Deno.readDirSync(join(folder, "checkpoints"))].map(({ name }) => name[0]).sort();
    const { freed } = await collectGarbage(cache, { maxBytes: 50_000 });
    assert.deepEqual(left(), ["a", "b", "c", "d"], "40 days are too old");
    assert.equal(freed, 1000);
    await collectGarbage(cache, { maxBytes: 6_000 });
    assert.deepEqual(left(), ["a", "b", "c"], "the oldest is the fourth kilobyte of three");
    await collectGarbage(cache, { maxBytes: 1_000 });
    assert.deepEqual(left(), ["a", "b"], "what may be under way is spared");
    const parts: KeyParts = { stage: "long", version: 1 };
    const done = keyOf(parts);
    await cache.store(
      {
        key: done,
        stage: "long",
        parts,
        outputs: {},
        recorded: {
          started: "2026-01-01T00:00:00.000Z",
          finished: "2026-01-01T00:00:00.000Z",
          seconds: 0,
          facts: {},
          modules: {},
        },
      },
      [],
    );
    await checkpoint(cache, done, 0);
    await collectGarbage(cache, { maxBytes: 50_000 });
    assert.ok((await cache.find(done)).entry, "the result stays");
    assert.deepEqual(left(), ["a", "b"], "a result that is there needs no checkpoint");
  })());
