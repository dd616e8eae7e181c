/** A remote cache that answers now and then as it should, and else in any wrong way: every run ends right, and soon. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { Cache, Remote, verifyBlobs } from "../../../pipeline/mod.ts";
import { hostileAnswers, hostileReceptions } from "../../support/servers/hostile_answers.ts";
import { type RawHandler, RawServer } from "../../support/servers/raw_server.ts";
import { names } from "../cache/corrupt.ts";
import { counted, runCounted } from "../cache/counted.ts";
import { assertWhole, filesOf } from "./store.ts";
import { forgeries } from "./forgeries.ts";
import { randomNumbers, type TorturePart } from "../part.ts";

/** The part. */
export const remote: TorturePart = {
  name: "remote",
  summary: "runs 300 times with a remote cache that lies, drips, stalls, redirects and promises too much",
  async run({ short, seed, folder, say }) {
    const { runs, answers, taken, slowest } = await withHostileRemote(short ? 25 : 300, seed, folder);
    const kinds = Object.entries(answers).map(([kind, count]) => `${count} × ${kind}`);
    say(`${runs} runs, all right, the longest in ${slowest.toFixed(1)} s; ${taken} results were taken`);
    say(`answers: ${kinds.join(", ")}`);
  },
};

/** What was seen. */
export interface HostileCounts {
  readonly runs: number;
  /** Answers by kind. */
  readonly answers: Readonly<Record<string, number>>;
  /** Results that came from the server and were right. */
  readonly taken: number;
  /** Seconds of the longest run. */
  readonly slowest: number;
}

/** Milliseconds; a run waits twice as long in vain, and for what is under way then. */
const patience = 200;
/** All else is this machine's own time, which may have 64 MB of an entry without end to take in; the server holds on for 120 s. */
const mostSeconds = 60;

/** Runs again and again, on an empty cache each time. */
export async function withHostileRemote(times: number, seed: number, folder: string): Promise<HostileCounts> {
  const random = randomNumbers(seed);
  const wanted = await runCounted(join(folder, "honest"));
  const honest = await filesOf(join(folder, "honest"));
  const answers: Record<string, number> = {};
  let taken = 0, slowest = 0, strayed = 0;
  await using elsewhere = new RawServer(async (_, { reply }) => {
    strayed++;
    return await reply(200, "{}");
  });
  for (let i = 0; i < times; i++) {
    const store = new Map(honest), root = join(folder, "own"), notes: string[] = [];
    const share = random();
    await using server = new RawServer(hostile(store, share, random, elsewhere.url, answers));
    const remote = new Remote({
      url: server.url,
      write: random() < 0.5,
      token: "a-secret",
      patience,
      notice: (text) => void notes.push(text),
    });
    try {
      const started = performance.now();
      const result = await runCounted(root, remote);
      slowest = Math.max(slowest, (performance.now() - started) / 1000);
      assert.ok(slowest < mostSeconds, `${slowest} s`);
      assert.deepEqual([result.digests, result.values], [wanted.digests, counted.values]);
      taken += result.events.filter((event) => event.type === "hit" && event.from === "remote").length;
      assert.deepEqual((await verifyBlobs(new Cache(root))).damage, []);
      assert.deepEqual(names(root, "scratch"), [], "a download that failed stays");
      assert.ok(notes.every((note) => !note.includes("secret")), notes.join("\n"));
      assert.equal(strayed, 0, "a redirect was followed");
      for (const path of store.keys()) if (path.startsWith("ac/")) assertWhole(store, path.slice(3));
      // No server is needed any more.
      assert.deepEqual((await runCounted(root)).ran, []);
    } catch (error) {
      const what = `Run ${i} of seed ${seed}, ${Math.round(100 * share)} % hostile`;
      throw new Error(`${what}: ${notes.join("\n")}`, { cause: error });
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  }
  return { runs: times, answers, taken, slowest };
}

/** Answers a share of all requests in a way that is picked at random, the others as it should. */
function hostile(
  store: Map<string, Uint8Array>,
  share: number,
  random: () => number,
  elsewhere: string,
  counts: Record<string, number>,
): RawHandler {
  const pick = (ways: readonly string[]) => {
    const kind = ways[Math.floor(random() * ways.length)]!;
    counts[kind] = (counts[kind] ?? 0) + 1;
    return kind;
  };
  const receptions = Object.keys(hostileReceptions);
  const ways = [...Object.keys(hostileAnswers), ...Object.keys(forgeries), "a redirect"];
  return async (request, answer) => {
    const { method, path } = request;
    const given = store.get(path);
    if (random() >= share) {
      pick(["as it should"]);
      if (method !== "PUT") return await answer.reply(given === undefined ? 404 : 200, given);
      store.set(path, await request.body());
      return await answer.reply(201);
    }
    if (method === "PUT") {
      await hostileReceptions[pick(receptions)]!(request, answer, undefined);
      return false;
    }
    const kind = pick(ways);
    if (kind === "a redirect") return await answer.reply(307, "", [`location: ${elsewhere}/${path}`]);
    if (kind in hostileAnswers) await hostileAnswers[kind]!(request, answer, given);
    else await answer.reply(200, path.startsWith("ac/") ? forgeries[kind]!(path.slice(3), given) : "");
    return false;
  };
}
