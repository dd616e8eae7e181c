/** A `cache push` that is killed at random moments: the store never has half of a result, and the next push ends the work. @module */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { permissionsOf } from "../../cli/permissions.ts";
import { remoteVariables } from "../../cli/remote.ts";
import { sha256 } from "../../pipeline/canonical_json.ts";
import { blobsOf, decodeEntry } from "../../pipeline/entry.ts";
import { runCounted } from "./counted.ts";
import { randomNumbers, type TortureOptions, type TorturePart } from "./part.ts";
import { resultsOf, sleep } from "./training.ts";

/** The part. */
export const push: TorturePart = {
  name: "push",
  summary: "kills cache push at random moments: the store has whole results or none, and a new push goes on",
  run: torture,
};

async function torture({ short, seed, folder, say }: TortureOptions): Promise<void> {
  const random = randomNumbers(seed);
  const cache = join(folder, "cache"), store = join(folder, "store");
  await runCounted(cache);
  const wanted = await resultsOf(cache);
  const [server, url] = await serve(store);
  try {
    const started = performance.now();
    assert.equal((await pushing(url, cache).output()).code, 0);
    const whole = performance.now() - started;
    await assertWhole(store, Object.keys(wanted).length);
    let kills = 0, between = 0;
    for (let round = 0; round < (short ? 6 : 30); round++) {
      await Deno.remove(store, { recursive: true }).catch(() => {});
      // Killed until one push comes through.
      for (let least = 0.3;; least += 0.1) {
        const child = pushing(url, cache).spawn();
        const ended = child.status;
        await Promise.race([ended, sleep(whole * (least + 0.6 * random()))]);
        try {
          child.kill("SIGKILL");
        } catch { /* it had ended */ }
        const { code, signal } = await ended;
        await child.stdout.cancel();
        await child.stderr.cancel();
        const there = await assertWhole(store);
        if (signal === "SIGKILL") {
          kills++;
          between += Number(there > 0 && there < Object.keys(wanted).length);
          continue;
        }
        assert.equal(code, 0);
        break;
      }
      await assertWhole(store, Object.keys(wanted).length);
    }
    assert.ok(
      kills > 0 && between > 0,
      `${kills} kills, ${between} of them between the first result and the last`,
    );
    say(
      `${kills} kills, ${between} between the first result and the last: the store had whole results each time`,
    );
  } finally {
    server.kill();
    await server.status;
  }
}

/** Starts a store; gives its process and address. */
async function serve(folder: string): Promise<[Deno.ChildProcess, string]> {
  const server = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--no-prompt",
      "--allow-net=127.0.0.1",
      `--allow-read=${folder}`,
      `--allow-write=${folder}`,
      fileURLToPath(new URL("./file_server.ts", import.meta.url)),
      folder,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  await reader.cancel();
  return [server, `http://127.0.0.1:${value.trim()}`];
}

/** `cache push` of all that a cache has. */
function pushing(url: string, cache: string): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...permissionsOf("cache"),
      "--allow-net=127.0.0.1",
      fileURLToPath(new URL("../../cli/main.ts", import.meta.url)),
      "cache",
      "push",
      "--cache",
      cache,
    ],
    env: { [remoteVariables.url]: url, [remoteVariables.mode]: "read-write" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

/** Every entry of a store is whole, and so is every blob that it names; gives how many entries there are. */
async function assertWhole(store: string, count?: number): Promise<number> {
  let found = 0;
  for (const key of list(join(store, "ac"))) {
    if (!/^[0-9a-f]{64}$/.test(key)) continue; // What the server has aside.
    found++;
    const entry = decodeEntry(await Deno.readTextFile(join(store, "ac", key)), key);
    assert.ok(typeof entry !== "string", `entry ${key}: ${entry}`);
    for (const { digest, size } of blobsOf(entry)) {
      const bytes = await Deno.readFile(join(store, "cas", digest));
      assert.deepEqual([bytes.length, sha256(bytes)], [size, digest]);
    }
  }
  if (count !== undefined) assert.equal(found, count);
  return found;
}

function list(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
