import assert from "node:assert/strict";
import { join } from "node:path";
import { type RunScores } from "../../runtime/runs/scores.ts";
import { methodResults, methodsText } from "../../cli/runs/methods_table.ts";
import { fixture, placeTest } from "./support.ts";

const tiny = fixture("tiny");

placeTest("plan, why and dag tell and write no run", async (place) => {
  const before = await place.command("plan", tiny);
  assert.ok(before.out.some((line) => /^load +load +runs +[0-9a-f]{12}$/.test(line)), before.out.join("\n"));
  assert.ok(before.out.some((line) => /^co-train +co-train +waits$/.test(line)));
  assert.equal(place.has(place.runs), false);
  await place.command("train", tiny);
  const why = await place.command("why", tiny, "--set", "co-train.method.threshold=0.5");
  const at = why.out.indexOf("co-train: runs");
  assert.equal(why.out[at + 1], "  config.method.threshold: 0.9 → 0.5");
  assert.equal(why.out[0], "load: in the cache");
  const facts = JSON.parse((await place.command("why", tiny, "--seed", "7", "--json")).out[0]!);
  assert.deepEqual(facts[1].why, ["seed: 0 → 7"]);
  const dag = await place.command("dag", tiny);
  assert.equal(dag.out[0], "graph TD");
  assert.ok(dag.out.some((line) => line.includes('["co-train"]:::hit')));
});

placeTest("dag writes an SVG file", async (place) => {
  const path = join(place.folder, "tiny.svg");
  const { status, out } = await place.command("dag", tiny, "--svg", path);
  assert.deepEqual([status, out.length], [0, 0]);
  assert.match(await Deno.readTextFile(path), /^<svg [^]*pseudo-label[^]*<\/svg>\n$/);
});

placeTest(
  "compare holds the method against labels alone on every seed, and says what training took",
  async (place) => {
    const common = ["compare", tiny, "--seeds", "0..1", "--set", "load.value=0"];
    const { status, out } = await place.command(...common);
    assert.equal(status, 0);
    const table = out.slice(out.findIndex((line) => line.startsWith("mIoU"))).map((line) =>
      line.split(/ {2,}/)
    );
    const costs = ["images seen", "seconds a step", "device memory"];
    assert.deepEqual(table[0], [
      ...["mIoU, percent", "prediction", "mean", "seed 0", "seed 1", "− supervised"],
      ...costs,
    ]);
    const took = ["16", table[2]!.at(-2)!, "4.00 MB"];
    const [labels, own] = [table[2]!, table[3]!];
    assert.deepEqual(labels, ["supervised", "average", "40.50 ± 0.71", "40.00", "41.00", ...took]);
    assert.deepEqual(own.slice(0, 6), [
      ...["its own", "average", "50.50 ± 0.71", "50.00", "51.00", "+10.00 ± 0.00"],
    ]);
    assert.ok(Number(took[1]) > 0);
    // Out of the cache, it is what the runs that trained took; without them it is not known.
    const json = async () => {
      const { out } = await place.command(...common, "--json");
      assert.equal(out.length, 1);
      return JSON.parse(out[0]!).methods;
    };
    const [supervised, method] = await json();
    assert.deepEqual(method.difference, { mean: 10, standardDeviation: 0 });
    assert.deepEqual(supervised.summary.seeds, [0, 1]);
    assert.equal(supervised.training.stepSeconds.toPrecision(3), took[1]);
    await Deno.remove(place.runs, { recursive: true });
    assert.equal((await json())[0].training, undefined);
    const unknown = await place.command(...common);
    assert.match(
      unknown.out.at(-2)!,
      /^what training took is not known of supervised, its own: it was in the cache/,
    );
  },
);

placeTest("compare takes the options that the experiment's file has for a method", async (place) => {
  const module = (path: string) => new URL(`../../stages/methods/${path}.ts`, import.meta.url).href;
  const experiment = async (name: string, methods: string) => {
    const path = join(place.folder, `${name}.ts`);
    await Deno.writeTextFile(
      path,
      `import { cps } from "${module("cps")}";\nexport { default } from "file://${tiny}";\n` +
        `export const methods = ${methods};\n`,
    );
    return await place.command("compare", path, "--methods", "cps,supervised", "--seeds", "0", "--json");
  };
  const { status, out, notes } = await experiment("chosen", "[cps({ weight: 4 })]");
  assert.equal(status, 0, notes);
  const scores = JSON.parse(out.at(-1)!).methods.map(({ headline }: { headline: { mean: number } }) =>
    headline.mean
  );
  assert.deepEqual(scores, [45, 41]);
  const mistakes: [string, RegExp][] = [
    ["[cps]", /its export "methods" must be an array of methods with their options\. Write export const/],
    ["cps()", /must be an array/],
    ["[cps(), cps({ weight: 1 })]", /has "cps" twice/],
  ];
  for (const [i, [methods, message]] of mistakes.entries()) {
    const mistake = await experiment(`bad${i}`, methods);
    assert.equal(mistake.status, 2, methods);
    assert.match(mistake.notes, message);
  }
});

placeTest("compare takes any methods, by name or by file, in one table", async (place) => {
  const file = join(place.folder, "own.ts");
  const module = new URL("../../stages/methods/supervised.ts", import.meta.url).href;
  await Deno.writeTextFile(file, `export { supervised as default } from "${module}";\n`);
  const common = [tiny, "--seeds", "0..1", "--set", "load.value=0"];
  const { status, out, notes } = await place.command("compare", ...common, "--methods", `${file},ccvc`);
  assert.equal(status, 0, notes);
  const row = (name: string) => out.find((line) => line.startsWith(`${name} `))?.split(/ {2,}/);
  assert.deepEqual(row("supervised")?.slice(0, 5), [
    "supervised",
    "average",
    "40.50 ± 0.71",
    "40.00",
    "41.00",
  ]);
  assert.deepEqual(row("ccvc")?.slice(0, 6), [
    "ccvc",
    "average",
    "50.50 ± 0.71",
    "50.00",
    "51.00",
    "+10.00 ± 0.00",
  ]);
  const json = await place.command("compare", ...common, "--methods", "ccvc", "--json");
  const { methods } = JSON.parse(json.out.at(-1)!);
  const [{ name, summary, difference }, ...more] = methods;
  assert.deepEqual([name, summary.mean.miou.average, difference, more], ["ccvc", 50.5, undefined, []]);
  // Runs by another method say so, and are not published as the experiment's.
  const runs = JSON.parse((await place.command("runs", "--json")).out[0]!);
  const [exchanged] = runs.filter(({ method }: { method?: string }) => method === "supervised");
  const refused = await place.command(
    "runs",
    "publish",
    exchanged.id,
    "--results",
    join(place.folder, "results"),
  );
  assert.equal(refused.status, 2);
  assert.match(refused.notes, /it trained by "supervised" in the place of the experiment's method/);
  const mistakes: [string, RegExp][] = [
    [
      "supervisd",
      /Unknown method "supervisd"\. Did you mean "supervised"\? Known: ael, ccvc, cps, cutmix-seg, [a-z0-9, -]*unimatch; or, after compare --methods, the path/,
    ],
    [",", /Cannot compare no methods/],
    [tiny, /its default export is no method \(defineMethod\)/],
    ["./none.ts", /Cannot load the method ".*none\.ts"/],
  ];
  for (const [given, message] of mistakes) {
    const mistake = await place.command("compare", ...common, "--methods", given);
    assert.equal(mistake.status, 2, given);
    assert.match(mistake.notes, message);
  }
});

Deno.test("methods that score other predictions are compared by their headlines, costs in the mean of those known", () => {
  const run = (key: string, metrics: RunScores, stepSeconds?: number) => ({
    metrics,
    trainings: [{
      key,
      cost: stepSeconds === undefined ? undefined : { images: 8, stepSeconds, peakBytes: 1e6 },
    }],
  });
  const student = (score: number): RunScores => ({
    headline: "student",
    miou: { student: score, teacher: 47 },
  });
  const labels = (score: number): RunScores => ({ miou: { average: score, branch1: 39, branch2: 38 } });
  const earlier = new Map([["b", { images: 16, stepSeconds: 0.25, peakBytes: 2e6 }]]);
  const results = methodResults([0, 1], [
    { name: "supervised", runs: [run("none", labels(40)), run("none", labels(42))] },
    { name: "own", runs: [run("a", student(45.5), 0.125), run("b", student(47))] },
  ], earlier);
  assert.deepEqual(results[1]!.training, { images: 16, stepSeconds: 0.1875, peakBytes: 2e6 });
  const text = methodsText(results);
  assert.match(text, /\nsupervised +average +41\.00 ± 1\.41 +40\.00 +42\.00\n/);
  assert.match(
    text,
    /\nown +student +46\.25 ± 1\.06 +45\.50 +47\.00 +\+5\.25 ± 0\.35 +16 +0\.188 +2\.00 MB\n/,
  );
  assert.match(text, /\nwhat training took is not known of supervised: /);
});

placeTest("runs are listed, shown and exported", async (place) => {
  assert.match((await place.command("runs")).out[0]!, /^no runs in/);
  await place.command("train", tiny, "--seed", "3");
  const [listed] = JSON.parse((await place.command("runs", "--json")).out[0]!);
  assert.deepEqual([listed.name, listed.seed, listed.state, listed.miou.average], ["tiny", 3, "done", 54]);
  const lines = (await place.command("runs")).out;
  assert.match(lines[2]!, /^tiny +\d{8}-\d{6}-\S+ +3 +54\.00 +.* s +done/);
  for (const name of [listed.id, listed.id.slice(0, 17), "latest", `tiny/${listed.id}`]) {
    const shown = await place.command("runs", "show", name);
    assert.equal(shown.out[0], `tiny ${listed.id}: done`);
    assert.ok(shown.out.some((line) => line.startsWith("average")));
  }
  const folder = join(place.folder, "labels");
  assert.equal((await place.command("runs", "export", "latest", "labels.labels", folder)).status, 0);
  assert.deepEqual(place.files(folder), ["a/mask.png", "index.json"]);
  const again = await place.command("runs", "export", "latest", "labels.labels", folder);
  assert.match(again.notes, /it exists/);
  const wrong = await place.command("runs", "export", "latest", "labels.label", `${folder}2`);
  assert.deepEqual([wrong.status, wrong.notes.includes('Did you mean "labels.labels"?')], [2, true]);
});

placeTest("a run whose process is gone is listed as stopped", async (place) => {
  await place.command("train", tiny);
  const [file] = place.files().filter((path) => path.endsWith("run.json"));
  const path = join(place.runs, file!);
  const record = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...record, state: "running" }));
  const [listed] = JSON.parse((await place.command("runs", "--json")).out[0]!);
  assert.equal(listed.state, "stopped");
});

placeTest("the cache is counted and cleared", async (place) => {
  await place.command("train", tiny);
  const stats = await place.command("cache", "stats", "--json", "--cache", place.cache);
  assert.equal(JSON.parse(stats.out[0]!).entries, 4);
  const wrong = await place.command("cache", "gc", "--size", "all", "--cache", place.cache);
  assert.deepEqual([wrong.status, /--size all/.test(wrong.notes)], [2, true]);
  const gc = await place.command("cache", "gc", "--size", "0", "--json", "--cache", place.cache);
  assert.equal(JSON.parse(gc.out[0]!).entries, 4);
  const after = await place.command("cache", "stats", "--json", "--cache", place.cache);
  assert.deepEqual([JSON.parse(after.out[0]!).entries, JSON.parse(after.out[0]!).blobs], [0, 0]);
});

placeTest(
  "a collection that would take all for its age is refused, and done when asked for",
  async (place) => {
    await place.command("train", tiny);
    const gc = (...args: string[]) =>
      place.command("cache", "gc", "--days", "0", "--cache", place.cache, ...args);
    const refused = await gc();
    assert.equal(refused.status, 0);
    assert.match(refused.out.join("\n"), /took out 0 entries[^]*all 4 results .* cache gc --all takes them/);
    assert.equal(JSON.parse((await gc("--json", "--all")).out[0]!).entries, 4);
  },
);

placeTest("partitions are listed and held against the published ones", async (place) => {
  const list = JSON.parse((await place.command("partitions", "list", "--json")).out[0]!);
  const found = list.find(({ name }: { name: string }) => name === "pascal/366");
  assert.deepEqual([found.labeled, found.unlabeled, found.validation], [366, 10216, 1449]);
  const missing = await place.command("partitions", "verify", "pascal/92", "--lists", place.folder);
  assert.equal(missing.status, 1);
  assert.match(missing.out[0]!, /there is no file ".*pascal\/92\/labeled\.txt"/);
});

placeTest("data of a generated set is in order; a folder without a layout is not data", async (place) => {
  const { status, out } = await place.command("data", "shapes-12");
  assert.equal(status, 0);
  assert.match(out[0]!, /^load: shapes \(drawn, not read\): \d+ labeled, \d+ unlabeled, \d+ validation$/);
  const wrong = await place.command("data", place.folder);
  assert.equal(wrong.status, 2);
  assert.match(wrong.notes, /Cannot tell the layout .* JPEGImages\/ and ImageSets \(pascal\)/);
});

placeTest("data names every problem of a folder", async (place) => {
  const root = join(place.folder, "voc");
  for (const folder of ["JPEGImages", "SegmentationClass", "ImageSets"]) {
    await Deno.mkdir(join(root, folder), { recursive: true });
  }
  for (const [list, ids] of [["labeled", ["a", "b"]], ["unlabeled", ["c"]], ["val", ["d"]]] as const) {
    const lines = ids.map((id) => `JPEGImages/${id}.jpg SegmentationClass/${id}.png`);
    await Deno.writeTextFile(join(root, "ImageSets", `${list}.txt`), lines.join("\n") + "\n");
  }
  await Deno.writeTextFile(join(root, "JPEGImages", "a.jpg"), "no image");
  const { status, out } = await place.command("data", root, "--json");
  assert.equal(status, 1);
  const [{ counts, problems }] = JSON.parse(out[0]!);
  assert.deepEqual(counts, { labeled: 2, unlabeled: 1, validation: 1 });
  assert.ok(problems.some((problem: string) => problem.includes('"b"') || problem.includes("b.jpg")));
  assert.ok(problems.some((problem: string) => problem.includes("a.jpg")), problems.join("\n"));
});
