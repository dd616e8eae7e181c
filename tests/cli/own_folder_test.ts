/** A folder of one's own through the commands: what is planned, why, trained, scored or not. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { makeFolder } from "../support/photographs.ts";
import { fixture, placeTest } from "./support.ts";

const experiment = fixture("own_folder");
placeTest("a folder's leaves can be set and are explained, and a mistake names the leaf", async (place) => {
  const root = await makeFolder(place.folder, 3, 2);
  const plan = (...set: string[]) =>
    place.command(
      "plan",
      experiment,
      ...[`load.root=${root}`, ...set].flatMap((text) => ["--set", text]),
      "--explain",
    );
  const leaf = async (name: string, ...set: string[]) =>
    (await plan(...set)).out.find((line) => line.startsWith(`  ${name} = `));
  assert.equal(await leaf("classes"), '  classes = [["background",0],["object",255]]  [experiment]');
  assert.equal(
    await leaf("classes", "load.classes.object=#ffffff"),
    '  classes = [["background",0],["object","#ffffff"]]  [--set]',
  );
  assert.equal(
    await leaf("classes", 'load.classes=["road","tree"]'),
    '  classes = [["road",0],["tree",1]]  [--set]',
  );
  assert.equal(await leaf("validation", "load.validation=null"), "  validation = null  [--set]");
  assert.equal(
    await leaf("validation.images", 'load.validation={"images":"v","masks":"w"}'),
    "  validation.images = v  [--set]",
  );
  const { status, notes } = await plan("load.classes.object=0");
  assert.equal(status, 2);
  assert.match(notes, /load\.classes: "background" and "object" are both 0/);
});

placeTest("data, plan and why read a folder as load does, and name the file that is new", async (place) => {
  const root = await makeFolder(place.folder, 6, 4);
  const set = ["--set", `load.root=${root}`, "--set", "co-train.method=supervised"];
  const data = await place.command("data", experiment, "--set", `load.root=${root}`, "--json");
  const [{ counts, problems }] = JSON.parse(data.out.at(-1)!);
  assert.deepEqual([counts, problems], [{ labeled: 3, unlabeled: 2, validation: 1 }, []]);
  const trained = await place.command("train", experiment, ...set);
  assert.equal(trained.status, 0, trained.notes);
  assert.match(
    trained.out.join("\n"),
    /load +validation: 1 of 4 images with a mask, drawn by splitSeed 3: images\/p\d\.png/,
  );
  const again = await place.command("plan", experiment, ...set);
  assert.match(again.out.join("\n"), /^load +load +in the cache/m);
  await Deno.copyFile(join(root, "images", "p5.png"), join(root, "images", "new.png"));
  const why = await place.command("why", experiment, ...set);
  assert.match(why.out.join("\n"), /load: runs\n.*unlabeled images\/new\.png added/);
});

placeTest(
  "without unlabeled and validation images it trains on labels, scores n/a, and says both",
  async (place) => {
    const root = await makeFolder(place.folder, 3, 3);
    const set = ["--set", `load.root=${root}`, "--set", "load.validation=null"];
    const { status, out, notes } = await place.command("train", experiment, ...set);
    assert.equal(status, 0, notes);
    const text = out.join("\n");
    assert.match(text, /warning: no validation images: nothing is scored/);
    assert.match(text, /warning: no unlabeled images: the networks learn from labels alone/);
    assert.match(text, /\nco-train learned from labels alone: no unlabeled images\n/);
    assert.match(text, /branch 2 +n\/a +n\/a +n\/a/);
    assert.match(text, /object +n\/a/);
    const [run] = JSON.parse((await place.command("runs", "--json")).out[0]!);
    assert.deepEqual(run.miou, { branch1: null, branch2: null });
    assert.equal(
      run.nodes.find(({ id }: { id: string }) => id === "co-train").facts["learned from"],
      "labels alone: no unlabeled images",
    );
    const metrics = JSON.parse(await Deno.readTextFile(join(run.path, "metrics.json")));
    assert.deepEqual(metrics.perClass, [{ iou: null, name: "background" }, { iou: null, name: "object" }]);
    const page = await Deno.readTextFile(join(run.path, "report.html"));
    assert.match(page, /object<\/span><svg[^]*?<\/svg><span class="number">n\/a<\/span>/);
    assert.match(page, /<p class="note">co-train learned from labels alone/);
    // A result out of the cache says it, too.
    const again = await place.command("train", experiment, ...set);
    assert.match(again.out.join("\n"), /\nco-train learned from labels alone: no unlabeled images\n/);
    const listed = (await place.command("runs")).out.join("\n");
    assert.match(listed, /own-folder .* n\/a +original/);
    const scored = await place.command(
      "evaluate",
      run.id,
      experiment,
      ...set,
      "--json",
      "--runs",
      place.runs,
      "--cache",
      place.cache,
    );
    assert.equal(scored.status, 0, scored.notes);
    assert.deepEqual(JSON.parse(scored.out.at(-1)!).pixelAccuracy, { branch1: null, branch2: null });
  },
);
