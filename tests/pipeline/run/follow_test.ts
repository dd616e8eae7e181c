/** Runs that several processes share, as members of a team in one process. @module */
import assert from "node:assert/strict";
import { z } from "zod";
import {
  askTeam,
  Cache,
  defineStage,
  endTogether,
  follow,
  pipeline,
  run,
  type StageContext,
  StageError,
  type Team,
  TeamError,
} from "../../../pipeline/mod.ts";
import { number, start, withDirectory } from "../support.ts";
import { teamOf } from "./team.ts";

/** What the members of a stage have seen: rank, seed, value, and what they have heard of one another. */
const seen: { rank: number; seed: number; value: number; heard: number[] }[] = [];

const together = defineStage({
  name: "together",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({ fails: z.boolean().default(false).describe("whether all fail") }),
  inputs: { value: number },
  outputs: { sum: number },
  seeded: true,
  teamed: true,
  async run({ inputs: { value }, config: { fails }, context: { team, seed } }) {
    const heard = team === undefined ? [value] : await askTeam(team, value + team.rank);
    seen.push({ rank: team?.rank ?? 0, seed, value, heard });
    if (fails) {
      throw team?.rank === 1 ? new TeamError("as the other") : new StageError("together", "Cannot go on");
    }
    return { sum: heard.reduce((sum, one) => sum + one, 0) };
  },
});

/** Seen by the one that leads alone. */
const alone = defineStage({
  name: "alone",
  version: 1,
  module: import.meta.url,
  config: z.strictObject({}),
  inputs: { sum: number },
  outputs: { sum: number },
  run({ inputs: { sum }, context }: { inputs: { sum: number }; context: StageContext }) {
    assert.equal(context.team, undefined);
    return { sum };
  },
});

const shared = pipeline("shared", () => alone({ sum: together({ value: start() }) }));

/** Leads a run, as `runExperiment` does. */
async function lead(root: string, team: Team, set: readonly string[] = []) {
  let result: { sum: number } | undefined;
  try {
    const { outputs } = await run(shared.build(set), { cache: new Cache(root), seed: 5, team });
    return result = { sum: await outputs.sum.read() };
  } finally {
    await endTogether(team, result);
  }
}

const following = (root: string, team: Team, set: readonly string[] = []) =>
  follow(shared.build(set), { cache: new Cache(root), seed: 5, team });

Deno.test("all run what is shared on the same inputs, one runs the rest, and all hear what comes of it", () =>
  withDirectory(async (root) => {
    seen.length = 0;
    const [one, other] = teamOf(2) as [Team, Team];
    const [result, heard] = await Promise.all([
      lead(root, one, ["start.at=4"]),
      following(root, other, ["start.at=4"]),
    ]);
    assert.deepEqual([result, heard], [{ sum: 9 }, { sum: 9 }]);
    assert.deepEqual(seen.sort((a, b) => a.rank - b.rank), [
      { rank: 0, seed: 5, value: 4, heard: [4, 5] },
      { rank: 1, seed: 5, value: 4, heard: [4, 5] },
    ]);
    // In the cache: nobody is asked.
    seen.length = 0;
    const again = await Promise.all([
      lead(root, one, ["start.at=4"]),
      following(root, other, ["start.at=4"]),
    ]);
    assert.deepEqual([again, seen], [[{ sum: 9 }, { sum: 9 }], []]);
  }));

Deno.test("what all fail of is said by the one that leads; of a member that fails alone the error is its own", () =>
  withDirectory(async (root) => {
    const [one, other] = teamOf(2) as [Team, Team], set = ["together.fails=true"];
    const ends = await Promise.allSettled([lead(root, one, set), following(root, other, set)]);
    const reasons = ends.map((end) => end.status === "rejected" ? end.reason : undefined);
    assert.ok(reasons[0] instanceof StageError && /Cannot go on/.test(reasons[0].message), `${reasons[0]}`);
    assert.ok(reasons[1] instanceof TeamError, `${reasons[1]}`);
  }));

Deno.test("nothing is told any more by one that has left", async () => {
  const [one] = teamOf(2) as [Team, Team];
  one.leave();
  assert.equal(one.hasLeft, true);
  await endTogether(one, {}); // Else it would wait for the other.
});
