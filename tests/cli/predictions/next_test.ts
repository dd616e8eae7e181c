/** Which images of a run to label next, and what annotation tools and `load` are given of them. @module */
import assert from "node:assert/strict";
import { join, relative } from "node:path";
import { readCoco } from "../../../stages/annotations/coco.ts";
import { readLabelMe } from "../../../stages/annotations/labelme.ts";
import { rasterize } from "../../../stages/annotations/rasterize.ts";
import { decodePng } from "../../../stages/codecs/png.ts";
import { makeFolder } from "../../support/photographs.ts";
import { fixture, type Outcome, type Place, placeTest } from "../support.ts";

interface Next {
  readonly by: string;
  readonly left: number;
  readonly images: readonly { readonly id: string; readonly score: number; readonly image: string }[];
}

const next = (place: Place, ...args: string[]): Promise<Outcome> =>
  place.command("next", "--runs", place.runs, "--cache", place.cache, ...args);

async function found(place: Place, ...args: string[]): Promise<Next> {
  const { status, out, notes } = await next(place, ...args, "--json");
  assert.equal(status, 0, notes);
  return JSON.parse(out.at(-1)!);
}

async function refused(place: Place, status: number, rule: RegExp, ...args: string[]): Promise<void> {
  const outcome = await next(place, ...args);
  assert.equal(outcome.status, status, `${args}: ${outcome.notes}`);
  assert.match(outcome.notes, rule);
  assert.doesNotMatch(outcome.notes, /\n {4}at /);
}

/** Two networks on a folder of 9 photographs, 3 of them with masks. */
async function train(place: Place): Promise<{ root: string; set: string[] }> {
  const root = await makeFolder(place.folder, 9, 3), set = ["--set", `load.root=${root}`];
  const { status, notes } = await place.command("train", fixture("own_folder"), ...set);
  assert.equal(status, 0, notes);
  return { root, set };
}

placeTest(
  "a folder's images are named, exported and labeled, and those that come next are others",
  async (place) => {
    const { root, set } = await train(place);
    const [run] = place.files().filter((file) => file.endsWith("/next.json")).map((file) =>
      file.slice(0, -10)
    );
    const stored = JSON.parse(await Deno.readTextFile(join(place.runs, run!, "next.json")));
    assert.deepEqual([stored.by, stored.images.length], ["disagreement", 6]);
    for (const { map } of stored.images) assert.ok(place.has(join(place.runs, run!, map)));
    const { by, left, images } = await found(place, "-n", "2");
    assert.deepEqual([by, left], ["disagreement", 6]);
    assert.deepEqual(
      images.map(({ id, score }) => ({ id, score })),
      stored.images.slice(0, 2).map(({ id, score }: Next["images"][number]) => ({ id, score })),
    );
    assert.deepEqual(await found(place), await found(place, "latest", "--count", "6"));

    // A run from before there were rankings gets its own, the same.
    const before = await Deno.readTextFile(join(place.runs, run!, "next.json"));
    await Deno.remove(join(place.runs, run!, "next.json"));
    await found(place);
    assert.equal(await Deno.readTextFile(join(place.runs, run!, "next.json")), before);

    const out = join(place.folder, "out"), names = images.map(({ image }) => /(\w+)\.png$/.exec(image)![1]!);
    for (const to of ["labelme", "coco"]) {
      const outcome = await next(place, "-n", "2", "--to", to, "--tolerance", "0", "--out", out);
      assert.equal(outcome.status, 0, outcome.notes);
      const coco = to === "coco" && readCoco(await Deno.readTextFile(join(out, "coco.json")), "coco.json");
      for (const [at, name] of names.entries()) {
        const copy = join(out, to === "coco" ? `images/images/${name}.png` : `labelme/${name}.png`);
        assert.deepEqual(await Deno.readFile(copy), await Deno.readFile(images[at]!.image));
        const path = join(out, "labelme", `${name}.json`), text = await Deno.readTextFile(path);
        assert.equal(JSON.parse(text).imagePath, `${name}.png`, "beside the JSON");
        const annotation = coco ? coco.get(`images/${name}.png`) : readLabelMe(text, path);
        const mask = decodePng(await Deno.readFile(join(out, "masks", `${name}.png`)), name);
        // COCO knows no image without a region.
        if (annotation === undefined) assert.ok(mask.data.every((label) => label === 0));
        else {assert.deepEqual(
            rasterize(annotation, new Map([["background", 0], ["object", 1]]), 0, mask),
            mask.data,
          );}
      }
    }
    // What a person changed stays.
    await Deno.writeTextFile(join(out, "labelme", `${names[0]}.json`), "mine");
    await refused(
      place,
      2,
      /labelme\/\w+\.json" was not written by this command/,
      "-n",
      "2",
      "--to",
      "labelme",
      "--out",
      out,
    );

    // As a task does it, with no more than the command may.
    const lists = join(place.folder, "lists"), where = ["--runs", place.runs, "--cache", place.cache];
    const { status, notes } = await place.process([
      "next",
      "-n",
      "2",
      "--to",
      "list",
      "--out",
      lists,
      ...where,
    ]);
    assert.equal(status, 0, notes);
    const lines = async (name: string) => (await Deno.readTextFile(join(lists, name))).trimEnd().split("\n");
    assert.deepEqual(await lines("next.txt"), names.map((name) => `images/${name}.png`));
    assert.deepEqual((await lines("labeled.txt")).slice(-2), await lines("next.txt"));
    assert.equal((await lines("unlabeled.txt")).length, 4);

    // Now somebody labels them.
    for (const name of names) {
      await Deno.copyFile(join(root, "masks", "p0.png"), join(root, "masks", `${name}.png`));
    }
    const counts = async (...more: string[]) =>
      JSON.parse(
        (await place.command("data", fixture("own_folder"), ...set, ...more, "--json")).out.at(-1)!,
      )[0].counts;
    const list = (role: string) => ["--set", `load.lists.${role}=${join(lists, `${role}.txt`)}`];
    assert.deepEqual(
      await counts(...list("labeled"), ...list("unlabeled"), "--set", "load.validation=null"),
      {
        labeled: 4,
        unlabeled: 4,
        validation: 0,
      },
    );
    const again = await next(place, "--json");
    assert.match(again.notes, /2 of the run's unlabeled images are labeled by now/);
    const others = JSON.parse(again.out.at(-1)!) as Next;
    assert.deepEqual(
      others.images.map(({ id }) => id),
      stored.images.slice(2).map(({ id }: { id: string }) => id),
    );
    await refused(
      place,
      2,
      /Cannot name 5 images .* of its 6 unlabeled ones 4 are left; 2 .*\. Give -n 4 or less\.$/,
      "-n",
      "5",
    );
  },
);

placeTest(
  "data that moved or changed, a run that is not done, and a cache that is gone are said",
  async (place) => {
    const { root } = await train(place);
    const { images } = await found(place);
    const run = /^.*(?=\/next\.json$)/.exec(place.files().find((file) => file.endsWith("/next.json"))!)![0];

    const moved = join(place.folder, "moved");
    await Deno.rename(root, moved);
    await refused(place, 1, /there is no such folder\. .*--set load\.root=PATH/);
    const there = ["--set", `load.root=${moved}`];
    assert.deepEqual(
      (await found(place, ...there)).images.map(({ image }) => image),
      images.map(({ image }) => image.replace(root, moved)),
    );
    await refused(place, 2, /Cannot set "co-train" of a run that is done/, "--set", "co-train.epochs=2");
    await refused(
      place,
      2,
      /results\. Name another folder by --out/,
      ...there,
      "--to",
      "list",
      "--out",
      moved,
    );

    const [first, second] = images.map(({ image }) => image.replace(root, moved));
    await Deno.copyFile(join(moved, "images", "p0.png"), first!);
    await refused(
      place,
      1,
      /Cannot take "images\/p\d\.png" .*another image than the run has ranked/,
      ...there,
    );
    await Deno.remove(first!);
    const gone = await next(place, ...there);
    assert.match(gone.notes, /1 of the run's unlabeled images is no longer there/);
    assert.ok(gone.out.some((line) => line.includes(relative(moved, second!))));
    for (const { image } of images.slice(1)) await Deno.remove(image.replace(root, moved));
    await refused(
      place,
      2,
      /of its 6 unlabeled ones 0 are left; 6 .*no longer there\. Train again/,
      ...there,
    );
    await refused(
      place,
      1,
      /no longer in the cache ".*other"\. Name its cache by --cache, or train again/,
      ...there,
      "--cache",
      join(place.folder, "other"),
    );

    const record = join(place.runs, run, "run.json"), text = await Deno.readTextFile(record);
    for (
      const [state, rule] of [["failed", /it is failed\. Train again/], [
        "running",
        /it is stopped\. Train again/,
      ]] as const
    ) {
      await Deno.writeTextFile(record, text.replace('"state": "done"', `"state": "${state}"`));
      await refused(place, 2, rule, ...there);
    }
  },
);

placeTest(
  "scenes are ranked by the confidence of the one network, and written as pictures",
  async (place) => {
    const experiment = fixture("next_shapes");
    const { status, notes } = await place.command("train", experiment);
    assert.equal(status, 0, notes);
    const { by, images } = await found(place, "-n", "3");
    assert.equal(by, "confidence");
    assert.deepEqual(images.map(({ id }) => id).sort(), ["scene-00002", "scene-00003", "scene-00004"]);
    const scores = images.map(({ score }) => score);
    assert.deepEqual(scores, scores.toSorted((a, b) => b - a));
    assert.ok(scores.every((score) => score > 0 && score < 1));
    const out = join(place.folder, "out"), [{ id }] = images as [Next["images"][number]];
    assert.equal((await next(place, "-n", "1", "--to", "coco", "--out", out)).status, 0);
    assert.deepEqual(place.files(out), [
      "coco.json",
      `images/${id}.png`,
      "index.json",
      `masks/${id}.png`,
      "summary.csv",
      "written.sha256",
    ]);
    assert.deepEqual(JSON.parse(await Deno.readTextFile(join(out, "coco.json"))).images, [
      { id: 1, file_name: `${id}.png`, width: 24, height: 24 },
    ]);
    await refused(
      place,
      2,
      /Cannot write id lists of run .*: its images are in no files/,
      "--to",
      "list",
      "--out",
      out,
    );
    await refused(place, 2, /Cannot name 4 images .* 3 are left\. Give -n 3 or less/, "-n", "4");

    await place.command(
      "train",
      experiment,
      "--set",
      "load.shapes.validation=2",
      "--set",
      "co-train.epochs=2",
    );
    await refused(place, 2, /Cannot find the run "nothing"/, "nothing");
  },
);

placeTest("a command line that is wrong is refused before anything is looked at", async (place) => {
  await refused(place, 2, /Cannot find the run "latest" in .* There is none/);
  await refused(place, 2, /Cannot name 0 images: -n must be 1 or more/, "-n", "0");
  for (const count of ["-1", "1.5", "ten", ""]) {
    await refused(place, 2, /"--count .*": it must be a whole number/, "-n", count);
  }
  await refused(place, 2, /Cannot write --to "cvat": it must be labelme, coco or list/, "--to", "cvat");
  await refused(place, 2, /Cannot use --tolerance 2 without --to/, "--to", "list", "--tolerance", "2");
  await refused(place, 2, /Cannot use --out without --to/, "--out", place.folder);
  await refused(place, 2, /Cannot use --overwrite without --to/, "--overwrite");
});

placeTest(
  "without unlabeled images, or labels of them, there is nothing to rank, and it is said why",
  async (place) => {
    const root = await makeFolder(place.folder, 3, 3),
      set = ["--set", `load.root=${root}`, "--set", "load.validation=null"];
    const trained = await place.command(
      "train",
      fixture("own_folder"),
      ...set,
      "--set",
      "co-train.method=supervised",
    );
    assert.equal(trained.status, 0, trained.notes);
    await refused(place, 2, /Cannot rank the unlabeled images of run ".*": it had none/);
    assert.deepEqual(place.files().filter((file) => file.includes("next")), []);
    assert.equal((await place.command("train", fixture("tiny"))).status, 0);
    await refused(
      place,
      1,
      /no stage has labeled any\. Add pseudoLabel\(\{ nets, images: data\.unlabeled \}\)/,
    );
  },
);
