import assert from "node:assert/strict";
import { Cache, type Graph, pipeline, plan } from "../../../pipeline/mod.ts";
import { experimentJob, type ExportedRun, stageJobs } from "../../../runtime/snakemake/jobs.ts";
import { add, halve, record, start, withDirectory } from "../../pipeline/support.ts";

const declared = pipeline("line", () => {
  const first = start();
  const a = add({ value: first }, {}, { as: "a" });
  const again = add({ value: first }, {}, { as: "again" });
  return { end: add({ value: halve({ value: a }) }, { by: 2 }), again };
});

async function planned(graph: Graph, root: string, command = "line"): Promise<ExportedRun> {
  const found = await plan(graph, { cache: new Cache(root) });
  return { plan: found, command: [command], deviceBytes: new Map([["a", 5e6]]) };
}

const stagesOf = (names: readonly string[]) => names.map((name) => name.replace(/-[0-9a-f]{12}$/, ""));

Deno.test("a job for each result that is missing, after those that it reads", () =>
  withDirectory(async (root) => {
    const run = await planned(declared.build(), root);
    const jobs = stageJobs([run]);
    assert.deepEqual(jobs.map(({ command }) => command.join(" ")), [
      "line --until start",
      "line --until a",
      "line --until halve",
      "line --until add",
    ], "`again` is `a`");
    assert.deepEqual(stagesOf(jobs.map(({ name }) => name)), ["start", "add", "halve", "add"]);
    const [first, a, half, end] = jobs.map(({ name }) => name);
    assert.deepEqual(jobs.map(({ after }) => after), [[], [first], [a], [half]]);
    assert.deepEqual(jobs.map(({ deviceBytes }) => deviceBytes), [undefined, 5e6, undefined, undefined]);
    assert.deepEqual(jobs.map(({ key }) => key), [run.plan.nodes[0]!.key, undefined, undefined, undefined]);
    assert.match(jobs[0]!.key!, /^[0-9a-f]{64}$/);
    const whole = experimentJob("line", ["line"], [run]);
    assert.match(whole.name, /^line-[0-9a-f]{12}$/);
    assert.deepEqual(whole.after, [first, a, half, end]);
  }));

Deno.test("runs share jobs; what is in the cache is none, and is not waited for", () =>
  withDirectory(async (root) => {
    await record(pipeline("first", () => add({ value: start() }, {}, { as: "a" })).build(), root);
    const runs = [
      await planned(declared.build(), root),
      await planned(declared.build(["add.by=3"]), root, "other"),
      await planned(declared.build(["a.by=4"]), root, "third"),
    ];
    const jobs = stageJobs(runs);
    assert.deepEqual(jobs.map(({ command }) => command.join(" ")), [
      "line --until halve",
      "line --until add",
      "other --until add",
      "third --until a",
      "third --until halve",
      "third --until add",
    ]);
    assert.deepEqual(jobs[0]!.after, []);
    assert.deepEqual(jobs[2]!.after, [jobs[0]!.name]);
    assert.equal(new Set(jobs.map(({ name }) => name)).size, jobs.length);
  }));

Deno.test("an experiment's job is another one when its runs or its command are, and not when the cache is", () =>
  withDirectory(async (root) => {
    const job = async (command: string, ...set: string[]) =>
      experimentJob("line", [command], [await planned(declared.build(set), root)]);
    const before = await job("line");
    await record(declared.build(), root);
    const after = await job("line");
    assert.equal(after.name, before.name);
    assert.deepEqual(after.after, []);
    assert.notEqual((await job("line", "a.by=9")).name, before.name);
    assert.notEqual((await job("line --seeds 1")).name, before.name);
  }));
