import assert from "node:assert/strict";
import { join } from "node:path";
import { confusion } from "../../kernels/reference/label/confusion.ts";
import { decodePng } from "../../stages/codecs/png.ts";
import { encodePalettePng, encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { maskPalette, pascalClasses } from "../../stages/datasets/classes.ts";
import pictures from "../golden/pillow_pictures.json" with { type: "json" };
import { pythonWith, runPython } from "../support/python.ts";
import { shapesSet, testCheckpoint } from "../support/training.ts";
import { type Place, placeTest } from "./support.ts";
import { skip } from "../support/skip.ts";

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
      const predicted = await place.command("predict", weights, "--data", root, ...how, "--out", out);
      assert.equal(predicted.status, 0, predicted.notes);
      const index = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
      assert.deepEqual([index.protocol, index.classes, index.entries.length], [
        label,
        pascalClasses.names,
        3,
      ]);

      const sums = names.map(() => new Array<number>(21 * 21).fill(0));
      for (const { folder, mask: path } of index.entries) {
        const mask = await indices(path);
        for (const [i, name] of names.entries()) {
          const { width, height, data } = await indices(join(out, folder, `${name}.png`));
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
      const counted = await runPython(python, new URL("../acceptance/confusion.py", import.meta.url), out);
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

vocTest(
  "predict takes files, folders, lists of a data set, and an id list",
  async (place, { root, weights, out }) => {
    const folders = async (...args: string[]) => {
      const { status, out: lines, notes } = await place.command(
        "predict",
        weights,
        ...args,
        "--out",
        out,
        "--json",
      );
      assert.equal(status, 0, notes);
      return JSON.parse(lines.at(-1)!).map(({ folder }: { folder: string }) => folder.slice(out.length + 1));
    };
    const image = join(root, "JPEGImages", "2.png");
    assert.deepEqual(await folders(image), ["2"]);
    assert.deepEqual(place.files(join(out, "2")), [
      "average.png",
      "branch1.png",
      "branch2.png",
      "conflict.png",
      "image.png",
    ]);
    const average = await indices(join(out, "2", "average.png"));
    assert.deepEqual([average.width, average.height, average.channels], [20, 50, 1]);
    assert.deepEqual(await folders(join(root, "JPEGImages")), ["0", "1", "2", "3", "4"]);
    // A photograph is labeled as a person sees it: turned by its EXIF orientation.
    const photograph = join(place.folder, "turned.jpg");
    await Deno.writeFile(photograph, Uint8Array.fromBase64(pictures.cases["exif_6.jpg"].file));
    assert.deepEqual(await folders(photograph), ["turned"]);
    const turned = await indices(join(out, "turned", "average.png"));
    assert.deepEqual([turned.width, turned.height], [13, 19]);
    // Two of one name get folders of their own.
    assert.deepEqual(await folders(image, image), ["2", "2_2"]);
    assert.deepEqual(await folders("--data", root, "--list", "unlabeled"), ["4"]);
    const list = join(place.folder, "mine.txt");
    await Deno.writeTextFile(list, "JPEGImages/3.png\nJPEGImages/0.png SegmentationClass/0.png\n");
    assert.deepEqual(await folders("--data", root, "--list", list), ["3", "0"]);
    const { entries } = JSON.parse(await Deno.readTextFile(join(out, "index.json")));
    assert.deepEqual(entries, [
      { image: join(root, "JPEGImages/3.png"), folder: "3" },
      { image: join(root, "JPEGImages/0.png"), mask: join(root, "SegmentationClass/0.png"), folder: "0" },
    ]);
  },
);

vocTest("what cannot be predicted or scored is a message", async (place, { root, weights, out }) => {
  const image = join(root, "JPEGImages", "2.png");
  const mistakes: [string[], number, RegExp][] = [
    [["predict", weights], 2, /name one image file at least, or --data/],
    [["predict", weights, image, "--data", root], 2, /both images and --data/],
    [["predict", weights, image, "--list", "labeled"], 2, /name its data set by --data/],
    [["predict", weights, join(root, "JPEGImages", "9.png")], 2, /there is no file ".*9\.png"/],
    [["predict", weights, root], 2, /holds no \.jpg, \.jpeg or \.png\. For a data set use --data/],
    [["predict", weights, "--data", "shapes-12"], 2, /they are drawn, not read from files/],
    [["predict", weights, "--data", root, "--list", "validaton"], 2, /Did you mean "validation"\?/],
    [["predict", weights, image, "--protocol", "sliding"], 2, /Unknown protocol "sliding"/],
    [["predict", weights, image, "--protocol", "center_crop"], 2, /without --crop: it is missing/],
    [["evaluate", weights, root, "--crop", "24"], 2, /--crop 24 with the protocol "original"/],
    [["evaluate", weights, root, "--protocol", "center_crop", "--crop", "1"], 2, /from 2 to 32768/],
    [["evaluate", weights, root, "--protocol", "center_crop", "--crop", "-3"], 2, /crop/],
    [["evaluate", weights, "shapes-12"], 1, /its classes are background, aeroplane/],
  ];
  for (const [args, status, message] of mistakes) {
    const folders = args[0] === "predict" ? ["--out", out] : ["--cache", place.cache];
    const result = await place.command(...args, ...folders);
    assert.match(result.notes, message, args.join(" "));
    assert.equal(result.status, status, args.join(" "));
  }
  assert.equal(place.has(out), false);
});
