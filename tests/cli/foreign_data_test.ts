/** Other people's data: `data`, `predict` and `load` say the same of each folder. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileSources } from "../../cli/experiment/prediction_sources.ts";
import { encodePalettePng, encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { maskPalette, pascalClasses } from "../../stages/datasets/classes.ts";
import golden from "../golden/pillow_small.json" with { type: "json" };
import { specialFiles } from "../support/disks/special_files.ts";
import { type Place, placeTest } from "./support.ts";
import { skip } from "../support/skip.ts";

const jpeg = Uint8Array.fromBase64(golden.cases["color_420.jpg"].file);
const [width, height] = [23, 17];
const png = encodeRgbPng(new Uint8Array(width * height * 3).fill(7), width, height);
const mask = encodePalettePng(
  new Uint8Array(width * height).fill(1),
  width,
  height,
  maskPalette(pascalClasses),
);

/** A folder in PASCAL's layout with lists of ids alone; `at` is the picture that a test changes. */
async function makeData(place: Place): Promise<{ root: string; at: string; weights: string }> {
  const root = join(place.folder, "voc"), weights = join(place.folder, "w.safetensors");
  for (const folder of ["JPEGImages", "SegmentationClass", "ImageSets"]) {
    await Deno.mkdir(join(root, folder), { recursive: true });
  }
  for (const [list, id] of [["labeled", "l"], ["unlabeled", "u"], ["val", "v"]] as const) {
    await Deno.writeTextFile(join(root, "ImageSets", `${list}.txt`), `${id}\n`);
    await Deno.writeFile(join(root, "JPEGImages", `${id}.jpg`), jpeg);
    if (id !== "u") await Deno.writeFile(join(root, "SegmentationClass", `${id}.png`), mask);
  }
  // What is wrong with the pictures is said before the weights are opened.
  await Deno.writeTextFile(weights, "not opened");
  return { root, at: join(root, "JPEGImages", "v.jpg"), weights };
}

for (const { name, reason, make } of specialFiles) {
  placeTest(`${name} among the pictures: data and predict name it and the rule`, async (place) => {
    const { root, at, weights } = await makeData(place);
    await Deno.remove(at);
    const unavailable = await make(at);
    if (unavailable !== undefined) return skip(unavailable);
    const { status, out } = await place.command("data", root, "--json");
    const [{ problems }] = JSON.parse(out.at(-1)!);
    assert.equal(status, 1);
    assert.ok(
      problems.length > 0 && problems.every((text: string) => text.includes(at) && reason.test(text)),
    );
    // Only reading shows a lack of permission, for which predict needs a network.
    const commands = name === "a file without permission" ? [] : [
      ["predict", weights, at],
      ["predict", weights, "--data", root],
    ];
    for (const args of commands) {
      const predicted = await place.command(...args, "--out", join(place.folder, "out"));
      // A folder that is named is looked into.
      const wanted = args[2] === at && name === "a folder" ? /holds a picture/ : reason;
      assert.match(predicted.notes, wanted, args.join(" "));
      assert.match(predicted.notes, /^error: Cannot (load|predict) /);
      assert.ok(predicted.notes.includes(at) && !predicted.notes.includes("    at "), predicted.notes);
    }
  });
}

placeTest("a picture called by another format's name is read by data and predict alike", async (place) => {
  const { root, at } = await makeData(place);
  await Deno.writeFile(at, png);
  await Deno.writeFile(join(root, "JPEGImages", "._v.jpg"), Uint8Array.of(0, 5, 22, 7, 0, 2));
  const { status, out } = await place.command("data", root, "--json");
  assert.deepEqual([status, JSON.parse(out.at(-1)!)[0].decoded], [0, 3]);
  const sources = await fileSources([join(root, "JPEGImages")]);
  assert.deepEqual(sources.map(({ name }) => name), ["l", "u", "v"]);
  const { data } = await sources[2]!.read();
  assert.ok(data.length === width * height * 3 && data.every((value) => value === 7));
});

placeTest("a damaged picture and a foreign format are refused by data and predict alike", async (place) => {
  const { root, at } = await makeData(place);
  const damaged = new Uint8Array([...jpeg.subarray(0, -2), 1, 2, 3, 4, 5, ...jpeg.subarray(-2)]);
  for (
    const [bytes, reason] of [
      [damaged, /it is damaged: libjpeg warns of its scan/],
      [new TextEncoder().encode("%PDF-1.7"), /it is no JPEG, PNG, TIFF, WebP, BMP or GIF, but a PDF/],
      [new Uint8Array(), /it is empty/],
    ] as const
  ) {
    await Deno.writeFile(at, bytes);
    const { out } = await place.command("data", root, "--json");
    const [{ problems }] = JSON.parse(out.at(-1)!);
    assert.ok(problems.length === 1 && reason.test(problems[0]), `${problems}`);
    const [source] = await fileSources([at]);
    await assert.rejects(source!.read(), { message: problems[0] });
  }
});
