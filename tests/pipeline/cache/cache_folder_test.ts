/** Folders that are no cache of ours: refused before anything is written, and nothing of theirs is ever removed. */
import assert from "node:assert/strict";
import { join } from "node:path";
import {
  Cache,
  CacheError,
  cacheStats,
  collectGarbage,
  FolderCheckpoints,
  pin,
  pipeline,
  plan,
  verifyBlobs,
} from "../../../pipeline/mod.ts";
import { removeCheckpoints } from "../../../pipeline/checkpoints/checkpoint_folders.ts";
import { record, start, withDirectory } from "../support.ts";

const graph = pipeline("p", () => start({ at: 8 })).build();
const marks = ["CACHEDIR.TAG", "crossview-cache.json"];
const longAgo = new Date(Date.now() - 400 * 86_400_000);

/** Puts files that nobody has touched for a year. */
function put(root: string, ...paths: string[]): void {
  for (const path of paths) {
    Deno.mkdirSync(root, { recursive: true });
    const folders = path.split("/").slice(0, -1).map((_, i, all) => join(root, ...all.slice(0, i + 1)));
    for (const folder of folders) Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(join(root, path), path);
    for (const old of [join(root, path), ...folders]) Deno.utimeSync(old, longAgo, longAgo);
  }
}

/** All files of a folder with their content. */
function content(root: string, inner = ""): Record<string, string> {
  return Object.assign(
    {},
    ...[...Deno.readDirSync(join(root, inner))].filter(({ isSymlink }) => !isSymlink).map(
      ({ name, isDirectory }) => {
        const path = join(inner, name);
        return isDirectory ? content(root, path) : { [path]: Deno.readTextFileSync(join(root, path)) };
      },
    ),
  );
}

const names = (root: string) => [...Deno.readDirSync(root)].map(({ name }) => name).sort();

Deno.test("a folder that holds other things is refused by all that reads or writes, and stays as it is", () =>
  withDirectory(async (directory) => {
    const key = "0".repeat(64);
    const foreign: Record<string, string[]> = {
      "names as a cache has them": ["scratch/thesis.tex", "checkpoints/mine.pth", "cas/notes.txt"],
      "one file": ["thesis.tex"],
      "a folder": ["data/a.png"],
      "asides of somebody else": ["ac/draft.tmp", "locks/door.taken"],
      "a file for a folder": ["cas"],
      "another program's cache": ["CACHEDIR.TAG", "debug/x"],
      "a key's name in the wrong folder": [`scratch/${key}`],
    };
    for (const [what, paths] of Object.entries(foreign)) {
      const root = join(directory, what.replaceAll(" ", "-"));
      put(root, ...paths);
      const before = content(root);
      const attempts: (() => Promise<unknown>)[] = [
        () => plan(graph, { cache: new Cache(root) }),
        () => record(graph, root),
        () => collectGarbage(new Cache(root), { maxBytes: 0, maxAgeDays: 0 }),
        () => cacheStats(new Cache(root)),
        () => verifyBlobs(new Cache(root)),
        () => pin(new Cache(root), [key], "x"),
        () => new Cache(root).scratch(),
        () => new Cache(root).lock(key),
        () => new Cache(root).storeText("x"),
        () => new Cache(root).remove(key),
      ];
      for (const [i, attempt] of attempts.entries()) {
        await assert.rejects(attempt, (error) => {
          assert.ok(error instanceof CacheError, `${what}, ${i}: ${error}`);
          assert.match(
            error.message,
            /^Cannot use ".+" as a cache: it holds ".+ Name an empty or a new folder/,
          );
          return true;
        });
      }
      await new Cache(root).notes.write("a", 1);
      assert.deepEqual(content(root), before, what);
    }
    assert.throws(() => new Cache(""), CacheError);
    put(directory, "file");
    await assert.rejects(record(graph, join(directory, "file")), /it is a file\. Name a folder/);
  }));

Deno.test("a new folder, an empty one and a cache of before are made caches with a mark", () =>
  withDirectory(async (directory) => {
    const root = join(directory, "new");
    await plan(graph, { cache: new Cache(root) });
    assert.deepEqual(names(root).filter((name) => marks.includes(name)), marks);
    assert.match(
      Deno.readTextFileSync(join(root, "CACHEDIR.TAG")),
      /^Signature: 8a477f597d28d172789f06886806bc55\n/,
    );
    const empty = join(directory, "empty");
    put(empty, "lost+found/x", ".DS_Store");
    await record(graph, empty);
    // As versions before the mark left it, with all that may lie in one.
    const key = "1".repeat(64), uuid = crypto.randomUUID();
    for (const name of marks) Deno.removeSync(join(empty, name));
    put(
      empty,
      `scratch/${uuid}/work/any name`,
      `checkpoints/${key}/state-00000001-at-1-${key}`,
      `ac/${key}.${uuid}.tmp`,
      `locks/${key}`,
      `locks/${key}@${"2".repeat(16)}`,
      `locks/${key}.${"2".repeat(16)}.taken`,
      "locks/collection",
      `pins/${key}`,
      `tuning/${"2".repeat(16)}.json`,
      "test-server/usr/sbin/nginx", // The project's own cache had it.
    );
    assert.deepEqual((await record(graph, empty)).ran, [], "what it holds is still used");
    await new Cache(empty).claim();
    assert.deepEqual(names(empty).filter((name) => marks.includes(name)), marks);
    // A mark that a power cut emptied is written anew.
    Deno.truncateSync(join(empty, marks[1]!));
    assert.deepEqual((await record(graph, empty)).ran, []);
    await new Cache(empty).claim();
    assert.deepEqual(JSON.parse(Deno.readTextFileSync(join(empty, marks[1]!))), {
      cache: "crossview",
      version: 1,
    });
    Deno.writeTextFileSync(join(empty, marks[1]!), '{"cache":"crossview","version":2}');
    await assert.rejects(record(graph, empty), /it is one of version 2, and version 1 is known here/);
  }));

Deno.test("in a cache, too, nothing goes but what has the cache's names", () =>
  withDirectory(async (root) => {
    await record(graph, root);
    const key = "1".repeat(64), uuid = crypto.randomUUID();
    const foreign = [
      "thesis.tex",
      "ac/notes.txt",
      "ac/draft.tmp",
      "cas/notes.txt",
      `cas/${key}.bak`,
      "cas/inner/a",
      "scratch/thesis.tex",
      "scratch/mine/a",
      "checkpoints/mine.pth",
      "checkpoints/mine/a",
      `checkpoints/${key}/mine.pth`,
      "locks/door.taken",
      "notes/a.tmp",
      "pins/mine",
      "tuning/a.tmp",
      "data/a",
    ];
    const own = [
      `ac/${key}.${uuid}.tmp`,
      `cas/${key}`,
      `cas/${key}.${uuid}.tmp`,
      `scratch/${uuid}/work/any name`,
      `checkpoints/${key}/state-00000001-at-1-${key}`,
      `checkpoints/${key}/${uuid}/part-${key}`,
      `locks/${key}.${"2".repeat(16)}.taken`,
      `notes/${key}.${uuid}.tmp`,
      `pins/${key}.${uuid}.tmp`,
      `tuning/${"2".repeat(16)}.json.${uuid}.tmp`,
    ];
    put(root, ...foreign, ...own);
    const link = join(root, "scratch", crypto.randomUUID());
    Deno.symlinkSync(join(root, "data"), link);
    await collectGarbage(new Cache(root), { maxBytes: 0, maxAgeDays: 0 });
    const left = content(root);
    for (const path of foreign) assert.equal(left[path], path, `${path} is gone`);
    for (const path of own) assert.equal(left[path], undefined, `${path} stayed`);
    assert.ok(Deno.lstatSync(link).isSymlink);
  }));

Deno.test("checkpoints are removed by their names; what else lies there stays, with its folder", () =>
  withDirectory(async (root) => {
    const checkpoints = new FolderCheckpoints(join(root, crypto.randomUUID()));
    await checkpoints.save(1, () => Promise.resolve([new Uint8Array(3)]), []);
    put(root, "thesis.tmp", "sub/a");
    put(checkpoints.root, "mine.tmp");
    await checkpoints.load({ about: 3, most: 100 }, () => 0);
    await removeCheckpoints(root);
    assert.deepEqual(Object.values(content(root)).sort(), ["mine.tmp", "sub/a", "thesis.tmp"]);
  }));
