import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { disagreement, holdContest, standings, timesAsFast } from "./contest.ts";
import { contestTables } from "./contest_tables.ts";
import type { Entry } from "./rival.ts";

const fixture = fileURLToPath(new URL("fixtures/contestant.ts", import.meta.url));

function entry(name: string, milliseconds: number, behavior = ""): Entry {
  return {
    name,
    program: Deno.execPath(),
    args: ["run", "--no-prompt", fixture, name, String(milliseconds), behavior],
    remedy: `get ${name}`,
  };
}

const work = (entries: readonly Entry[]) => ({
  name: "sleep",
  title: "a sleep",
  spec: { seconds: 3 },
  gigaflop: 1,
  counted: "all",
  entries: entries.map(({ name }) => name),
});

Deno.test("contestants take samples by turns, and who fails is named with the way to get it", async () => {
  const all = [
    entry("Crossview", 150),
    entry("slow", 600),
    entry("absent", 1, "crash"),
    entry("unlucky", 1, "fail"),
    { ...entry("missing", 1), program: "/nowhere/python3" },
  ];
  const said: string[] = [];
  const { works, absences } = await holdContest(all, [work(all)], 3, (line) => said.push(line));
  const [{ samples }] = works as [typeof works[number]];
  assert.deepEqual(samples.map(({ name }) => name), ["Crossview 1.0", "slow 1.0"]);
  assert.deepEqual(samples.map(({ milliseconds }) => milliseconds.length), [3, 3]);
  assert.ok(samples[0]!.milliseconds.every((time) => time >= 149), String(samples[0]!.milliseconds));
  assert.deepEqual(samples.map(({ check }) => check), [[3, 150], [3, 600]]);
  const ratio = timesAsFast(samples[0]!.milliseconds, samples[1]!.milliseconds);
  assert.ok(ratio > 1.5 && ratio < 6, String(ratio));
  assert.deepEqual(absences.map(({ name, work, remedy }) => [name, work, remedy]), [
    ["absent", undefined, "get absent"],
    ["missing", undefined, "get missing"],
    ["unlucky", "a sleep", "get unlucky"],
  ]);
  assert.match(absences[0]!.reason, /there is no such device/);
  assert.match(absences[1]!.reason, /nowhere/);
  assert.match(absences[2]!.reason, /the device was lost/);
  assert.ok(said.includes("a sleep: round 3 of 3"));
});

Deno.test("a contestant that does not answer is ended", async () => {
  const all = [entry("Crossview", 10), entry("silent", 1, "mute")];
  const { works, absences } = await holdContest(all, [work(all)], 1, () => {}, 3000);
  assert.equal(works[0]!.samples.length, 1);
  assert.deepEqual(absences.map(({ name, reason }) => [name, reason]), [["silent", "no answer within 3 s"]]);
});

Deno.test("a ratio is the median of the rounds' ratios", () => {
  // Every round's machine was another: the medians of times alone would say 3.
  assert.equal(timesAsFast([1, 10, 2], [4, 30, 8]), 4);
  assert.equal(timesAsFast([2, 2, 2], [1, 1, 9]), 0.5);
});

Deno.test("what contestants computed is compared in parts of its size", () => {
  assert.equal(disagreement([2, -4], [2, -4]), 0);
  assert.equal(disagreement([2, -4], [2, -5]), 0.25);
  assert.equal(disagreement([], []), 0);
});

Deno.test("standings compare with Crossview, or with nobody where it is absent", () => {
  const samples = [
    { name: "Crossview", adapter: "a", milliseconds: [40, 50, 60], check: [] },
    { name: "other 1", adapter: "b", milliseconds: [400, 500, 900], check: [] },
  ];
  const work = { work: "w", title: "a work", gigaflop: 2, counted: "all of it", samples };
  assert.deepEqual(standings(work), [
    { name: "Crossview", adapter: "a", median: 50, least: 40, most: 60, gigaflops: 40 },
    { name: "other 1", adapter: "b", median: 500, least: 400, most: 900, gigaflops: 4, crossviewSpeed: 10 },
  ]);
  assert.equal(standings({ ...work, samples: samples.slice(1) })[0]!.crossviewSpeed, undefined);
});

Deno.test("tables give times, rates, ratios and absences", () => {
  const text = contestTables({
    works: [{
      work: "w",
      title: "a work",
      gigaflop: 2,
      counted: "all of it",
      samples: [
        { name: "Crossview", adapter: "a", milliseconds: [40, 50, 60], check: [1] },
        { name: "other 1", adapter: "b", milliseconds: [400, 500, 900], check: [1.001] },
      ],
    }],
    absences: [{ name: "third", reason: "not there", remedy: "get third" }],
  }, 3);
  assert.match(text, /### a work: 2\.00 GFLOP, all of it/);
  assert.match(text, /\| Crossview +\| a +\| +50\.0 \| 40\.0 to 60\.0 +\| +40\.0 \| – +\| – +\|/);
  assert.match(text, /\| other 1 +\| b +\| +500 \| 400 to 900 +\| +4\.00 \| 10\.0× +\| 1e-3 +\|/);
  assert.match(text, /- third: not there\. To have it: get third/);
});
