/** External files: when a stamp stands for a file's content, and that what a stage reads is what its key was made of. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  Cache,
  Events,
  pipeline,
  type PipelineEvent,
  run,
  SourceError,
  type StageContext,
  StageError,
} from "../../../pipeline/mod.ts";
import { type FileSystems, systemFileSystems } from "../../../pipeline/files/file_systems.ts";
import { type FileStamp, isOlder, sameStamp, stampOf } from "../../../pipeline/files/files.ts";
import { digestSources } from "../../../pipeline/plan/sources.ts";
import { giving, withDirectory } from "../support.ts";
import { lacksSystem, testUnless } from "../../support/skip.ts";

const keeps: FileSystems = () => ({ keepsChanges: true, ownClock: true });
const image: FileSystems = () => ({ keepsChanges: false, ownClock: true });

/** Until the time of a file's last change, in whole seconds, cannot be that of a change to come. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 1100));

Deno.test("an unchanged file is not read again where changes are kept, and always read where they are not", () =>
  withDirectory(async (folder) => {
    const names = ["a", "b"];
    for (const name of names) await Deno.writeTextFile(join(folder, name), name);
    await settled();
    const files = names.map((name) => ({ name, path: join(folder, name) }));
    const { notes } = new Cache(join(folder, "cache"));
    const read = async (systems: FileSystems) => (await digestSources("s", files, notes, systems)).read;
    assert.deepEqual([await read(image), await read(image)], [2, 2], "nothing is believed of an image");
    assert.deepEqual([await read(keeps), await read(keeps)], [2, 0]);
    assert.equal(await read(image), 2, "what was noted before is not believed either");
  }));

Deno.test("two images mounted in turn at one path: equal stamps, and the content tells them apart", () =>
  withDirectory(async (folder) => {
    const path = join(folder, "a");
    const files = [{ name: "a", path }];
    await Deno.writeTextFile(path, "first");
    await settled();
    const { notes } = new Cache(join(folder, "cache"));
    const before = stampOf(path)!;
    const first = await digestSources("s", files, notes, image);
    // The second image's file has the first one's times, size and inode. Here the time of change cannot be equal: it is noted.
    await Deno.writeTextFile(path, "other");
    await Deno.utime(path, before.modified / 1000, before.modified / 1000);
    assert.equal(stampOf(path)!.inode, before.inode);
    const second = await digestSources("s", files, notes, image);
    assert.notEqual(second.digest, first.digest);
  }));

Deno.test("a stamp is of one device, inode, size, time of writing and time of change", () => {
  const stamp: FileStamp = { size: 1, modified: 2, changed: 3, inode: 4, device: 5 };
  assert.ok(sameStamp(stamp, { ...stamp }));
  for (const name of Object.keys(stamp)) assert.ok(!sameStamp(stamp, { ...stamp, [name]: 9 }), name);
  assert.ok(!sameStamp(undefined, undefined));
});

Deno.test("isOlder() tells a file that was left alone since a moment from one that may not have been", () => {
  const at = (modified: number, changed: number): FileStamp => ({
    size: 1,
    modified,
    changed,
    inode: 1,
    device: 1,
  });
  const since = 100_500;
  const own = (modified: number, changed: number) => isOlder(at(modified, changed), since, true);
  assert.ok(own(50_000, 50_000));
  assert.ok(own(999_000, 50_000), "a time of writing in the future is what a program set");
  assert.ok(own(100_300, 100_000), "written in the same second, before the moment");
  assert.ok(!own(100_495, 100_000), "within a tick");
  assert.ok(!own(100_700, 100_000), "written in the same second, after it");
  assert.ok(!own(50_000, 100_000), "changed in the same second, with an old time of writing set");
  assert.ok(!own(50_000, 200_000));
  assert.ok(own(50_000, 0) && !own(100_600, 0), "a system without times of change");
  const server = (modified: number, changed: number) => isOlder(at(modified, changed), since, false);
  assert.ok(server(50_000, 50_000) && !server(99_000, 99_000), "a server's clock may be off by two seconds");
});

testUnless(
  lacksSystem("linux"),
  "the file system of this machine's temporary folder is known",
  () =>
    withDirectory((folder) => {
      const { dev } = Deno.statSync(folder);
      assert.equal(systemFileSystems(folder, dev).ownClock, true);
      assert.equal(systemFileSystems(folder, 0x700).keepsChanges, false, "an image on a loop device");
      assert.deepEqual(systemFileSystems("/proc", 0), { keepsChanges: false, ownClock: false });
      return Promise.resolve();
    }),
);

/** Runs a stage that reads the file `a` of a folder, which has two, as `read` does it; `swap` happens as it starts. */
async function reads(
  folder: string,
  read: (path: string, context: StageContext) => Promise<Uint8Array>,
  swap: () => void,
): Promise<{ value: number; events: PipelineEvent[]; stored: number }> {
  for (const name of ["a", "b"]) await Deno.writeTextFile(join(folder, name), name);
  const events = new Events();
  const seen: PipelineEvent[] = [];
  events.on((event) => seen.push(event));
  events.on((event) => event.type === "started" && swap());
  const path = join(folder, "a");
  const stage = giving("reads", async (context) => (await read(path, context)).length, [{
    name: "the a",
    path,
  }]);
  const cache = join(folder, "cache");
  try {
    const { outputs } = await run(pipeline("p", () => stage()).build(), { cache: new Cache(cache), events });
    return { value: await outputs.value.read(), events: seen, stored: entries(cache) };
  } finally {
    if (seen.every(({ type }) => type !== "done")) assert.equal(entries(cache), 0);
  }
}

function entries(cache: string): number {
  try {
    return [...Deno.readDirSync(join(cache, "ac"))].length;
  } catch {
    return 0;
  }
}

Deno.test("context.read() refuses other bytes than the key names, with the file, and nothing is stored", () =>
  withDirectory(async (folder) => {
    const swap = () => Deno.writeTextFileSync(join(folder, "a"), "other");
    await assert.rejects(
      reads(folder, (path, context) => context.read(path), swap),
      (error) =>
        error instanceof SourceError &&
        error.message.startsWith(
          `Cannot use "${join(folder, "a")}" ("the a", a source of stage "reads"): it has changed`,
        ),
    );
  }));

Deno.test("context.read() refuses a file that is no source, and one that is gone", () =>
  withDirectory(async (folder) => {
    await assert.rejects(
      reads(folder, (_, context) => context.read(join(folder, "b")), () => {}),
      (error) => error instanceof StageError && /does not name it in its `sources`/.test(error.message),
    );
    await assert.rejects(
      reads(folder, (path, context) => context.read(path), () => Deno.removeSync(join(folder, "a"))),
      (error) => error instanceof SourceError && /which was there as the run began: /.test(error.message),
    );
  }));

Deno.test("a source that changes after its bytes were held against the key is of no account", () =>
  withDirectory(async (folder) => {
    const path = join(folder, "a");
    const readThenChanged = async (path: string, context: StageContext) => {
      const bytes = await context.read(path);
      await Deno.writeTextFile(path, "other");
      return bytes;
    };
    const { value, events, stored } = await reads(folder, readThenChanged, () => {});
    assert.deepEqual([value, stored, events.some(({ type }) => type === "changed")], [1, 1, false]);
    assert.equal(await Deno.readTextFile(path), "other");
  }));

Deno.test("a source that is gone at the end costs the entry, not the result", () =>
  withDirectory(async (folder) => {
    const readThenGone = async (path: string) => {
      const bytes = await Deno.readFile(path);
      await Deno.remove(path);
      return bytes;
    };
    const { value, events, stored } = await reads(folder, readThenGone, () => {});
    assert.deepEqual([value, stored, events.some(({ type }) => type === "changed")], [1, 0, true]);
  }));
