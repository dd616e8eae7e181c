import assert from "node:assert/strict";
import { join } from "node:path";
import { fixture, placeTest } from "./support.ts";

const tiny = fixture("tiny");

placeTest("a run writes events, plan, scores, pictures and weights, each whole", async (place) => {
  const { status, out } = await place.command("train", tiny, "--set", "load.value=2");
  assert.equal(status, 0);
  const [run] = new Set(place.files().map((path) => path.split("/").slice(0, 2).join("/")));
  assert.match(run!, /^tiny\/\d{8}-\d{6}-[0-9a-f]{8}$/);
  assert.deepEqual(place.files(join(place.runs, run!)), [
    "curves.json",
    "events.jsonl",
    "metrics.json",
    "pictures/a/image.png",
    "pictures/index.json",
    "plan.json",
    "report.html",
    "run.json",
    "weights/last.safetensors",
  ]);
  const json = (name: string) => JSON.parse(Deno.readTextFileSync(join(place.runs, run!, name)));
  assert.equal(json("metrics.json").miou.average, 52);
  assert.equal(json("plan.json").nodes[0].config.value, 2);
  const record = json("run.json");
  assert.equal(record.state, "done");
  assert.deepEqual(record.set, ["load.value=2"]);
  assert.deepEqual(record.miou, { branch1: 51, branch2: 50, average: 52 });
  const names = record.outputs.map(({ name, kind }: { name: string; kind: string }) => `${name}: ${kind}`);
  assert.deepEqual(names, ["labels.labels: pictures", "score.metrics: metrics", "score.pictures: pictures"]);
  const events = Deno.readTextFileSync(join(place.runs, run!, "events.jsonl")).trim().split("\n")
    .map((line) => JSON.parse(line));
  assert.deepEqual([events[0].type, events.at(-1).type, events.at(-1).ran], ["planned", "done", 4]);
  assert.ok(events.every(({ time }) => !Number.isNaN(Date.parse(time))));
  assert.ok(out.some((line) => /^average +52\.00 +52\.00 +90\.00$/.test(line)), out.join("\n"));
  assert.ok(out.some((line) => line.startsWith("co-train") && line.includes("no earlier result")));
});

placeTest(
  "--json prints the content of metrics.json as the last line, and nothing else on stdout",
  async (place) => {
    const { status, out, notes } = await place.command("train", tiny, "--json");
    assert.equal(status, 0);
    assert.equal(out.length, 1);
    const [file] = place.files().filter((path) => path.endsWith("metrics.json"));
    assert.deepEqual(JSON.parse(out[0]!), JSON.parse(Deno.readTextFileSync(join(place.runs, file!))));
    assert.match(notes, /4 stages ran/);
  },
);

placeTest("several seeds: one run each, with mean and standard deviation", async (place) => {
  const { out } = await place.command("train", tiny, "--seeds", "0..2", "--json");
  const summary = JSON.parse(out.at(-1)!);
  assert.deepEqual(summary.seeds, [0, 1, 2]);
  assert.deepEqual(summary.runs.map((run: { miou: { average: number } }) => run.miou.average), [51, 52, 53]);
  assert.equal(summary.mean.miou.average, 52);
  assert.equal(summary.standardDeviation.miou.average, 1);
  assert.equal(place.files().filter((path) => path.endsWith("run.json")).length, 3);
});

placeTest("a second run takes everything from the cache, and a changed leaf names itself", async (place) => {
  await place.command("train", tiny);
  const again = await place.command("train", tiny);
  assert.ok(again.out.some((line) => line.includes("nothing had to run")), again.out.join("\n"));
  const changed = await place.command("train", tiny, "--set", "co-train.epochs=3");
  assert.ok(changed.out.some((line) => /^co-train +runs: epochs 2 → 3$/.test(line)));
  assert.ok(changed.out.some((line) => /^load +in the cache/.test(line)));
  const ids = [...new Set(place.files().map((path) => path.split("/")[1]!))];
  const settings = ids.map((id) => id.split("-")[2]);
  assert.deepEqual([ids.length, new Set(settings).size], [3, 2], "equal settings end in the same digits");
});

placeTest("a pipeline without scores and pictures runs, too", async (place) => {
  const { status, out } = await place.command("train", fixture("bare"), "--set", "count.to=4", "--json");
  assert.equal(status, 0);
  assert.deepEqual(out, ["{}"]);
  const names = place.files().map((path) => path.split("/").at(-1));
  assert.deepEqual(names, ["events.jsonl", "plan.json", "report.html", "run.json"]);
});

placeTest("an experiment's path may be relative to where the task was started", async (place) => {
  await Deno.copyFile(fixture("bare"), join(place.folder, "mine.ts"));
  const text = await Deno.readTextFile(join(place.folder, "mine.ts"));
  const pipeline = new URL("../../pipeline/mod.ts", import.meta.url).href;
  await Deno.writeTextFile(join(place.folder, "mine.ts"), text.replace("../../../pipeline/mod.ts", pipeline));
  const { status, notes } = await place.process(["train", "./mine.ts"], { INIT_CWD: place.folder });
  assert.equal(status, 0, notes);
});

placeTest("Ctrl-C: status 130, the run marked as interrupted, what had finished kept", async (place) => {
  const child = place.spawn(["train", tiny, "--set", "co-train.hang=true"]);
  const lines = child.stdout.pipeThrough(new TextDecoderStream());
  let seen = "";
  for await (const text of lines) {
    seen += text;
    if (seen.includes("epoch 2/2")) break;
  }
  child.kill("SIGINT");
  const [{ code }, notes] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assert.equal(code, 130, notes);
  assert.match(notes, /interrupted.*Run the same command again to go on/);
  const [file] = place.files().filter((path) => path.endsWith("run.json"));
  assert.equal(JSON.parse(Deno.readTextFileSync(join(place.runs, file!))).state, "interrupted");
  const again = await place.command("plan", tiny, "--json");
  assert.equal(JSON.parse(again.out[0]!).nodes[0].state, "hit");
});

placeTest("a second Ctrl-C leaves at once, whatever the stage does", async (place) => {
  const child = place.spawn(["train", fixture("stubborn")]);
  const until = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>, text: string) => {
    let seen = "";
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      seen += part;
      if (seen.includes(text)) return;
    }
    assert.fail(`"${text}" is not in: ${seen}`);
  };
  await until(child.stdout, "step 1/2");
  child.kill("SIGINT");
  await until(child.stderr, "Press Ctrl-C again to stop at once");
  await new Promise((resolve) => setTimeout(resolve, 500)); // Signals that come together are one.
  const started = performance.now();
  child.kill("SIGINT");
  assert.equal((await child.status).code, 130);
  assert.ok(performance.now() - started < 10_000);
});

placeTest(
  "a sweep runs each choice with each seed, from one cache, and ends with one table",
  async (place) => {
    const line = ["train", tiny, "--sweep", "load.value=1,3", "--seeds", "0,1"];
    const { status, out, notes } = await place.command(...line);
    assert.equal(status, 0, notes);
    assert.equal(place.files().filter((path) => path.endsWith("run.json")).length, 4);
    const rows = out.filter((line) => /^load\.value=\d +average +\d/.test(line));
    assert.deepEqual(rows.map((row) => row.split(/ {2,}/).slice(0, 5)), [
      ["load.value=1", "average", "51.50 ± 0.71", "51.00", "52.00"],
      ["load.value=3", "average", "53.50 ± 0.71", "53.00", "54.00"],
    ]);
    const json = await place.command(...line, "--json");
    const { sweep } = JSON.parse(json.out.at(-1)!);
    assert.deepEqual(sweep.map(({ name }: { name: string }) => name), ["load.value=1", "load.value=3"]);
    assert.ok(!json.notes.includes(" ran;"), "all of it is in the cache");
    const wrong = await place.command("train", tiny, "--sweep", "load.value=1,x");
    assert.equal(wrong.status, 2);
    assert.match(wrong.notes, /load\.value/);
  },
);
