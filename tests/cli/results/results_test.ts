/** Runs compared and published, and published results held against code that changes. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { loadExperiment } from "../../../cli/experiment/load_experiment.ts";
import { scoreEdits } from "../../../cli/results/published_scores.ts";
import { score } from "../../../stages/evaluation/metrics.ts";
import { decodeResult, type StoredResult, storedResults } from "../../../cli/results/results.ts";
import { jsonArtifactDigest } from "../../../pipeline/mod.ts";
import { fixture, type Place, placeTest } from "../support.ts";

const engine = new URL("../../../pipeline/mod.ts", import.meta.url).href;
const tiny = fixture("tiny");

/** An experiment with a kernel, a file that it reads, and a leaf. */
const experiment = (by: number, comment = "") => `
import { z } from "zod";
import { defineStage, jsonKind, pipeline } from ${JSON.stringify(engine)};
import kernel from "./kernel.wgsl" with { type: "text" };
${comment}
const number = jsonKind<number>("number", 1);
const load = defineStage({
  name: "load", version: 1, module: import.meta.url, config: z.strictObject({}), inputs: {}, outputs: { value: number },
  sources: () => [{ name: "data.txt", path: ${JSON.stringify("FOLDER/data.txt")} }],
  run: () => ({ value: Deno.readTextFileSync(${JSON.stringify("FOLDER/data.txt")}).length }),
});
const evaluate = defineStage({
  name: "evaluate", version: 1, module: import.meta.url, config: z.strictObject({ by: z.number().default(1) }),
  inputs: { value: number }, outputs: { metrics: jsonKind<unknown>("metrics", 1) },
  run: ({ inputs: { value }, config: { by } }) => {
    const score = value * by + kernel.length;
    return { metrics: { miou: { branch1: score, branch2: score, average: score } } };
  },
});
export default pipeline("own", () => ({ score: evaluate({ value: load() }, { by: ${by} }) }));
`;

/** Writes the experiment as it is first. */
async function write(
  place: Place,
  by = 1,
  kernel = "fn a() {}",
  comment = "",
  data = "data",
): Promise<string> {
  const path = join(place.folder, "own.ts");
  const files = { "own.ts": experiment(by, comment), "kernel.wgsl": kernel, "data.txt": data };
  for (const [name, text] of Object.entries(files)) {
    await Deno.writeTextFile(join(place.folder, name), text.replaceAll("FOLDER", place.folder));
  }
  return path;
}

placeTest(
  "a published result stands until code, leaf or file changes, which is named; no cache is needed",
  async (place) => {
    const own = await write(place);
    const results = join(place.folder, "results");
    // Each command is a process of its own: a module that was imported does not change any more.
    const frozen = async () => await place.process(["plan", "--frozen", "--results", results]);
    assert.equal((await place.process(["train", own])).status, 0);
    const published = await place.process(["runs", "publish", "own", "--results", results]);
    assert.deepEqual([published.status, published.notes], [0, ""]);
    await Deno.remove(place.cache, { recursive: true });
    const file = join(results, "own", "seed-0.json");
    assert.deepEqual((await frozen()).out, [`${file}: as published`]);
    await write(place, 1, "fn a() {}", "// A comment is no change.");
    assert.equal((await frozen()).status, 0);

    await write(place, 1, "fn a() {} // one");
    const kernel = await frozen();
    assert.equal(kernel.status, 1);
    assert.match(kernel.out[1]!, /^ {2}load\.code\.bundle: \S{12} → \S{12}; kernel\.wgsl changed$/);
    assert.match(
      kernel.notes,
      /^error: 1 of 1 published results no longer match the code\. Undo the change, or/,
    );

    await write(place, 2);
    const leaf = await frozen();
    assert.equal(leaf.status, 1);
    assert.ok(leaf.out.includes("  evaluate.config.by: 1 → 2"), leaf.out.join("\n"));

    await write(place, 1, "fn a() {}", "", "other data");
    const data = await frozen();
    assert.match(data.out[1]!, /^ {2}load\.sources: \S{12} → \S{12}/);
    await write(place);
    await Deno.remove(join(place.folder, "data.txt"));
    const away = await frozen();
    assert.equal(away.status, 0);
    assert.match(away.out[1]!, /^ {2}load: its files were not looked at \(.*data\.txt/);

    await Deno.remove(own);
    const gone = await frozen();
    assert.deepEqual([gone.status, /Cannot find the experiment/.test(gone.out[1]!)], [1, true]);
  },
);

placeTest(
  "several seeds are published by the experiment's name, a setting of one's own beside them",
  async (place) => {
    const results = join(place.folder, "results");
    await place.command("train", tiny, "--seeds", "0..1");
    await place.command("train", tiny, "--seed", "1", "--set", "co-train.epochs=3");
    assert.equal((await place.command("runs", "publish", "tiny", "--results", results)).status, 0);
    assert.equal((await place.command("runs", "publish", "latest", "--results", results)).status, 0);
    const files = place.files(join(results, "tiny"));
    assert.equal(files.length, 3);
    assert.match(files[2]!, /^seed-1\.json$/);
    assert.match(files[1]!, /^seed-1-[0-9a-f]{8}\.json$/);
    const path = join(results, "tiny", files[1]!);
    const text = await Deno.readTextFile(path);
    const { set, seed, metrics, nodes, recorded: { facts } } = decodeResult(text, path);
    assert.deepEqual([set, seed, Object.keys(facts).includes("deno")], [["co-train.epochs=3"], 1, true]);
    assert.equal((metrics as { miou: { average: number } }).miou.average, 52);
    assert.deepEqual(nodes.map(({ id }) => id), ["load", "co-train", "pseudo-label", "evaluate"]);
    const all = await place.command("plan", "--frozen", "--results", results, "--json");
    assert.deepEqual(JSON.parse(all.out[0]!).map((each: { differences: string[] }) => each.differences), [
      [],
      [],
      [],
    ]);
    await Deno.writeTextFile(path, text.replace('"config.epochs": 3', '"config.epochs": 4'));
    const edited = await place.command("plan", "--frozen", "--results", results);
    assert.match(
      edited.notes,
      /Cannot read the published result ".*": the key of "co-train" is not that of its parts/,
    );
    assert.equal(edited.status, 1);
  },
);

placeTest("a digit of a published file that is changed is found, whatever it tells", async (place) => {
  const results = join(place.folder, "results");
  await place.command("train", tiny, "--set", "load.root=/data");
  assert.equal((await place.command("runs", "publish", "latest", "--results", results)).status, 0);
  const [name] = place.files(results);
  const path = join(results, name!);
  const text = await Deno.readTextFile(path);
  const frozen = async (content: string) => {
    await Deno.writeTextFile(path, content);
    const { status, out, notes } = await place.command("plan", "--frozen", "--results", results);
    return { status, text: [...out, notes].join("\n") };
  };
  assert.deepEqual(await frozen(text), { status: 0, text: `${path}: as published\n` });
  const edits: [RegExp, string, RegExp][] = [
    [/"average": 51/, '"average": 52', /evaluate\.metrics: \S{12} → \S{12}: other scores than were made/],
    [/"iou": 51/, '"iou": 50', /evaluate\.metrics: .*other scores than were made/],
    [/"epochs": 2/, '"epochs": 3', /co-train\.config\.epochs: 3, and its key was made of 2/],
    [/"metrics": "[0-9a-f]{64}"/, `"metrics": "${"0".repeat(64)}"`, /evaluate\.metrics: 000000000000 → /],
    [/"labels": "[0-9a-f]{64}"/, `"labels": "${"0".repeat(64)}"`, /check: it does not hold/],
    [/"root": "\/data"/, '"root": "/elsewhere"', /check: it does not hold/],
    [/"deno": "[^"]*"/, '"deno": "1.0.0"', /check: it does not hold/],
    [/"seconds": /, '"seconds": 1', /check: it does not hold/],
    [/"miou"/, '"miou\\ud800"', /evaluate\.metrics: \S{12} → none/],
  ];
  for (const [from, to, found] of edits) {
    const edited = await frozen(text.replace(from, to));
    assert.equal(edited.status, 1, String(from));
    assert.match(edited.text, found);
    assert.match(edited.text, /changed since it was published/);
  }
  // A file of the format before has no digest of itself; its scores are held all the same.
  const { scores: _, check: __, recorded, nodes, ...rest } = JSON.parse(text);
  const first = JSON.stringify({
    ...rest,
    ...recorded,
    format: 1,
    nodes: nodes.map(({ facts: _, ...node }: { facts: unknown }) => node),
  });
  const old = await frozen(first);
  assert.deepEqual([old.status, /as published\n {2}its format is 1: the adapter of each/.test(old.text)], [
    0,
    true,
  ]);
  const edited = await frozen(first.replace('"average":51', '"average":52'));
  assert.deepEqual([edited.status, /metrics: the digest of these scores is no output/.test(edited.text)], [
    1,
    true,
  ]);
});

placeTest("scores that no stage made are not published", async (place) => {
  await place.command("train", tiny);
  const [file] = place.files().filter((path) => path.endsWith("metrics.json"));
  const path = join(place.runs, file!);
  const text = await Deno.readTextFile(path);
  const results = join(place.folder, "results");
  const publish = async (content: unknown) => {
    await Deno.writeTextFile(path, JSON.stringify(content));
    return await place.command("runs", "publish", "latest", "--results", results);
  };
  const scores = JSON.parse(text);
  for (const edited of [{ ...scores, miou: { ...scores.miou, average: 99 } }, { ...scores, more: 1 }, null]) {
    const { status, notes } = await publish(edited);
    assert.deepEqual([status, /its metrics\.json is not what a stage of it made/.test(notes)], [2, true]);
  }
  assert.ok(!place.has(results));
  // What a run adds to tell where scores come from is no score.
  const added = await publish({ benchmarks: ["one"], adapters: { "co-train": "A" }, ...scores });
  assert.equal(added.status, 0, added.notes);
});

Deno.test("the project's own scores follow from their digests and, the means, from their confusion matrices", async () => {
  const { nodes } = (await loadExperiment("shapes-12")).build([]);
  const published = await storedResults(fileURLToPath(new URL("../../../results", import.meta.url)));
  assert.ok(published.length >= 3);
  for (const result of published) {
    assert.deepEqual(scoreEdits(result, nodes), [], result.path);
    // Whoever makes the digest fit, too, is found by the counts.
    const edit = (change: (metrics: Scores) => void): string => {
      const forged = structuredClone(result) as StoredResult & { metrics: Scores };
      change(forged.metrics);
      const { node, output, version } = forged.scores!;
      const outputs = forged.nodes.find(({ id }) => id === node)!.outputs as Record<string, string>;
      outputs[output] = jsonArtifactDigest("metrics", version, forged.metrics);
      return scoreEdits(forged, nodes).join("\n");
    };
    assert.equal(edit(() => {}), "");
    assert.match(
      edit(({ miou }) => miou.average += 1e-12),
      /^evaluate\.metrics\.miou\.average: .*matrix gives/,
    );
    assert.match(
      edit(({ last }) => last.pixelAccuracy.average = 100),
      /last\.pixelAccuracy\.average: 100, and/,
    );
    assert.match(edit(({ perClass }) => perClass[2]!.iou = 100), /perClass\.square: 100, and/);
    assert.match(edit(({ perClass }) => void perClass.pop()), /perClass\.6: undefined, and/);
    assert.match(edit(({ confusion }) => confusion[0]![0]! -= 1), /miou\.average/);
    assert.match(edit(({ confusion }) => confusion.length = 0), /miou\.average/);
    assert.match(edit((metrics) => Object.assign(metrics, { confusion: 1 })), /no matrix/);
    // A class that is nowhere has no score, or counts 0 where the data set's published scores do; nothing else fits.
    assert.match(edit(({ perClass }) => perClass[2]!.iou = null), /perClass\.square: null, and/);
    for (const absent of ["left out", "zero"] as const) {
      const without = (metrics: Scores) => {
        metrics.confusion.forEach((row, truth) =>
          row.forEach((_, at) => truth === 2 || at === 2 ? row[at] = 0 : 0)
        );
        const { miou, pixelAccuracy, iou } = score({ classes: 7, matrix: metrics.confusion.flat() }, absent);
        for (const scores of [metrics, metrics.last]) {
          scores.miou.average = miou!;
          scores.pixelAccuracy.average = pixelAccuracy!;
          scores.perClass.forEach((each, at) => each.iou = iou[at]!);
        }
      };
      assert.equal(edit(without), "", absent);
    }
  }
});

interface Means {
  miou: { average: number };
  pixelAccuracy: { average: number };
  perClass: { iou: number | null }[];
}

interface Scores extends Means {
  last: Means;
  confusion: number[][];
}

placeTest("what cannot be published or held is refused", async (place) => {
  const none = await place.command("plan", "--frozen", "--results", place.folder);
  assert.deepEqual([none.status, /Cannot find a published result in/.test(none.notes)], [2, true]);
  const both = await place.command("plan", "--frozen", "--set", "load.value=1");
  assert.deepEqual([both.status, /Cannot take --set or --seed with --frozen/.test(both.notes)], [2, true]);
  await place.command("train", tiny, "--set", "co-train.diverge=true");
  const failed = await place.command("runs", "publish", "latest", "--results", place.folder);
  assert.deepEqual([failed.status, /it is failed, and only one that is done/.test(failed.notes)], [2, true]);
  const named = await place.command("runs", "publish", "tiny", "--results", place.folder);
  assert.deepEqual([named.status, /none of its 1 runs is done/.test(named.notes)], [2, true]);
});

placeTest("a run's record that names a place outside is no run", async (place) => {
  await place.command("train", tiny);
  const [file] = place.files().filter((path) => path.endsWith("run.json"));
  const path = join(place.runs, file!);
  const record = JSON.parse(await Deno.readTextFile(path));
  const [node] = record.nodes, [output] = record.outputs;
  const changes = [
    { name: "../../elsewhere" },
    { name: "" },
    { id: "../../../elsewhere" },
    { id: "20260131-235959-/../../../../x", set: ["a.b=1"] },
    { id: `${record.id}/../../../x` },
    { seed: "../x" },
    { set: "a" },
    { gpu: { adapter: 1 } },
    { seconds: "../x" },
    { error: {} },
    { nodes: [{ ...node, key: "../../../elsewhere" }] },
    { nodes: [{ ...node, id: "../elsewhere" }] },
    { nodes: [{ ...node, facts: { "gpu.adapter": {} } }] },
    { outputs: [{ ...output, node: "../elsewhere" }] },
    { outputs: [{ ...output, digest: "../../elsewhere" }] },
  ];
  const results = join(place.folder, "deep", "in", "results");
  for (const change of changes) {
    await Deno.writeTextFile(path, JSON.stringify({ ...record, ...change }));
    assert.match((await place.command("runs")).out[0]!, /^no runs in/, JSON.stringify(change));
    const published = await place.command("runs", "publish", "latest", "--results", results);
    assert.deepEqual([published.status, /Cannot find the run/.test(published.notes)], [2, true]);
  }
  assert.ok(!place.has(join(place.folder, "deep")));
});

placeTest("two runs differ in leaves, inputs and scores, one line each", async (place) => {
  await place.command("train", tiny);
  await place.command("train", tiny, "--seed", "2", "--set", "co-train.epochs=3");
  const [first, second] = JSON.parse((await place.command("runs", "--json")).out[0]!);
  const between = async (a: string, b: string, ...more: string[]) =>
    await place.command("runs", "diff", a, b, "--cache", place.cache, ...more);
  const { out } = await between(first.id, second.id);
  assert.deepEqual(out.slice(0, 3), [
    `tiny ${first.id} → tiny ${second.id}`,
    "co-train.config.epochs: 2 → 3",
    "co-train.seed: 0 → 2",
  ]);
  assert.match(out[3]!, /^pseudo-label\.input\.skill: \S{12} → \S{12} \(output "skill" of "co-train"\)$/);
  assert.ok(out.some((line) => /^mIoU, average +51\.00 +53\.00 +\+2\.00$/.test(line)), out.join("\n"));
  assert.equal(
    (await between(second.id, second.id)).out[1],
    "every stage has the same key and the same result",
  );
  // The run's folder is enough: the cache may be gone.
  await Deno.remove(place.cache, { recursive: true });
  const { parts, facts } = JSON.parse((await between("latest", first.id, "--json")).out[0]!);
  assert.deepEqual([parts[0], facts], ["co-train.config.epochs: 3 → 2", []]);
  // Another adapter is told, though it is in no key.
  const path = join(second.path, "run.json");
  const record = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...record, gpu: { adapter: "a card", driver: "x" } }));
  const told = (await between(first.id, second.id)).out;
  assert.ok(told.includes("recorded, in no key: adapter: none → a card"), told.join("\n"));
  await Deno.writeTextFile(join(second.path, "plan.json"), "{");
  const damaged = await between(first.id, second.id);
  assert.deepEqual([
    damaged.status,
    /Cannot read the plan ".*plan\.json": it is not JSON/.test(damaged.notes),
  ], [1, true]);
});
