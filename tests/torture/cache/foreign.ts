/** Folders of somebody's own given as caches, and their files put into caches: none is ever changed. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache, CacheError, cacheStats, collectGarbage, pin, verifyBlobs } from "../../../pipeline/mod.ts";
import { runCounted } from "./counted.ts";
import { randomNumbers, type TorturePart } from "../part.ts";

/** The part. */
export const foreign: TorturePart = {
  name: "foreign",
  summary: "gives folders of other people's files as caches, and puts such files into caches, 300 times",
  async run({ short, seed, folder, say }) {
    const random = randomNumbers(seed);
    let refused = 0, files = 0;
    const times = short ? 40 : 300;
    for (let i = 0; i < times; i++) {
      const root = join(folder, String(i));
      const isCache = random() < 0.5;
      if (isCache) await runCounted(root);
      const paths = await scatter(root, random);
      files += paths.length;
      const before = isCache ? undefined : content(root);
      for (const [what, attempt] of Object.entries(attempts)) {
        try {
          await attempt(root);
          assert.ok(isCache, `number ${i} of seed ${seed}: ${what} took "${paths.join('", "')}" for a cache`);
        } catch (error) {
          if (!(error instanceof CacheError) || isCache) throw error;
          assert.match(error.message, /it holds ".+ Nothing was changed/);
          refused++;
        }
      }
      const after = content(root);
      if (before !== undefined) assert.deepEqual(after, before, `number ${i} of seed ${seed}`);
      for (const path of paths) {
        assert.equal(after[path], path, `number ${i} of seed ${seed}: "${path}" is not as it was`);
      }
      await Deno.remove(root, { recursive: true });
    }
    say(
      `${files} files in ${times} folders are as they were; ${refused} uses of folders that are no cache were refused`,
    );
  },
};

/** All that writes to a cache or removes from it. */
const attempts: Readonly<Record<string, (root: string) => Promise<unknown>>> = {
  run: (root) => runCounted(root),
  "a collection of all": (root) =>
    collectGarbage(new Cache(root, { beat: 10, stale: 60 }), {
      maxBytes: 0,
      maxAgeDays: 0,
      mayTakeAll: true,
    }),
  stats: (root) => cacheStats(new Cache(root)),
  verify: (root) => verifyBlobs(new Cache(root)),
  pin: (root) => pin(new Cache(root), ["0".repeat(64)], "torture"),
};

const key = "0123456789abcdef".repeat(4), uuid = "01234567-89ab-cdef-0123-456789abcdef";
/** Names that are nearly a cache's, and some of people. */
const names: readonly string[] = [
  "thesis.tex",
  "notes.txt",
  "draft.tmp",
  "door.taken",
  `${key}.bak`,
  `${key}.tmp`,
  key.slice(1),
  key.toUpperCase(),
  `${key}/inner.txt`,
  `${uuid.slice(1)}/inner.txt`,
  `${uuid}.old`,
  "part-1",
  "state-1-at-1",
  "a b\u00e4.png",
  ".hidden",
];
const places = [
  "",
  "ac/",
  "cas/",
  "scratch/",
  "checkpoints/",
  "locks/",
  "notes/",
  "pins/",
  "tuning/",
  "data/",
];

/** Puts files at random places, some of them years old; gives their paths. */
async function scatter(root: string, random: () => number): Promise<string[]> {
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)]!;
  const paths = new Set<string>();
  const count = 1 + Math.floor(random() * 6);
  while (paths.size < count) {
    const place = pick(places), name = pick(names);
    // What a cache keeps in its folders of folders is a key's.
    if (place === "checkpoints/" && name.startsWith(`${key}/`)) continue;
    paths.add(place + name);
  }
  for (const path of paths) {
    const at = join(root, path), days = Math.floor(random() * 1000);
    await Deno.mkdir(join(at, ".."), { recursive: true });
    await Deno.writeTextFile(at, path);
    const then = new Date(Date.now() - days * 86_400_000);
    for (const old of [at, join(at, "..")]) await Deno.utime(old, then, then);
  }
  return [...paths];
}

/** Path → text of all files of a folder. */
function content(root: string, inner = ""): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, isDirectory } of Deno.readDirSync(join(root, inner))) {
    const path = join(inner, name);
    if (isDirectory) Object.assign(found, content(root, path));
    else found[path] = Deno.readTextFileSync(join(root, path));
  }
  return found;
}
