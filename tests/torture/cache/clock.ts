/** Hosts whose clocks are wrong by days or years share a cache: none takes what another made or is making. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { z } from "zod";
import {
  Cache,
  defineStage,
  Events,
  FolderCheckpoints,
  jsonKind,
  pipeline,
  run,
  verifyBlobs,
} from "../../../pipeline/mod.ts";
import { withWrongClock } from "../../support/wrong_clock.ts";
import { randomNumbers, type TorturePart } from "../part.ts";

const number = jsonKind<number>("number", 1);
const square = defineStage({
  name: "square",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({ of: z.number() }),
  inputs: {},
  outputs: { number },
  run: ({ config }) => ({ number: config.of ** 2 }),
});

/** The part. */
export const clock: TorturePart = {
  name: "clock",
  summary:
    "shares a cache among hosts whose clocks are wrong by up to 20 years, each of which collects: 300 runs",
  async run({ short, seed, folder, say }) {
    const random = randomNumbers(seed);
    const root = join(folder, "cache"), timing = { beat: 50, stale: 400 };
    const working = new Cache(root, timing);
    const scratch = await working.scratch();
    await Deno.writeTextFile(join(scratch, "work"), "under way");
    const checkpoints = join(root, "checkpoints", "0".repeat(64));
    await new FolderCheckpoints(checkpoints).save(1, () => Promise.resolve([new Uint8Array(9)]), []);
    const made = new Map<number, string>();
    let again = 0;
    const times = short ? 40 : 300;
    for (let i = 0; i < times; i++) {
      const days = [0, 40, -40, 7300 * (2 * random() - 1)][i % 4]!;
      const of = Math.floor(random() * times);
      const events = new Events();
      events.on((event) => assert.notEqual(event.type, "notice", JSON.stringify(event)));
      await Deno.remove(join(root, "notes"), { recursive: true }).catch(() => {}); // So that each run collects.
      await withWrongClock(days, async () => {
        const graph = pipeline("squares", () => square({ of })).build();
        const { outputs, nodes: [node] } = await run(graph, { cache: new Cache(root, timing), events });
        assert.equal(await outputs.number.read(), of ** 2);
        assert.equal(
          node!.state,
          made.has(of) ? "hit" : "ran",
          `number ${i} of seed ${seed}, ${days} days ahead`,
        );
        if (made.has(of)) again++;
        made.set(of, node!.key);
      });
      const there = new Set((await working.keys()).map(({ key }) => key));
      assert.deepEqual(there, new Set(made.values()), `number ${i} of seed ${seed}, ${days} days ahead`);
      assert.equal(await Deno.readTextFile(join(scratch, "work")), "under way");
      assert.equal([...Deno.readDirSync(checkpoints)].length, 1);
    }
    assert.deepEqual((await verifyBlobs(working)).damage, []);
    await working.discard(scratch);
    say(
      `${times} runs with 3 clocks in 4 wrong: ${made.size} results, ${again} of them taken again, none lost`,
    );
  },
};
