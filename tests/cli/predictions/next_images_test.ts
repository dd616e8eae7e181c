/** Images of a published layout that are to be labeled next, and the lists that `load` takes of them. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { nextImages } from "../../../cli/predictions/next_images.ts";
import { listsWith } from "../../../cli/predictions/next_lists.ts";
import { Cache, type Override, parseSet, pipeline, plan, type PlanNode } from "../../../pipeline/mod.ts";
import { writeLabelMe } from "../../../stages/annotations/write.ts";
import { encodePalettePng, encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { maskPalette, pascalClasses } from "../../../stages/datasets/classes.ts";
import { openDataset } from "../../../stages/datasets/dataset.ts";
import { load, type LoadInput } from "../../../stages/load.ts";
import { shapesSet, square } from "../../support/training.ts";
import { type Place, placeTest } from "../support.ts";

const set = shapesSet(square(16, 7));

/** A folder in PASCAL's layout: 2 labeled, 3 unlabeled, of which the first has a mask, and 2 validation images. */
async function writeVoc(place: Place): Promise<string> {
  const root = join(place.folder, "voc");
  for (const folder of ["JPEGImages", "SegmentationClass", "ImageSets"]) {
    await Deno.mkdir(join(root, folder), { recursive: true });
  }
  const line = (n: number) =>
    n === 3 || n === 4 ? `JPEGImages/${n}.png` : `JPEGImages/${n}.png SegmentationClass/${n}.png`;
  for (let n = 0; n < set.length; n++) {
    await Deno.writeFile(join(root, `JPEGImages/${n}.png`), encodeRgbPng(set.image(n), 16, 16));
    const mask = encodePalettePng(set.mask(n), 16, 16, maskPalette(pascalClasses));
    if (line(n).includes(" ")) await Deno.writeFile(join(root, `SegmentationClass/${n}.png`), mask);
  }
  const lists = { labeled: [0, 1], unlabeled: [2, 3, 4], val: [5, 6] };
  for (const [name, numbers] of Object.entries(lists)) {
    await Deno.writeTextFile(join(root, "ImageSets", `${name}.txt`), numbers.map(line).join("\n"));
  }
  return root;
}

/** The stage that loads a data set, as the plan of a run has it. */
async function loaderOf(place: Place, input: LoadInput): Promise<PlanNode> {
  const { nodes } = await plan(pipeline("data", () => load(input)).build(), {
    cache: new Cache(place.cache),
  });
  return nodes[0]!;
}

const ids = ["JPEGImages/2", "JPEGImages/3", "JPEGImages/4"];
/** What a run has seen of it. */
const seen = {
  length: 3,
  ids,
  size: () => ({ width: 16, height: 16 }),
  image: (place: number) => set.image(2 + place),
};

const request = (loader: PlanNode, count?: number, overrides: readonly Override[] = []) => ({
  run: "20260131-235959-3fa9c1d2",
  images: seen,
  loader,
  count,
  overrides,
  ranking: {
    by: "disagreement" as const,
    // One was ranked that the set has not: somebody changed the file.
    images: ["elsewhere", ids[1]!, ids[0]!, ids[2]!].map((id) => ({ id, score: 0.5, share: 0.5 })),
  },
});

placeTest(
  "of a published layout the lists are what load takes, with the chosen images among the labeled",
  async (place) => {
    const root = await writeVoc(place), loader = await loaderOf(place, { dataset: "pascal", root });
    const { images, left, files, notes } = await nextImages(request(loader, 2));
    assert.deepEqual([left, notes], [3, []]);
    assert.deepEqual(images.map(({ id, name, path, image }) => [id, name, path, image]), [
      [ids[1], ids[1], "JPEGImages/3.png", join(root, "JPEGImages/3.png")],
      [ids[0], ids[0], "JPEGImages/2.png", join(root, "JPEGImages/2.png")],
    ]);
    assert.deepEqual((await images[0]!.read()).data, set.image(3));
    const lists = listsWith(images.map(({ id }) => id), files!);
    assert.deepEqual([...lists.keys()], ["next.txt", "labeled.txt", "unlabeled.txt", "validation.txt"]);
    assert.equal(lists.get("next.txt"), "JPEGImages/3.png\nJPEGImages/2.png SegmentationClass/2.png\n");
    assert.equal(lists.get("unlabeled.txt"), "JPEGImages/4.png\n");
    // Once there is a mask, the line names it.
    await Deno.copyFile(join(root, "SegmentationClass/2.png"), join(root, "SegmentationClass/3.png"));
    const paths: Record<string, string> = {};
    for (const [name, text] of lists) {
      const path = paths[name.replace(".txt", "")] = join(place.folder, name);
      await Deno.writeTextFile(
        path,
        text.replace("JPEGImages/3.png\n", "JPEGImages/3.png SegmentationClass/3.png\n"),
      );
    }
    const { next: _, ...named } = paths;
    const config = { ...files!.config, lists: named };
    const { labeled, unlabeled, validation } = (await openDataset(config)).lists;
    const of = ({ samples }: { readonly samples: readonly { readonly id: string }[] }) =>
      samples.map(({ id }) => id);
    assert.deepEqual([of(labeled), of(unlabeled), of(validation)], [
      ["JPEGImages/0", "JPEGImages/1", ids[1], ids[0]],
      [ids[2]],
      ["JPEGImages/5", "JPEGImages/6"],
    ]);
    assert.deepEqual([...listsWith(ids, files!).keys()], ["next.txt", "labeled.txt", "validation.txt"]);
  },
);

placeTest("who is labeled is asked of the lists as they are now", async (place) => {
  const root = await writeVoc(place), loader = await loaderOf(place, { dataset: "pascal", root });
  const list = (name: string) => join(root, "ImageSets", name);
  await Deno.writeTextFile(list("unlabeled.txt"), "JPEGImages/4.png");
  await Deno.writeTextFile(list("labeled.txt"), "\nJPEGImages/2.png SegmentationClass/2.png", {
    append: true,
  });
  const { images, notes } = await nextImages(request(loader));
  assert.deepEqual(images.map(({ id }) => id), [ids[2]]);
  assert.deepEqual(notes, [
    "1 of the run's unlabeled images is labeled by now",
    "1 of the run's unlabeled images is no longer there",
  ]);
  await Deno.remove(list("val.txt"));
  await assert.rejects(nextImages(request(loader)), /Cannot read the id list ".*val\.txt"/);
  const other = [{ ...parseSet("load.root=elsewhere"), folder: place.folder }];
  await assert.rejects(
    nextImages(request(loader, 1, other)),
    /Cannot load pascal from ".*elsewhere": there is no such folder/,
  );
});

placeTest("an image is held against what the run has seen: its pixels, not its file", async (place) => {
  const root = await writeVoc(place), loader = await loaderOf(place, { dataset: "pascal", root });
  const path = join(root, "JPEGImages/3.png"), bytes = await Deno.readFile(path);
  // A chunk more, as a tool adds one that looks at a picture.
  const end = bytes.length - 12, type = new TextEncoder().encode("tEXt"), text = new Uint8Array(12);
  text.set(type, 4);
  new DataView(text.buffer).setUint32(8, crc32(type));
  await Deno.writeFile(path, Uint8Array.from([...bytes.subarray(0, end), ...text, ...bytes.subarray(end)]));
  assert.equal((await nextImages(request(loader, 1))).images.length, 1);
  await Deno.writeFile(path, encodeRgbPng(set.image(0), 16, 16));
  await assert.rejects(nextImages(request(loader, 1)), /Cannot take "JPEGImages\/3\.png" .* Train again/);
  await Deno.writeFile(path, encodeRgbPng(new Uint8Array(3 * 16 * 8), 16, 8));
  await assert.rejects(
    nextImages(request(loader, 1)),
    /another image than the run has ranked, 16 × 8 and not 16 × 16\./,
  );
  await Deno.writeFile(path, bytes.subarray(0, 60));
  await assert.rejects(nextImages(request(loader, 1)), /Cannot decode ".*3\.png"/);
});

placeTest(
  "in a folder results are called as load looks for annotations, and a corrected file labels its image",
  async (place) => {
    const root = join(place.folder, "photographs"), names = ["summer/a.v2", "summer/b", "c"];
    const write = async (path: string, content: Uint8Array | string) => {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      if (typeof content === "string") await Deno.writeTextFile(join(root, path), content);
      else await Deno.writeFile(join(root, path), content);
    };
    const annotation = (name: string, at: number) =>
      writeLabelMe({ picture: name, width: 16, height: 16, labels: set.mask(2 + at) }, {
        classes: set.classes,
        tolerance: 0,
      });
    for (const [at, name] of names.entries()) {
      await write(`images/${name}.png`, encodeRgbPng(set.image(2 + at), 16, 16));
    }
    await write("images/first.png", encodeRgbPng(set.image(0), 16, 16));
    await write("shapes/first.json", annotation("first.png", 0));
    const loader = await loaderOf(place, {
      dataset: "folder",
      root,
      classes: set.classes.names,
      annotations: { format: "labelme", path: "shapes" },
      validation: null,
    });
    const paths = names.map((name) => `images/${name}`);
    const asked = {
      ...request(loader),
      images: { ...seen, ids: paths },
      ranking: { by: "disagreement" as const, images: paths.map((id) => ({ id, score: 0, share: 0 })) },
    };
    const { images, files, notes } = await nextImages(asked);
    assert.deepEqual([images.map(({ name }) => name), notes.length], [names, 1]);
    assert.match(notes[0]!, /no doubt in any of them/);
    assert.equal(
      listsWith(paths, files!).get("labeled.txt"),
      `images/first.png\n${paths.map((path) => `${path}.png\n`).join("")}`,
    );
    await write(`shapes/${images[0]!.name}.json`, annotation("a.v2.png", 0));
    const { images: left, notes: said } = await nextImages(asked);
    assert.deepEqual(left.map(({ id }) => id), paths.slice(1));
    assert.equal(said[0], "1 of the run's unlabeled images is labeled by now");
  },
);
