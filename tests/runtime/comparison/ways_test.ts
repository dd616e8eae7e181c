import assert from "node:assert/strict";
import { differences } from "../../../runtime/comparison/differences.ts";
import { notesOf } from "../../../runtime/comparison/notes.ts";
import { wayScores } from "../../../runtime/comparison/scores.ts";
import { waysOf } from "../../../runtime/comparison/ways.ts";
import { runOf } from "./runs.ts";

const named = (...args: Parameters<typeof waysOf>) =>
  waysOf(...args).map(({ name, runs }) => [name, runs.map(({ run: { seed } }) => seed)]);

Deno.test("runs that differ in their seeds alone are one way; others are named by what sets them apart", () => {
  const seeds = [2, 0, 1].map((seed) => runOf({ seed }));
  assert.deepEqual(named(seeds), [["shapes-12", [0, 1, 2]]]);
  assert.deepEqual(named([...seeds, runOf({ method: "cps", config: { weight: 1.5 } })]), [
    ["ccvc", [0, 1, 2]],
    ["cps, co-train.weight=1.5", [0]],
  ]);
  assert.deepEqual(
    named([4, 9, 4].map((epochs, seed) => runOf({ seed, config: { epochs, "method.threshold": 0.9 } }))),
    [["co-train.epochs=4", [0, 2]], ["co-train.epochs=9", [1]]],
  );
  assert.deepEqual(named([runOf({ name: "a" }), runOf({ name: "b" })]), [["a", [0]], ["b", [0]]]);
});

Deno.test("two runs of one seed are told apart by adapter, commit, and at last by their ids", () => {
  assert.deepEqual(
    named([0, 1].flatMap((seed) => ["H200", "llvmpipe"].map((adapter) => runOf({ seed, adapter })))),
    [
      ["H200", [0, 1]],
      ["llvmpipe", [0, 1]],
    ],
  );
  assert.deepEqual(named(["abc", "def"].map((commit) => runOf({ commit }))), [["abc", [0]], ["def", [0]]]);
  const [a, b] = [runOf(), runOf()];
  assert.deepEqual(named([a, b]), [a, b].map(({ run: { id } }) => [`shapes-12/${id}`, [0]]));
  assert.match(
    notesOf(waysOf([a, b])).join("\n"),
    new RegExp(`to the byte: ${a.run.id}, ${b.run.id}`),
  );
});

Deno.test("of many settings those make the name that were typed, and none where none were", () => {
  const config = (value: number) =>
    Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`leaf${i}`, value]));
  const runs = [1, 2].map((value) => runOf({ config: config(value) }));
  assert.deepEqual(named(runs).map(([name]) => name), runs.map(({ run: { id } }) => `shapes-12/${id}`));
  const typed = [["a.b=1", "co-train.preset=x"], ["a.b=1", `co-train.preset=${"y".repeat(200)}`]].map((
    set,
    i,
  ) => runOf({ config: config(i), record: { set } }));
  assert.deepEqual(named(typed).map(([name]) => name), [
    "co-train.preset=x",
    `co-train.preset=${"y".repeat(63)}…`,
  ]);
});

Deno.test("a run whose plan cannot be read is a way of its own", () => {
  const { plan: _, ...run } = runOf();
  assert.equal(waysOf([run, runOf({ seed: 1 })]).length, 2);
});

Deno.test("differences are those of settings, code and files; seeds and results are none", () => {
  const runs = [
    runOf({ seed: 1, config: { epochs: 4, crop: [1, 2] } }),
    runOf({ seed: 2, config: { epochs: 9, crop: [1, 2], more: null }, commit: "other", data: "other" }),
  ];
  const { settings, code, files } = differences(runs);
  assert.deepEqual(settings, [
    { name: "co-train.epochs", values: [4, 9] },
    { name: "co-train.more", values: [undefined, null] },
  ]);
  assert.deepEqual(code.map(({ name }) => name), [
    "load.code.bundle",
    "co-train.code.bundle",
    "evaluate.code.bundle",
  ]);
  assert.deepEqual(files.map(({ name }) => name), ["load.sources"]);
  assert.deepEqual(differences([runs[0]!, runs[0]!]), { settings: [], code: [], files: [] });
});

Deno.test("scores: mean and spread over seeds, differences seed by seed, what training took", () => {
  const ways = [
    { name: "supervised", runs: [40, 44].map((miou, seed) => runOf({ seed, miou, method: "supervised" })) },
    { name: "ccvc", runs: [50, 52, 60].map((miou, seed) => runOf({ seed, miou })) },
    { name: "none", runs: [runOf({ miou: null, method: "cps" })] },
  ];
  const [alone, ccvc, none] = wayScores(ways, 0);
  assert.deepEqual(alone!.spread, { mean: 42, standardDeviation: Math.sqrt(8) });
  assert.deepEqual([alone!.difference, none!.difference, none!.spread, none!.best], [
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
  assert.deepEqual(ccvc!.spread, { mean: 54, standardDeviation: Math.sqrt(28) });
  assert.deepEqual(ccvc!.difference, { mean: 9, standardDeviation: Math.SQRT2, seeds: 2 });
  assert.deepEqual([...ccvc!.seeds], [[0, 50], [1, 52], [2, 60]]);
  assert.equal(ccvc!.best!.mean, 55);
  assert.deepEqual(Object.keys(ccvc!.predictions), ["branch1", "branch2", "average"]);
  assert.deepEqual(ccvc!.classes.get("ring"), ccvc!.spread);
  assert.deepEqual(ccvc!.cost, { images: 4800, stepSeconds: 0.25, peakBytes: 41_000_000 });
});

Deno.test("scores of other images or another protocol are not subtracted, and the page says so", () => {
  for (
    const [parts, note] of [[{ data: "other" }, /scored on different images/], [
      { protocol: "whole" },
      /different protocols.*original: .*; whole: /,
    ]] as const
  ) {
    const ways = [{ name: "a", runs: [runOf()] }, { name: "b", runs: [runOf(parts)] }];
    assert.equal(wayScores(ways, 0)[1]!.difference, undefined);
    assert.match(notesOf(ways).join("\n"), note);
  }
  const { plan: _, ...unknown } = runOf();
  const ways = [{ name: "a", runs: [runOf()] }, { name: "b", runs: [unknown] }];
  assert.equal(wayScores(ways, 0)[1]!.difference, undefined);
  assert.match(notesOf(ways).join("\n"), /It is not known on which images these were scored.*: 2026/);
});

Deno.test("notes tell of data, adapters, states and seeds, and of equal runs nothing", () => {
  assert.deepEqual(notesOf([{ name: "a", runs: [0, 1].map((seed) => runOf({ seed })) }]), []);
  const failed = runOf({ seed: 1, miou: null, record: { state: "failed", error: "the loss is NaN" } });
  const running = runOf({ seed: 2, miou: null, record: { state: "running" } });
  const [stopped, also] = [3, 4].map((seed) => runOf({ seed, miou: null, record: { state: "stopped" } }));
  const notes = notesOf([
    { name: "a", runs: [runOf({ data: "other" }), failed, running, stopped!, also!] },
    { name: "b", runs: [runOf({ adapter: "H200" })] },
  ]).join("\n");
  assert.match(notes, /learned from different data/);
  assert.match(notes, new RegExp(`${failed.run.id}: failed \\(the loss is NaN\\); in no mean\\.`));
  assert.match(
    notes,
    new RegExp(`${running.run.id}: running; what is here is how far it came; in no mean\\.`),
  );
  assert.match(notes, new RegExp(`${stopped!.run.id}, ${also!.run.id}: stopped without a word; `));
  assert.match(notes, /different seeds \(0, 1, 2, 3, 4; 0\)/);
});
