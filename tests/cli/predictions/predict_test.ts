/** `predict`: what it labels, where it writes, and what it refuses. @module */
import assert from "node:assert/strict";
import { basename, join } from "node:path";
import { maskPalette, pascalClasses } from "../../../stages/datasets/classes.ts";
import pictures from "../../golden/pillow_pictures.json" with { type: "json" };
import type { Place } from "../support.ts";
import { indices, vocTest } from "./voc.ts";

/** The names of the masks that a call wrote. */
async function masksOf(place: Place, out: string, ...args: string[]): Promise<string[]> {
  const { status, out: lines, notes } = await place.command("predict", ...args, "--out", out, "--json");
  assert.equal(status, 0, notes);
  return JSON.parse(lines.at(-1)!).map(({ files }: { files: { mask: string } }) => files.mask);
}

vocTest("predict takes files, folders, lists of a data set, and an id list", async (place, paths) => {
  const { root, weights, out } = paths;
  const image = join(root, "JPEGImages", "2.png");
  const masks = (...args: string[]) => masksOf(place, out, weights, ...args);
  assert.deepEqual(await masks(image), ["masks/2.png"]);
  const average = await indices(join(out, "masks", "2.png"));
  assert.deepEqual([average.width, average.height, average.channels], [20, 50, 1]);
  assert.deepEqual(average.palette, maskPalette(pascalClasses));
  // A photograph is labeled as a person sees it: turned by its EXIF orientation.
  const photograph = join(place.folder, "turned.jpg");
  await Deno.writeFile(photograph, Uint8Array.fromBase64(pictures.cases["exif_6.jpg"].file));
  assert.deepEqual(await masks(photograph), ["masks/turned.png"]);
  const turned = await indices(join(out, "masks", "turned.png"));
  assert.deepEqual([turned.width, turned.height], [13, 19]);
  // Once each, however often they are named.
  assert.deepEqual(
    await masks(join(root, "JPEGImages"), image),
    [0, 1, 2, 3, 4].map((n) => `masks/${n}.png`),
  );
  assert.deepEqual(await masks("--data", root, "--list", "unlabeled"), ["masks/4.png"]);
  const list = join(place.folder, "mine.txt");
  await Deno.writeTextFile(list, "JPEGImages/3.png\nJPEGImages/0.png SegmentationClass/0.png\n");
  assert.deepEqual(await masks("--data", root, "--list", list), ["masks/3.png", "masks/0.png"]);
  const { images } = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
  assert.deepEqual(images.map(({ image, truth }: Record<string, string>) => [image, truth]), [
    [join(root, "JPEGImages/3.png"), undefined],
    [join(root, "JPEGImages/0.png"), join(root, "SegmentationClass/0.png")],
  ]);
});

vocTest(
  "results lie as the images do, none takes another's name, and none is an image again",
  async (place, paths) => {
    const { root, weights } = paths, photographs = join(place.folder, "photographs");
    const picture = await Deno.readFile(join(root, "JPEGImages", "3.png"));
    for (
      const name of ["a.png", "a.jpg", "summer/b.png", "summer/day 1/c.png", "winter/b.png", ".thumbs/d.png"]
    ) {
      await Deno.mkdir(join(photographs, name, ".."), { recursive: true });
      await Deno.writeFile(join(photographs, name), picture);
    }
    const out = join(photographs, "results");
    const wanted = ["a.jpg", "a.png", "summer/b", "summer/day 1/c", "winter/b"].map((name) =>
      `masks/${name}.png`
    );
    for (let again = 0; again < 2; again++) {
      assert.deepEqual(
        await masksOf(place, out, weights, photographs),
        wanted,
      );
    }
    // Of two folders the names begin at what they have in common.
    const [summer, winter] = [join(photographs, "summer", "day 1"), join(photographs, "winter")];
    const both = await masksOf(place, join(place.folder, "out"), weights, summer, winter);
    assert.deepEqual(both, ["masks/summer/day 1/c.png", "masks/winter/b.png"]);
  },
);

vocTest(
  "a bad file is named, the others are labeled, and the status is 1",
  async (place, { root, weights, out }) => {
    const folder = join(root, "JPEGImages");
    await Deno.writeTextFile(join(folder, "2b.jpg"), "<html>");
    const { status, notes, out: lines } = await place.command("predict", weights, folder, "--out", out);
    assert.equal(status, 1);
    assert.match(lines.at(-1)!, /^5 of 6 images labeled → /);
    assert.match(notes, /Cannot decode ".*2b\.jpg": .*web page/);
    assert.match(notes, /not labeled: ".*2b\.jpg"$/);
    const { images, failed } = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
    assert.deepEqual([images.length, failed.length, basename(failed[0].image)], [5, 1, "2b.jpg"]);
  },
);

vocTest(
  "what others wrote, or changed since, is not overwritten unless that is asked for",
  async (place, paths) => {
    const { root, weights, out } = paths, image = join(root, "JPEGImages", "2.png");
    const predict = (...more: string[]) => place.command("predict", weights, image, "--out", out, ...more);
    const own = join(out, "masks", "2.png");
    await Deno.mkdir(join(out, "masks"), { recursive: true });
    await Deno.writeTextFile(own, "mine");
    await Deno.writeTextFile(join(out, "notes.txt"), "mine");
    const refused = await predict();
    assert.equal(refused.status, 2);
    assert.match(
      refused.notes,
      /Cannot write to ".*": "masks\/2\.png" was not written by this command, or changed since/,
    );
    assert.equal(await Deno.readTextFile(own), "mine");
    assert.equal((await predict("--overwrite", "--to", "labelme")).status, 0);
    const json = join(out, "labelme", "2.json"), written = await Deno.readTextFile(json);
    assert.equal((await predict("--to", "labelme")).status, 0, "its own it writes again");
    await Deno.writeTextFile(json, written.replace('"flags": {}', '"flags": {"corrected": true}'));
    const corrected = await predict("--to", "labelme");
    assert.match(corrected.notes, /"labelme\/2\.json" was not written by this command, or changed since/);
    assert.match(await Deno.readTextFile(json), /corrected/);
    assert.equal((await predict()).status, 0, "what is not written again is in nobody's way");
    assert.equal(await Deno.readTextFile(join(out, "notes.txt")), "mine");
  },
);

vocTest("what cannot be predicted or scored is a message", async (place, { root, weights, out }) => {
  const image = join(root, "JPEGImages", "2.png");
  await Deno.mkdir(join(place.folder, "empty"));
  const mistakes: [string[], number, RegExp][] = [
    [["predict", weights], 2, /name one image file at least, or --data/],
    [["predict", weights, image, "--data", root], 2, /both images and --data/],
    [["predict", weights, image, "--list", "labeled"], 2, /name its data set by --data/],
    [["predict", weights, join(root, "JPEGImages", "9.png")], 2, /there is no file ".*9\.png"/],
    [
      ["predict", weights, join(place.folder, "empty")],
      2,
      /nor one below it holds a picture\. For a data set use/,
    ],
    [["predict", weights, "--data", "shapes-12"], 2, /they are drawn, not read from files/],
    [["predict", weights, "--data", root, "--list", "validaton"], 2, /Did you mean "validation"\?/],
    [["predict", weights, image, "--protocol", "sliding"], 2, /Unknown protocol "sliding"/],
    [["predict", weights, image, "--protocol", "center_crop"], 2, /without --crop: it is missing/],
    [
      ["predict", weights, join(place.folder, "empty"), "--out", join(place.folder, "empty")],
      2,
      /into ".*empty", the folder of/,
    ],
    [["predict", weights, image, "--to", "voc"], 2, /it must be labelme or coco/],
    [["predict", weights, image, "--tolerance", "1"], 2, /--tolerance 1 without --to/],
    [["predict", weights, image, "--to", "coco", "--tolerance", "-1"], 2, /tolerance/],
    [
      ["predict", weights, image, "--to", "coco", "--protocol", "center_crop", "--crop", "24"],
      2,
      /of the middle of images alone/,
    ],
    [["evaluate", weights, root, "--crop", "24"], 2, /--crop 24 with the protocol "original"/],
    [["evaluate", weights, root, "--protocol", "center_crop", "--crop", "1"], 2, /from 2 to 32768/],
    [["evaluate", weights, root, "--protocol", "center_crop", "--crop", "-3"], 2, /crop/],
    [["evaluate", weights, "shapes-12"], 1, /its classes are background, aeroplane/],
  ];
  for (const [args, status, message] of mistakes) {
    const folders = args[0] === "predict" ? ["--out", out] : ["--cache", place.cache];
    const result = await place.command(...args, ...(args.includes("--out") ? [] : folders));
    assert.match(result.notes, message, args.join(" "));
    assert.equal(result.status, status, args.join(" "));
  }
  assert.equal(place.has(out), false);
});
