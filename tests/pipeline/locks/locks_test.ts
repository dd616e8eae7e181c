import assert from "node:assert/strict";
import { join } from "node:path";
import { acquireLockIfAny } from "../../../pipeline/locks/locks.ts";

/** Runs `body` while no file has an inode, as on Windows. */
async function withoutInodes(body: () => Promise<void>): Promise<void> {
  const file = Deno.FsFile.prototype, { statSync } = Deno, { statSync: ofFile } = file;
  Deno.statSync = (path) => ({ ...statSync(path), ino: null });
  file.statSync = function () {
    return { ...ofFile.call(this), ino: null };
  };
  try {
    await body();
  } finally {
    Deno.statSync = statSync;
    file.statSync = ofFile;
  }
}

/** Takes a lock twice; the second one waits for the first. */
async function takeTurns(folder: string): Promise<void> {
  const first = (await acquireLockIfAny(folder, "one"))!;
  let waits = 0, held = false;
  const second = acquireLockIfAny(folder, "one", { waiting: () => waits++ }).then((lock) => {
    held = true;
    return lock!;
  });
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual([waits, held], [1, false]);
  first[Symbol.dispose]();
  (await second)[Symbol.dispose]();
}

Deno.test("a lock has one holder, and its file goes with the last one", async () => {
  const folder = await Deno.makeTempDir();
  await takeTurns(folder);
  assert.deepEqual([...Deno.readDirSync(folder)], []);
  await Deno.remove(folder);
});

Deno.test("where files cannot be told apart, a lock's file stays: on a removed one two could hold it", async () => {
  const folder = await Deno.makeTempDir();
  await withoutInodes(async () => {
    await takeTurns(folder);
    await takeTurns(folder);
    const lock = (await acquireLockIfAny(folder, "one"))!;
    assert.equal(lock.file, join(folder, "one"));
    lock[Symbol.dispose]();
  });
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["one"]);
  await Deno.remove(folder, { recursive: true });
});
