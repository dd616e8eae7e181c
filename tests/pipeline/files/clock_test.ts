/** Hosts and disks whose clocks are wrong: what others made and are making stays. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache, collectGarbage, FolderCheckpoints, pipeline } from "../../../pipeline/mod.ts";
import { acquireLease } from "../../../pipeline/locks/leases.ts";
import { withWrongClock } from "../../support/disks/wrong_clock.ts";
import { add, record, start, withDirectory } from "../support.ts";

const day = 86_400_000;
const build = (by: number) => pipeline("p", () => add({ value: start({ at: by }) })).build([`add.by=${by}`]);
const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();

/** Sets all times below a path back. */
function age(path: string, days: number): void {
  const then = new Date(Date.now() - days * day);
  if (Deno.lstatSync(path).isDirectory) { for (const name of names(path)) age(join(path, name), days); }
  Deno.utimeSync(path, then, then);
}

for (const days of [40, -40, 4000]) {
  Deno.test(`a host whose clock is ${days} days ahead takes nothing of the others'`, () =>
    withDirectory(async (root) => {
      const keys: string[] = [];
      for (const by of [1, 2]) {
        keys.push(...(await record(build(by), root)).result.nodes.map(({ key }) => key));
      }
      const cache = new Cache(root);
      const scratch = await cache.scratch();
      await Deno.writeTextFile(join(scratch, "work"), "x");
      const checkpoints = join(root, "checkpoints", "1".repeat(64));
      await new FolderCheckpoints(checkpoints).save(1, () => Promise.resolve([new Uint8Array(9)]), []);
      for (const name of names(join(root, "cas"))) age(join(root, "cas", name), 1);
      await withWrongClock(days, async () => {
        assert.deepEqual((await record(build(3), root)).ran, ["start", "add"]);
        assert.deepEqual((await record(build(1), root)).ran, [], "and takes what is there");
        const { entries, refused } = await collectGarbage(new Cache(root));
        assert.deepEqual([entries, refused], [0, []]);
      });
      for (const key of keys) {
        const { entry } = await cache.find(key);
        assert.ok(entry, "an entry is gone");
        const used = Deno.statSync(cache.entryPath(key)).mtime!.getTime();
        assert.ok(Math.abs(used - Date.now()) < day, "times are the disk's, not the host's");
      }
      assert.deepEqual(names(scratch), ["work"]);
      assert.equal(names(checkpoints).length, 1);
      await cache.discard(scratch);
      assert.deepEqual((await record(build(2), root)).ran, []);
    }));
}

Deno.test("where the disk's own clock makes every result too old, none goes for its age, said", () =>
  withDirectory(async (root) => {
    const old = (await record(build(1), root)).result.nodes.map(({ key }) => key);
    age(join(root, "ac"), 40);
    age(join(root, "cas"), 40);
    await Deno.remove(join(root, "notes"), { recursive: true }); // An hour later.
    const { events, result } = await record(build(2), root);
    const told = events.flatMap((event) => event.type === "notice" ? [event.message] : []);
    assert.equal(told.length, 1);
    assert.match(
      told[0]!,
      /^Collection: all 2 results .* over 30 days ago, as the disk's clock has it: it may be wrong/,
    );
    const cache = new Cache(root);
    for (const key of old) assert.ok((await cache.find(key)).entry, "the blobs stay, too");
    // Bytes bound all the same, and whoever says so takes all.
    const keep = new Set(result.nodes.map(({ key }) => key));
    assert.equal((await collectGarbage(cache, { keep })).entries, 0);
    const done = await collectGarbage(cache, { keep, mayTakeAll: true });
    assert.deepEqual([done.entries, done.refused], [2, []]);
    assert.equal((await collectGarbage(cache, { maxBytes: 0 })).entries, 2);
  }));

Deno.test("what belongs to a lease goes with the lease in hand: never while its heart beats", () =>
  withDirectory(async (root) => {
    const timing = { beat: 20, stale: 200 };
    const cache = new Cache(root, timing);
    await record(build(1), root);
    const living = "1".repeat(64), dead = "2".repeat(64), nobodys = "3".repeat(64);
    for (const key of [living, dead, nobodys]) {
      const folder = join(root, "checkpoints", key, crypto.randomUUID());
      await new FolderCheckpoints(folder).save(1, () => Promise.resolve([new Uint8Array(9)]), []);
    }
    const scratch = await cache.scratch(), left = join(root, "scratch", crypto.randomUUID());
    await Deno.mkdir(join(left, "work"), { recursive: true });
    const lease = await acquireLease(join(root, "locks"), living, { timing });
    await Deno.writeTextFile(
      join(root, "locks", dead),
      JSON.stringify({ machine: "gone", pid: 1, token: "dead" }),
    );
    // The clock jumps ahead: to whoever looks now, all of this is 40 days old.
    for (const path of [join(root, "checkpoints"), join(root, "scratch"), join(root, "locks", dead)]) {
      age(path, 40);
    }
    const { refused } = await collectGarbage(cache);
    assert.deepEqual(names(join(root, "checkpoints")), [living]);
    assert.deepEqual(names(join(root, "scratch")).map((name) => join(root, "scratch", name)), [scratch]);
    assert.deepEqual(refused, ["what 2 processes are at work on stays"]);
    lease.check();
    lease[Symbol.dispose]();
    await cache.discard(scratch);
    assert.deepEqual(names(join(root, "locks")), []);
    await collectGarbage(cache);
    assert.deepEqual(names(join(root, "checkpoints")), []);
  }));

Deno.test("an entry that cannot be read just now is not taken for damaged, and fails no run that ended well", () =>
  withDirectory(async (root) => {
    const { result } = await record(build(1), root);
    await Deno.remove(join(root, "notes"), { recursive: true }); // An hour later.
    const { readTextFile } = Deno;
    Deno.readTextFile = (path, options) =>
      result.nodes.some(({ key }) => String(path).endsWith(key))
        ? Promise.reject(new Error("Input/output error (os error 5)"))
        : readTextFile(path, options);
    try {
      await assert.rejects(collectGarbage(new Cache(root)), /Cannot read the cache .*Input\/output error/);
      const { ran, events } = await record(build(2), root);
      assert.deepEqual(ran, ["start", "add"]);
      const told = events.flatMap((event) => event.type === "notice" ? [event.message] : []);
      assert.match(told.join(), /^Collection: Cannot read the cache .*Input\/output error/);
    } finally {
      Deno.readTextFile = readTextFile;
    }
    for (const { key } of result.nodes) assert.ok((await new Cache(root).find(key)).entry);
  }));
