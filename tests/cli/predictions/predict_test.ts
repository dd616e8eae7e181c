import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { confusion } from "../../../kernels/reference/label/confusion.ts";
import { readCoco } from "../../../stages/annotations/coco.ts";
import { readLabelMe } from "../../../stages/annotations/labelme.ts";
import { rasterize } from "../../../stages/annotations/rasterize.ts";
import { decodePng } from "../../../stages/codecs/png.ts";
import { encodePalettePng, encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { maskPalette, pascalClasses } from "../../../stages/datasets/classes.ts";
import pictures from "../../golden/pillow_pictures.json" with { type: "json" };
import { pythonWith, runPython } from "../../support/python.ts";
import { shapesSet, testCheckpoint } from "../../support/training.ts";
import { type Place, placeTest } from "../support.ts";
import { skip } from "../../support/skip.ts";

const names = ["branch1", "branch2", "average"] as const;

/** A folder in PASCAL's layout: 1 labeled, 1 unlabeled and 3 validation images of mixed sizes. */
async function writeVoc(root: string): Promise<void> {
  const set = shapesSet([
    { width: 40, height: 33 },
    { width: 33, height: 40 },
    { width: 20, height: 50 },
    { width: 36, height: 36 },
    { width: 36, height: 36 },
  ]);
  for (const folder of ["JPEGImages", "SegmentationClass", "ImageSets"]) {
    await Deno.mkdir(join(root, folder), { recursive: true });
  }
  const lines = await Promise.all(set.ids.map(async (_, i) => {
    const { width, height } = set.size(i);
    const mask = set.mask(i).map((label, p) => p % 11 === 0 ? 255 : 3 * label);
    await Deno.writeFile(join(root, `JPEGImages/${i}.png`), encodeRgbPng(set.image(i), width, height));
    await Deno.writeFile(
      join(root, `SegmentationClass/${i}.png`),
      encodePalettePng(mask, width, height, maskPalette(pascalClasses)),
    );
    return `JPEGImages/${i}.png SegmentationClass/${i}.png`;
  }));
  for (
    const [list, items] of [["val", lines.slice(0, 3)], ["labeled", [lines[3]]], ["unlabeled", [
      lines[4],
    ]]] as const
  ) {
    await Deno.writeTextFile(join(root, "ImageSets", `${list}.txt`), items.join("\n"));
  }
}

/** A test with such a folder, and weights for it. */
function vocTest(
  name: string,
  body: (place: Place, paths: { root: string; weights: string; out: string }) => Promise<void>,
): void {
  placeTest(name, async (place) => {
    const root = join(place.folder, "voc"), weights = join(place.folder, "w.safetensors");
    await writeVoc(root);
    await testCheckpoint(weights, { classes: pascalClasses });
    await body(place, { root, weights, out: join(place.folder, "out") });
  });
}

async function indices(path: string) {
  return decodePng(await Deno.readFile(path), path);
}

vocTest(
  "what evaluate counts is what predict wrote, under every protocol",
  async (place, { root, weights, out }) => {
    const python = pythonWith("numpy", "PIL");
    if (python === undefined) skip("no Python with numpy and PIL, which counts once more");
    const seen = new Set<string>();
    for (const protocol of ["original", "center_crop", "sliding_window", "sliding_window_shifted"]) {
      const how = protocol === "original" ? [] : ["--protocol", protocol, "--crop", "24"];
      const scored = await place.command("evaluate", weights, root, ...how, "--json", "--cache", place.cache);
      assert.equal(scored.status, 0, scored.notes);
      const metrics = JSON.parse(scored.out.at(-1)!);
      const label = protocol === "original" ? protocol : `${protocol}_24`;
      assert.equal(metrics.protocol, label);
      assert.match(scored.notes, new RegExp(`percent, ${label} `));
      const predicted = await place.command(
        "predict",
        weights,
        "--data",
        root,
        "--all",
        ...how,
        "--out",
        out,
      );
      assert.equal(predicted.status, 0, predicted.notes);
      const index = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
      assert.deepEqual([index.protocol, index.classes, index.headline, index.images.length], [
        label,
        pascalClasses.names,
        "average",
        3,
      ]);

      const sums = names.map(() => new Array<number>(21 * 21).fill(0));
      for (const { files, truth: path } of index.images) {
        const mask = await indices(path);
        assert.deepEqual(
          await Deno.readFile(join(out, files.mask)),
          await Deno.readFile(join(out, files.predictions.average)),
        );
        for (const [i, name] of names.entries()) {
          const { width, height, data } = await indices(join(out, files.predictions[name]));
          const left = Math.floor((mask.width - width) / 2), top = Math.floor((mask.height - height) / 2);
          const truth = Array.from(
            data,
            (_, p) => mask.data[(top + Math.floor(p / width)) * mask.width + left + p % width]!,
          );
          confusion(data, truth, 21).forEach((count, cell) => sums[i]![cell]! += count);
        }
      }
      names.forEach((name, i) =>
        assert.deepEqual(metrics.confusions[name].flat(), sums[i], `${protocol}, ${name}`)
      );
      assert.deepEqual(metrics.confusion, metrics.confusions.average);
      seen.add(JSON.stringify(metrics.confusion));
      if (python === undefined) continue;
      const counted = await runPython(python, new URL("../../acceptance/confusion.py", import.meta.url), out);
      for (const name of names) {
        assert.deepEqual(counted[name].confusion, metrics.confusions[name]);
        assert.ok(Math.abs(counted[name].miou - metrics.miou[name]) < 1e-9, `${name}: ${metrics.miou[name]}`);
        assert.ok(Math.abs(counted[name].pixelAccuracy - metrics.pixelAccuracy[name]) < 1e-9);
      }
      counted.average.iou.forEach((iou: number, i: number) =>
        assert.ok(Math.abs(iou - metrics.perClass[i].iou) < 1e-9)
      );
    }
    assert.equal(seen.size, 4, "the protocols count differently");
  },
);

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

vocTest("overlays, montage, legend and tables show what the masks hold", async (place, paths) => {
  const { root, weights, out } = paths;
  const { status, notes } = await place.command(
    "predict",
    weights,
    join(root, "JPEGImages"),
    "--overlay",
    "--montage",
    "--out",
    out,
  );
  assert.equal(status, 0, notes);
  const { images, classes, colors } = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
  assert.deepEqual([classes[15], colors[15]], ["person", "#c08080"]);
  for (const { image, files, areas, width, height } of images) {
    const mask = await indices(join(out, files.mask)), photograph = await indices(image);
    const tinted = await indices(join(out, files.overlay));
    const counts = new Array<number>(21).fill(0);
    mask.data.forEach((label, pixel) => {
      counts[label]!++;
      const same = [0, 1, 2].every((c) => tinted.data[3 * pixel + c] === photograph.data[3 * pixel + c]);
      if (label === 0) assert.ok(same, "background stays as it is");
    });
    assert.deepEqual(classes.map((name: string) => areas[name].pixels), counts);
    assert.ok(Math.abs(areas.background.share - counts[0]! / (width * height)) < 1e-12);
  }
  assert.ok(
    images.some(({ areas }: { areas: Record<string, { pixels: number }> }) =>
      areas.background!.pixels < 1000
    ),
  );
  const [head, ...rows] = (await Deno.readTextFile(join(out, "summary.csv"))).trimEnd().split("\r\n");
  assert.match(head!, /^image,width,height,background \(pixels\),background \(share\),aeroplane \(pixels\),/);
  assert.equal(rows.length, 5);
  assert.equal(rows[0]!.split(",")[3], String(images[0].areas.background.pixels));
  for (const name of ["legend.svg", "montage.svg"]) {
    const svg = await Deno.readTextFile(join(out, name));
    assert.match(svg, /^<svg xmlns=/);
    for (const text of classes) assert.ok(svg.includes(`>${text}</text>`), `${name}: ${text}`);
  }
  const montage = await Deno.readTextFile(join(out, "montage.svg"));
  assert.equal(montage.match(/<image /g)!.length, 10);
});

vocTest("what is written for LabelMe and COCO is the mask again", async (place, { root, weights, out }) => {
  const values = new Map(pascalClasses.names.map((name, value) => [name, value]));
  const folder = join(root, "JPEGImages");
  for (const to of ["labelme", "coco"] as const) {
    const { status, notes } = await place.command(
      "predict",
      weights,
      folder,
      "--to",
      to,
      "--tolerance",
      "0",
      "--out",
      out,
    );
    assert.equal(status, 0, notes);
    const { images } = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
    const coco = to === "coco" && readCoco(await Deno.readTextFile(join(out, "coco.json")), "coco.json");
    for (const { image, files } of images) {
      const { data, ...size } = await indices(join(out, files.mask));
      const path = files.labelme && join(out, files.labelme);
      const annotation = coco ? coco.get(basename(image))! : readLabelMe(await Deno.readTextFile(path), path);
      assert.deepEqual(rasterize(annotation, values, 0, size), data);
      if (coco) continue;
      // LabelMe finds the photograph by its path from the JSON.
      const { imagePath } = JSON.parse(await Deno.readTextFile(path));
      assert.equal(join(dirname(path), imagePath), image);
    }
  }
});

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
