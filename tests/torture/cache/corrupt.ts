/** Caches are damaged at random: every damage is found, no wrong byte is read, every run ends right. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache, verifyBlobs } from "../../../pipeline/mod.ts";
import { counted, type CountedResult, runCounted } from "./counted.ts";
import { randomNumbers, type TorturePart } from "../part.ts";
import { damageTraining } from "./corrupt_training.ts";

/** The part. */
export const corrupt: TorturePart = {
  name: "corrupt",
  summary: "damages a cache 1,000 times: bits, lengths, entries, exchanged files, stale locks",
  async run({ short, seed, folder, say }) {
    const counts = await damageCounted(short ? 200 : 1000, seed, join(folder, "counted"));
    const named = Object.entries(counts).map(([kind, count]) => `${count} × ${kind}`);
    say(`found all, each run ended right: ${named.join(", ")}`);
    await damageTraining(short ? 2 : 20, seed, join(folder, "shapes"), say);
  },
};

/** What is done to a cache. */
export interface Damage {
  /** Files of `cas/` whose bytes are wrong now. */
  readonly blobs?: readonly string[];
  /** Files of `ac/` that are no entries of their keys now. */
  readonly entries?: readonly string[];
  /** A lock that nobody holds. */
  readonly lock?: string;
}

export type Random = () => number;

/** Ways to damage a cache. */
export const damages: Readonly<Record<string, (root: string, random: Random) => Promise<Damage>>> = {
  async "a flipped bit of a blob"(root, random) {
    const name = pick(names(root, "cas"), random);
    await change(join(root, "cas", name), (bytes) => flip(bytes, random));
    return { blobs: [name] };
  },
  async "a truncated blob"(root, random) {
    const name = pick(names(root, "cas"), random);
    await change(join(root, "cas", name), (bytes) => bytes.subarray(0, Math.floor(random() * bytes.length)));
    return { blobs: [name] };
  },
  async "a lost blob"(root, random) {
    const name = pick(names(root, "cas"), random);
    await Deno.remove(join(root, "cas", name));
    return { blobs: [name] };
  },
  async "two exchanged blobs"(root, random) {
    const [one, two] = await exchange(root, "cas", random);
    return { blobs: [one, two] };
  },
  async "a flipped bit of an entry"(root, random) {
    const name = pick(names(root, "ac"), random);
    await change(join(root, "ac", name), (bytes) => flip(bytes, random));
    return { entries: [name] };
  },
  async "an emptied entry"(root, random) {
    const name = pick(names(root, "ac"), random);
    await Deno.writeFile(join(root, "ac", name), new Uint8Array());
    return { entries: [name] };
  },
  async "two exchanged entries"(root, random) {
    const [one, two] = await exchange(root, "ac", random);
    return { entries: [one, two] };
  },
  async "a stale lock"(root, random) {
    const key = pick(names(root, "ac"), random);
    await Deno.remove(join(root, "ac", key));
    const texts = [
      JSON.stringify({ machine: "another one", pid: 1, token: crypto.randomUUID() }),
      "",
      "not a lock",
      "{}",
      "\0".repeat(100),
    ];
    await Deno.mkdir(join(root, "locks"), { recursive: true });
    await Deno.writeTextFile(join(root, "locks", key), pick(texts, random));
    return { entries: [key], lock: key };
  },
  async "a flipped bit of a note"(root, random) {
    const found = names(root, "notes");
    if (found.length > 0) {
      await change(join(root, "notes", pick(found, random)), (bytes) => flip(bytes, random));
    }
    return {};
  },
};

/** Damages the cache of the cheap experiment again and again. */
export async function damageCounted(
  times: number,
  seed: number,
  root: string,
): Promise<Record<string, number>> {
  const random = randomNumbers(seed);
  const first = await runCounted(root);
  const all = Object.entries(damages);
  const counts: Record<string, number> = {};
  for (let i = 0; i < times; i++) {
    const [kind, damage] = all[i % all.length]!;
    counts[kind] = (counts[kind] ?? 0) + 1;
    const done = await damage(root, random);
    // Half of them are met by a run, half by whoever reads the whole cache.
    const isRun = random() < 0.5;
    try {
      const met = isRun ? await meetByRun(root, done, first) : "";
      // What no run has to read is found by whoever reads all.
      const { damage: rest } = await verifyBlobs(new Cache(root));
      for (const name of [...done.blobs ?? [], ...done.entries ?? []]) {
        if (done.lock === name) continue; // Its entry is gone altogether.
        assert.ok([met, ...rest].join("\n").includes(name.slice(0, 12)), `${name} was not found`);
      }
      equal(await runCounted(root), first);
      assert.deepEqual((await verifyBlobs(new Cache(root))).damage, []);
      // The lock that collection shares with all runs stays.
      assert.deepEqual(names(root, "locks").filter((name) => name !== "collection"), []);
    } catch (error) {
      throw new Error(`Number ${i} of seed ${seed}, ${kind}, met by ${isRun ? "a run" : "reading"}`, {
        cause: error,
      });
    }
  }
  return counts;
}

/** Runs on a damaged cache: the result is right, and what the run had to read and found wrong is told. */
async function meetByRun(root: string, damage: Damage, first: CountedResult): Promise<string> {
  const result = await runCounted(root);
  equal(result, first);
  const told = result.events.filter(({ type }) => type === "damaged" || type === "miss")
    .map((event) => JSON.stringify(event)).join("\n");
  for (const name of damage.blobs ?? []) {
    if (result.returnedBlobs.has(name)) {
      assert.ok(told.includes(name.slice(0, 12)), `${name} was returned unread`);
    }
  }
  for (const key of damage.entries ?? []) assert.ok(told.includes(key), `entry ${key} was believed`);
  return told;
}

/** Two results that are the same, byte for byte. */
function equal(found: CountedResult, wanted: CountedResult): void {
  assert.deepEqual(found.digests, wanted.digests);
  assert.deepEqual(found.values, wanted.values);
  assert.deepEqual(found.values, counted.values);
}

/** Names in a folder of a cache, sorted. */
export function names(root: string, folder: string): string[] {
  try {
    return [...Deno.readDirSync(join(root, folder))].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

function pick<T>(items: readonly T[], random: Random): T {
  return items[Math.floor(random() * items.length)]!;
}

/** Writes a file anew, as a disk that fails would: blobs are read-only, and keep their times. */
async function change(path: string, make: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): Promise<void> {
  const { mtime } = await Deno.stat(path);
  await Deno.chmod(path, 0o644);
  await Deno.writeFile(path, make(await Deno.readFile(path)));
  await Deno.utime(path, mtime!, mtime!);
}

function flip(bytes: Uint8Array<ArrayBuffer>, random: Random): Uint8Array {
  bytes[Math.floor(random() * bytes.length)]! ^= 1 << Math.floor(random() * 8);
  return bytes;
}

async function exchange(root: string, folder: string, random: Random): Promise<[string, string]> {
  const found = names(root, folder);
  const one = pick(found, random);
  const two = pick(found.filter((name) => name !== one), random);
  const at = (name: string) => join(root, folder, name);
  await Deno.rename(at(one), at("aside"));
  await Deno.rename(at(two), at(one));
  await Deno.rename(at("aside"), at(two));
  return [one, two];
}
