/** `start`: what it says of a folder, what it writes, and what it refuses. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { main } from "../../../cli/program.ts";
import { encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { collectingTerminal } from "../../../cli/terminal/terminal.ts";
import { colorMask, indexMask, photograph, writeFiles } from "../../stages/datasets/folder/support.ts";
import { type Place, placeTest } from "../support.ts";

const photographs = Object.fromEntries(
  ["a", "b", "c", "d"].map((name, i) => [`images/${name}.png`, photograph(40 * i)]),
);
const masks = { "masks/a.png": indexMask([0, 255]), "masks/b.png": indexMask([0, 0, 255]) };

/** Starts with a folder of these files, asking nothing unless there are answers. */
async function start(
  place: Place,
  files: Readonly<Record<string, string | Uint8Array>>,
  args: readonly string[] = ["--yes"],
  answers?: readonly string[],
) {
  const root = join(place.folder, "my photos");
  await writeFiles(root, files);
  const terminal = collectingTerminal(answers);
  const status = await main(["start", root, ...args], terminal);
  const file = join(root, "experiment.ts");
  return {
    root,
    status,
    out: terminal.printed.join("\n"),
    notes: terminal.noted.join("\n"),
    text: await Deno.readTextFile(file).catch(() => undefined),
  };
}

placeTest("a folder is described, its experiment written, and the next lines printed", async (place) => {
  const { root, status, out, text } = await start(place, { ...photographs, ...masks });
  assert.equal(status, 0);
  assert.match(out, /4 images in images\/, 2 with a mask in masks\/, 2 without/);
  assert.match(out, /sizes: 4 × 3 \(4\)/);
  assert.match(out, /background +0 +58\.3 % +2\nforeground +255 +41\.7 % +2/);
  assert.match(out, /1 labeled and 2 unlabeled images to learn from; 1 to be scored/);
  assert.match(out, /with its mask over it: .*sample\.png/);
  assert.match(out, /train: +deno task train ".*my photos\/experiment\.ts"/);
  assert.match(out, /deno task compare ".*experiment\.ts"/);
  assert.match(text!, /pipeline\("my-photos"/);
  assert.match(text!, /background: 0,\n +foreground: 255,/);
  assert.match(text!, /root: "\.",/);
  // Of two classes, the one with more than half of the pixels.
  assert.match(text!, /method: ael\(\{[^}]*neverPasted: \[0\],/);
  assert.ok(place.has(join(root, ".crossview", "sample.png")));
  const { status: planned, out: plan } = await place.command("plan", join(root, "experiment.ts"));
  assert.equal(planned, 0, plan.join("\n"));
});

placeTest("a file that is there stays, and what would have been written is shown", async (place) => {
  const files = { ...photographs, ...masks, "experiment.ts": "// mine\n" };
  const { status, out, notes, text } = await start(place, files);
  assert.deepEqual([status, text], [1, "// mine\n"]);
  assert.match(out, /export default pipeline\("my-photos"/);
  assert.match(notes, /it exists, and is left as it is.*--out names another file/);
  const other = join(place.folder, "other.ts");
  const again = await start(place, {}, ["--yes", "--out", other]);
  assert.equal(again.status, 0);
  assert.match(await Deno.readTextFile(other), /root: "my photos",/);
});

placeTest("flags name classes, what is ignored, and who is labeled and scored", async (place) => {
  const colors = colorMask([[0, 0, 0], [255, 0, 0], [255, 255, 255]]);
  const all = Object.fromEntries(["a", "b", "c", "d"].map((name) => [`masks/${name}.png`, colors]));
  const flags = [
    "--classes",
    "road,sky",
    "--ignore",
    "#ffffff",
    "--labeled",
    "1",
    "--validation",
    "2",
    "--json",
  ];
  const { status, out, text } = await start(place, { ...photographs, ...all }, flags);
  assert.equal(status, 0);
  const found = JSON.parse(out);
  assert.deepEqual(found.classes.map(({ name, marks }: { name: string; marks: string }) => [name, marks]), [
    ["road", "#000000"],
    ["sky", "#ff0000"],
  ]);
  const { labeled, unlabeled, validation } = found.roles;
  assert.deepEqual([labeled, unlabeled, validation, found.ignored], [1, 1, 2, 16]);
  assert.match(text!, /ignore: \["#ffffff"\],/);
  assert.match(text!, /labeled: 1,/);
});

placeTest("a person at a terminal is asked, and asked again where an answer does not fit", async (place) => {
  const answers = ["one", "sky, cat", "all", "3", "0.5"];
  const { status, notes, text } = await start(place, { ...photographs, ...masks }, [], answers);
  assert.equal(status, 0, notes);
  assert.match(notes, /Names of the classes.*\(background,foreground\)/);
  assert.match(notes, /gives 1 names, and the masks hold 2 classes/);
  assert.match(notes, /"--validation all": it must be a share/);
  assert.match(notes, /3 of 2 cannot be kept: one at least must be labeled/);
  assert.match(text!, /sky: 0,\n +cat: 255,/);
  assert.match(text!, /validation: 0\.5,/);
});

placeTest("without unlabeled images it learns from labels alone, and says so", async (place) => {
  const all = Object.fromEntries(
    ["a", "b", "c", "d"].map((name) => [`masks/${name}.png`, indexMask([0, 1])]),
  );
  const { status, out, text } = await start(place, { ...photographs, ...all });
  assert.equal(status, 0);
  assert.match(out, /by labels alone, as no image is unlabeled/);
  assert.doesNotMatch(out, /compare/);
  assert.match(text!, /method: supervised\(\)/);
  assert.doesNotMatch(text!, /pseudoLabel/);
});

placeTest("bad masks are told by kind with a count, and the good ones go on", async (place) => {
  const files = {
    ...photographs,
    ...masks,
    "masks/c.png": "no picture",
    "masks/d.png": "no picture either",
    "masks/e.png": indexMask([0]),
  };
  const { status, out } = await start(place, files);
  assert.equal(status, 0);
  assert.match(out, /problem, 2 times: Cannot decode ".*masks\/c\.png"/);
  assert.match(out, /1 masks have no image: masks\/e\.png/);
});

/** A photograph of as many colors as pixels. */
function noise(seed: number): Uint8Array {
  const side = 100;
  return encodeRgbPng(
    Uint8Array.from({ length: side * side * 3 }, (_, i) => (i * i * 31 + seed * i * 7) >> 3),
    side,
    side,
  );
}

/** LabelMe's JSON of one rectangle. */
function labelMe(label: string): string {
  const shapes = [{ label, shape_type: "rectangle", points: [[0, 0], [1, 2]] }];
  return JSON.stringify({
    version: "5.2.1",
    flags: {},
    shapes,
    imagePath: "a.png",
    imageHeight: 3,
    imageWidth: 4,
  });
}

placeTest("LabelMe beside the photographs: labels are classes, and may be renamed", async (place) => {
  const files = {
    ...photographs,
    "images/a.json": labelMe("cat"),
    "images/b.json": labelMe("dog"),
    "images/c.json": labelMe("cat"),
  };
  const { status, out, text } = await start(place, files, ["--yes", "--classes", "background,Katze,dog"]);
  assert.equal(status, 0, out);
  assert.match(out, /4 images, 3 annotated \(LabelMe JSON\); shapes: cat \(2\), dog \(1\)/);
  assert.match(out, /background +50\.0 % +3\nKatze +33\.3 % +2\ndog +16\.7 % +1/);
  assert.match(text!, /annotations: \{\n +format: "labelme",\n +labels: \{ cat: "Katze" \},\n +\},/);
  assert.match(text!, /classes: \["background", "Katze", "dog"\],/);
});

placeTest("COCO with folders of a training and a validation", async (place) => {
  const coco = (names: readonly string[]) =>
    JSON.stringify({
      images: names.map((file_name, id) => ({ id, file_name, width: 4, height: 3 })),
      categories: [{ id: 7, name: "cat" }],
      annotations: names.map((_, id) => ({
        id,
        image_id: id,
        category_id: 7,
        segmentation: [[0, 0, 2, 0, 2, 3, 0, 3]],
      })),
    });
  const { status, out, text } = await start(place, {
    "train2017/a.png": photograph(1),
    "train2017/b.png": photograph(2),
    "val2017/c.png": photograph(3),
    "annotations/instances_train2017.json": coco(["a.png"]),
    "annotations/instances_val2017.json": coco(["c.png"]),
  });
  assert.equal(status, 0, out);
  assert.match(out, /1 labeled and 1 unlabeled image to learn from; 1 to be scored/);
  assert.match(out, /background +50\.0 % +2\ncat +50\.0 % +2/);
  assert.match(text!, /images: "train2017",/);
  assert.match(text!, /validation: \{ images: "val2017" \},/);
});

for (
  const [name, files, wanted, code] of [
    ["an empty folder", { "notes.txt": "" }, /it holds no pictures/, 1],
    [
      "photographs without masks",
      photographs,
      /4 pictures, and none is the mask of another.*images\/x\.jpg/,
      1,
    ],
    [
      "masks of one value",
      { ...photographs, "masks/a.png": indexMask([3]) },
      /one class leaves nothing to tell apart/,
      2,
    ],
    [
      "annotations without shapes",
      {
        ...photographs,
        "images/a.json": '{"version": "5.2.1", "shapes": [], "imagePath": "a.png"}',
      },
      /its annotations hold no shapes/,
      1,
    ],
    [
      "photographs twice",
      {
        "a/x.png": noise(1),
        "b/x.png": noise(2),
      },
      /"[ab]", are photographs: they hold 1024 values or more/,
      1,
    ],
    ["masks that are no pictures", { ...photographs, "masks/a.png": "" }, /none of its masks can be read/, 1],
  ] as const
) {
  placeTest(`${name} is refused with the way out`, async (place) => {
    const { status, notes, text } = await start(place, files);
    assert.match(notes, wanted);
    assert.deepEqual([status, text], [code, undefined]);
  });
}

placeTest("a file, and a folder that is not there, are refused", async (place) => {
  await writeFiles(place.folder, { "a.png": photograph(1) });
  const file = await place.command("start", join(place.folder, "a.png"));
  assert.match(file.notes, /it is a file\. Name the folder that it lies in/);
  const missing = await place.command("start", join(place.folder, "b"));
  assert.match(missing.notes, /there is no such folder/);
  assert.deepEqual([file.status, missing.status], [2, 2]);
});
