import assert from "node:assert/strict";
import { join } from "node:path";
import { measuredText } from "../../cli/commands/tune.ts";
import { fixture, placeTest } from "./support.ts";

placeTest("tune says what it cannot tune", async (place) => {
  const refused = async (status: number, message: RegExp, ...args: string[]) => {
    const outcome = await place.command("tune", ...args, "--cache", join(place.folder, "cache"));
    assert.equal(outcome.status, status, outcome.notes);
    assert.match(outcome.notes, message);
    assert.doesNotMatch(outcome.notes, /\n\s+at /);
    assert.deepEqual(place.files(place.folder), []);
  };
  await refused(2, /Cannot time 0 rounds: --rounds takes 1 to 1000/, "--rounds", "0");
  await refused(2, /Cannot read "--rounds many"/, "--rounds", "many");
  await refused(1, /Cannot tune for "needs-gpu": it trains nothing/, fixture("needs_gpu"));
  await refused(1, /Cannot tune "co-train": .*--memory/, "--set", "co-train.batch=1");
});

Deno.test("what was measured is shown where another way is faster, and summed up", () => {
  const time = (name: string, median: number) => ({ name, median, least: median });
  const text = measuredText([
    { bucket: "forward 1x1", launches: 3, times: [time("a", 2), time("b", 1)], chosen: "b" },
    { bucket: "forward 3x3", launches: 1, times: [time("a", 4), time("b", 5)], chosen: "a" },
  ]);
  assert.match(text, /^forward 1x1 +3 +a +2\.00 +b +1\.00$/m);
  assert.doesNotMatch(text, /forward 3x3/);
  assert.match(text, /2 shapes measured, 1 of them faster .* 10\.0 ms as ever, 7\.00 ms now$/);
  assert.equal(
    measuredText([]),
    "0 shapes measured, 0 of them faster in another way; all launches together some 0.00 ms as ever, 0.00 ms now",
  );
});
