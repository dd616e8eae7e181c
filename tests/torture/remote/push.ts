/** `cache push` is killed at any request: the store never shows an entry without its blobs, and the next push completes it. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { permissionsOf } from "../../../cli/process/permissions.ts";
import { Remote } from "../../../pipeline/mod.ts";
import { RawServer } from "../../support/servers/raw_server.ts";
import { names } from "../cache/corrupt.ts";
import { runCounted } from "../cache/counted.ts";
import { randomNumbers, type TorturePart } from "../part.ts";
import { assertWhole, filesOf } from "./store.ts";

/** The part. */
export const push: TorturePart = {
  name: "push",
  summary: "kills `cache push` 100 times, in a request or between two: no entry is there without its blobs",
  async run({ short, seed, folder, say }) {
    const { kills, completed, halves } = await killPushes(short ? 6 : 100, seed, folder);
    say(
      `${kills} kills, ${halves} of them with half a file kept by the server; the push that followed completed the store ${completed} times`,
    );
  },
};

/** What was seen. */
export interface PushCounts {
  readonly kills: number;
  /** Pushes that came to their end, and left a store that serves all. */
  readonly completed: number;
  /** Kills after which the server had kept half of a file. */
  readonly halves: number;
}

/** Kills pushes into one store until one completes it, then into an empty one again. */
export async function killPushes(kills: number, seed: number, folder: string): Promise<PushCounts> {
  const random = randomNumbers(seed);
  const cache = join(folder, "cache");
  await runCounted(cache);
  const keys = names(cache, "ac"), files = (await filesOf(cache)).size;
  const store = new Map<string, Uint8Array>();
  let child: Deno.ChildProcess | undefined, left = Infinity, halves = 0;
  await using server = new RawServer(async ({ method, path, body }, { reply }) => {
    const isLast = --left === 0;
    if (method === "PUT") {
      const bytes = await body();
      if (!isLast) {
        store.set(path, bytes);
        return await reply(201);
      }
      // Some servers write in place, and keep what had come when the line went dead.
      if (random() < 0.5) {
        store.set(path, bytes.slice(0, Math.floor(random() * bytes.length)));
        halves++;
      }
    }
    if (isLast) child!.kill("SIGKILL");
    const found = store.get(path);
    return !isLast && await reply(found === undefined ? 404 : 200, found);
  });
  let done = 0, completed = 0;
  while (done < kills || completed === 0) {
    // Once all kills are done, the last push is left alone. Each file takes up to three requests.
    left = done < kills ? 1 + Math.floor(random() * 3 * files) : Infinity;
    child = start(cache, server.url);
    const { code, signal } = await child.status;
    const whole = keys.filter((key) => store.has(`ac/${key}`) && assertWhole(store, key)).length;
    if (signal === "SIGKILL") {
      done++;
      continue;
    }
    assert.equal(code, 0);
    assert.equal(whole, keys.length, "a push that ended well left an entry out");
    left = Infinity;
    await assertServes(server.url, join(folder, "other"));
    store.clear();
    completed++;
  }
  return { kills: done, completed, halves };
}

/** The command in one process, so that killing it ends all of it. */
function start(cache: string, url: string): Deno.ChildProcess {
  const program = fileURLToPath(new URL("../../../cli/program.ts", import.meta.url));
  const network = `--allow-net=${new URL(url).host}`;
  return new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissionsOf(), network, program, "cache", "push", "--cache", cache],
    env: { NO_COLOR: "1", CROSSVIEW_REMOTE_CACHE: url, CROSSVIEW_REMOTE_CACHE_MODE: "read-write" },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** All is taken from the store by an empty cache. */
async function assertServes(url: string, root: string): Promise<void> {
  const notes: string[] = [];
  const { ran } = await runCounted(root, new Remote({ url, notice: (text) => void notes.push(text) }));
  assert.deepEqual([ran, notes], [[], []]);
  await Deno.remove(root, { recursive: true });
}
