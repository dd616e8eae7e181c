import assert from "node:assert/strict";
import { join } from "node:path";
import { measuredText } from "../../cli/commands/tune.ts";
import { TuningFile } from "../../runtime/gpu/tuning_file.ts";
import { fixture, placeTest } from "./support.ts";

placeTest("tune measures an experiment's shapes, remembers them, and writes nothing else", async (place) => {
  const small = ["--set", "augment.crop=32", "--set", "co-train.batch=2", "--rounds", "1"];
  const { status, out, notes } = await place.command("tune", "--json", ...small, "--cache", place.cache);
  assert.equal(status, 0, notes);
  const { pipeline, gpu, file, measured } = JSON.parse(out.join("\n"));
  assert.equal(pipeline, "shapes-12");
  assert.ok(gpu.adapter.length > 0);
  for (const op of ["forward", "input gradient", "weight gradient"]) {
    assert.ok(measured.some(({ bucket }: { bucket: string }) => bucket.startsWith(op)), op);
  }
  const { choices } = JSON.parse(Deno.readTextFileSync(file));
  assert.deepEqual(
    choices,
    Object.fromEntries(measured.map((one: { bucket: string; chosen: string }) => [one.bucket, one.chosen])),
  );
  const marks = ["cache/CACHEDIR.TAG", "cache/crossview-cache.json"];
  assert.deepEqual(place.files(place.folder), [...marks, file.slice(place.folder.length + 1)]);
  assert.match(notes, /adapter: /);
  // What is remembered stays as it is, and is not measured again.
  const text = Deno.readTextFileSync(file);
  const again = await place.command("tune", ...small, "--cache", place.cache);
  assert.match(again.out[0]!, /tuned for \d+ shapes/);
  assert.ok(
    again.out.includes("all shapes are remembered (--again measures them again)"),
    again.out.join("\n"),
  );
  assert.equal(Deno.readTextFileSync(file), text);
  // A tuning that was stopped goes on with what is missing; a name that means nothing here is measured anew.
  const [first, second, ...others] = Object.entries<string>(choices);
  const kept = new TuningFile(place.cache, gpu);
  await kept.write(new Map([[first![0], "no tile of ours"], ...others]));
  const rest = await place.command("tune", "--json", ...small, "--cache", place.cache);
  const measuredNow = JSON.parse(rest.out.join("\n")).measured;
  assert.deepEqual(measuredNow.map(({ bucket }: { bucket: string }) => bucket), [first![0], second![0]]);
  assert.deepEqual([...kept.read().tuning!.keys()].sort(), Object.keys(choices).sort());
});

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
