import assert from "node:assert/strict";
import { join } from "node:path";
import { comparison, comparisonText, methodsText } from "../../cli/commands/compare.ts";
import { type Metrics, summarize } from "../../cli/metrics.ts";
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

placeTest("compare trains both ways on every seed and gives mean, spread and difference", async (place) => {
  const { status, out } = await place.command("compare", tiny, "--seeds", "0..1", "--set", "load.value=0");
  assert.equal(status, 0);
  const row = (name: string) => out.find((line) => line.startsWith(name))?.split(/ {2,}/);
  assert.deepEqual(row("seed 0, labels alone "), ["seed 0, labels alone", "39.00", "38.00", "40.00"]);
  assert.deepEqual(row("seed 1, method "), ["seed 1, method", "50.00", "49.00", "51.00"]);
  assert.deepEqual(row("mean, labels alone"), [
    "mean, labels alone",
    "39.50 ± 0.71",
    "38.50 ± 0.71",
    "40.50 ± 0.71",
  ]);
  assert.deepEqual(row("difference"), ["difference", ...Array(3).fill("+10.00 ± 0.00")]);
  const json = await place.command("compare", tiny, "--seeds", "0..1", "--set", "load.value=0", "--json");
  const { difference, supervised } = JSON.parse(json.out.at(-1)!);
  assert.deepEqual(difference.average, { mean: 10, standardDeviation: 0 });
  assert.deepEqual(supervised.seeds, [0, 1]);
  assert.equal(json.out.length, 1);
});

placeTest("compare takes any methods, by name or by file, in one table", async (place) => {
  const file = join(place.folder, "own.ts");
  const module = new URL("../../stages/methods/supervised.ts", import.meta.url).href;
  await Deno.writeTextFile(file, `export { supervised as default } from "${module}";\n`);
  const common = [tiny, "--seeds", "0..1", "--set", "load.value=0"];
  const { status, out, notes } = await place.command("compare", ...common, "--methods", `${file},ccvc`);
  assert.equal(status, 0, notes);
  const row = (name: string) => out.find((line) => line.startsWith(`${name} `))?.split(/ {2,}/);
  assert.deepEqual(row("mIoU, percent"), ["mIoU, percent", "prediction", "mean", "seed 0", "seed 1"]);
  assert.deepEqual(row("supervised"), ["supervised", "average", "40.50 ± 0.71", "40.00", "41.00"]);
  assert.deepEqual(row("ccvc"), ["ccvc", "average", "50.50 ± 0.71", "50.00", "51.00"]);
  const json = await place.command("compare", ...common, "--methods", "ccvc", "--json");
  const { methods } = JSON.parse(json.out.at(-1)!);
  assert.deepEqual([methods.length, methods[0].name, methods[0].summary.mean.miou.average], [
    1,
    "ccvc",
    50.5,
  ]);
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
      /Unknown method "supervisd"\. Did you mean "supervised"\? Known: ccvc, cps, supervised, unimatch; or the path/,
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

Deno.test("methods that score other predictions are compared by their headlines", () => {
  const of = (metrics: Metrics) => summarize([0], [metrics]);
  const supervised = of({ miou: { average: 40, branch1: 39, branch2: 38 } });
  const student = of({ headline: "student", miou: { student: 45.5, teacher: 47 } });
  const result = comparison(supervised, student);
  assert.deepEqual(result.difference, { headline: { mean: 5.5, standardDeviation: 0 } });
  assert.match(comparisonText(result), /^mIoU, percent +headline\n[^]*difference +\+5\.50 ± 0\.00$/);
  assert.match(
    methodsText([{ name: "a", summary: supervised }, { name: "b", summary: student }]),
    /\na +average +40\.00 ± 0\.00 +40\.00\nb +student +45\.50 ± 0\.00 +45\.50$/,
  );
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
  assert.match(wrong.notes, /Cannot tell the layout .* JPEGImages\/ \(pascal\)/);
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
