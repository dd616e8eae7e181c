import assert from "node:assert/strict";
import { join } from "node:path";
import { fixture, placeTest } from "./support.ts";

const tiny = fixture("tiny");

/** Command lines that are wrong, and what is said about them. */
const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["an unknown command", ["trian"], /unknown command 'trian'\s+\(Did you mean train\?\)/],
  ["an unknown option", ["train", "--sets", "a.b=1"], /unknown option '--sets'/],
  [
    "an unknown experiment",
    ["train", "shapes-21"],
    /Unknown experiment "shapes-21". Did you mean "shapes-12"\?/,
  ],
  [
    "the list of experiments",
    ["plan", "something"],
    /Known: ael-cityscapes-1-4, .*camvid-46, .*pascal-92, pascal-183, .*voc-folder/,
  ],
  ["a missing file", ["train", "./nowhere.ts"], /there is no file ".*nowhere\.ts"/],
  ["a file without a pipeline", ["train", fixture("no_pipeline")], /its default export is no pipeline/],
  [
    "an unknown key",
    ["train", tiny, "--set", "co-train.epoch=1"],
    /unknown key "co-train.epoch". Did you mean "epochs"\?/,
  ],
  [
    "an unknown stage",
    ["train", tiny, "--set", "cotrain.epochs=1"],
    /no stage "cotrain". Did you mean "co-train"\?/,
  ],
  [
    "a value of another type",
    ["train", tiny, "--set", "co-train.epochs=many"],
    /co-train\.epochs: .*expected/,
  ],
  ["a setting without its stage", ["train", tiny, "--set", "epochs=2"], /Did you mean "co-train\.epochs"\?/],
  [
    "a setting's last word, misspelled",
    ["train", tiny, "--set", "epoch=2"],
    /stage\.key, e\.g\. co-train\.epochs/,
  ],
  [
    "a stage as a setting",
    ["train", tiny, "--set", "co-train=2"],
    /it is a stage; keys of one are set, e\.g\. co-train\./,
  ],
  ["an unknown method", ["plan", "--set", "co-train.method=supervisd"], /Did you mean "supervised"\?/],
  ["a method of no training", ["plan", "--set", "load.method=cps"], /unknown key "load\.method"/],
  ["a --set without a value", ["train", tiny, "--set", "epochs"], /must be stage\.key=value/],
  ["a seed that is none", ["train", tiny, "--seed", "x"], /--seed x.*whole number/],
  [
    "a seed of more than 32 bits",
    ["train", tiny, "--seed", "4294967296"],
    /--seed 4294967296.*less than 2\^32/,
  ],
  ["seeds that are none", ["train", tiny, "--seeds", "2..0"], /--seeds 2\.\.0.*range such as 0\.\.2/],
  ["seed and seeds", ["train", tiny, "--seed", "1", "--seeds", "0..2"], /give one of the two/],
  ["seconds that are none", ["train", tiny, "--checkpoint-every", "-1"], /--checkpoint-every -1.*0 or more/],
  ["a comparison without training", ["compare", fixture("bare")], /it has no training \(coTrain\)/],
  ["a run that is not there", ["runs", "show", "2026"], /Cannot find the run "2026".*There is none/],
  [
    "an unknown partition",
    ["partitions", "show", "pascal/367"],
    /Unknown partition "pascal\/367". Did you mean "pascal\/366"\?/,
  ],
  ["a data set that is not there", ["data", "./nowhere"], /there is no folder ".*nowhere"/],
];

for (const [what, args, said] of wrong) {
  placeTest(`${what}: status 2, said in one message, nothing written`, async (place) => {
    const { status, out, notes } = await place.command(...args);
    assert.equal(status, 2, notes);
    assert.match(notes.replaceAll("\n", " "), said);
    assert.doesNotMatch(notes, /\n\s+at /);
    assert.deepEqual(out, []);
    assert.equal(place.has(place.runs), false);
  });
}

placeTest("help leaves nothing behind, and spells config paths", async (place) => {
  for (
    const command of ["train", "plan", "compare", "evaluate", "predict", "data", "runs", "doctor", "dag"]
  ) {
    const { status, out } = await place.command(command, "--help");
    assert.equal(status, 0);
    assert.ok(out.some((line) => line.startsWith(`Usage: deno task ${command}`)), out.join("\n"));
  }
  const { out } = await place.command("train", "--help");
  assert.ok(out.some((line) => line.includes("--set load.root=")));
  assert.ok(out.some((line) => line.includes("--set co-train.backbone=resnet50")));
  assert.deepEqual(place.files(place.folder), []);
});

placeTest("bad data: status 1, the message alone, no run left behind", async (place) => {
  const { status, notes } = await place.command("train", tiny, "--set", "load.fault=data");
  assert.equal(status, 1);
  assert.equal(notes, 'error: Cannot load sample "a": the file ends early.');
  assert.equal(place.has(place.runs), false);
});

placeTest("a failure after a stage has finished leaves a record that says so", async (place) => {
  const { status, notes } = await place.command("train", tiny, "--set", "co-train.diverge=true");
  assert.equal(status, 1);
  assert.match(notes, /^error: Training stopped: the loss ce1 is NaN at step 2\.$/);
  const names = place.files().map((path) => path.split("/").at(-1));
  assert.deepEqual(names, ["curves.json", "events.jsonl", "plan.json", "report.html", "run.json"]);
  const listed = await place.command("runs", "--json");
  const [run] = JSON.parse(listed.out[0]!);
  assert.deepEqual([run.state, run.error], ["failed", "Training stopped: the loss ce1 is NaN at step 2."]);
});

placeTest("a defect of a stage shows where it is", async (place) => {
  const { status, notes } = await place.command("train", tiny, "--set", "load.fault=defect");
  assert.equal(status, 1);
  assert.match(notes, /Stage "load" failed: x is undefined/);
  assert.match(notes, /tiny\.ts:\d+/);
});

placeTest("a runs folder that cannot be made is a message", async (place) => {
  await Deno.writeTextFile(join(place.folder, "runs"), "a file in the way");
  const { status, notes } = await place.command("train", tiny);
  assert.equal(status, 1);
  assert.match(notes, /^error: Cannot write ".*runs/);
});
