import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { readShownRanking, readUnlabeledGallery, readValidation } from "../../../runtime/report/gallery.ts";
import { decodePng } from "../../../stages/codecs/png.ts";
import { encodePalettePng, encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { CONFLICT_PALETTE } from "../../../stages/evaluation/pictures.ts";

const palette = new Uint8Array(768).fill(9);
palette.set([1, 2, 3, 40, 50, 60]);
const mask = (...labels: readonly number[]) => encodePalettePng(Uint8Array.from(labels), 2, 2, palette);
const photograph = encodeRgbPng(new Uint8Array(12).fill(100), 2, 2);
const scores = {
  headline: "average",
  miou: { branch1: 50, average: 60 },
  perClass: [{ name: "a", iou: 1 }, { name: "b", iou: 2 }],
};

/** Runs `body` with a run's folder that holds these files. */
async function withFiles(
  files: Readonly<Record<string, Uint8Array | string>>,
  body: (path: string) => Promise<void>,
) {
  const path = await Deno.makeTempDir();
  try {
    for (const [name, content] of Object.entries(files)) {
      await Deno.mkdir(dirname(join(path, name)), { recursive: true });
      if (typeof content === "string") await Deno.writeTextFile(join(path, name), content);
      else await Deno.writeFile(join(path, name), content);
    }
    await body(path);
  } finally {
    await Deno.remove(path, { recursive: true });
  }
}

/** The indices of a picture that a page embeds. */
function labelsOf(url: string): number[] {
  const [, base64] = /^data:image\/png;base64,(.+)$/.exec(url)!;
  return [...decodePng(Uint8Array.fromBase64(base64!), "embedded").data];
}

Deno.test("images have the IoU of each prediction, their conflict, the classes' colors, and pictures in order", () =>
  withFiles({
    "pictures/b/image.png": photograph,
    "pictures/b/truth.png": mask(0, 0, 1, 255),
    "pictures/b/average.png": mask(0, 0, 1, 1),
    "pictures/b/branch1.png": mask(0, 1, 1, 0),
    "pictures/b/conflict.png": encodePalettePng(Uint8Array.of(0, 1, 0, 0), 2, 2, CONFLICT_PALETTE),
    "pictures/a/truth.png": mask(1, 1, 1, 1),
    "pictures/c/image.png": "no picture",
  }, async (path) => {
    const { images: [a, b, ...more], colors, left, unreadable } = await readValidation(path, scores);
    assert.deepEqual([more.length, left, unreadable], [0, 0, 1]);
    assert.deepEqual(colors, [[1, 2, 3], [40, 50, 60]]);
    assert.deepEqual([a!.name, a!.miou, a!.over, a!.conflict], ["a", {}, undefined, undefined]);
    assert.deepEqual(b!.pictures.map(({ name }) => name), [
      "image",
      "truth",
      "branch1",
      "average",
      "conflict",
    ]);
    assert.deepEqual(b!.pictures.map(({ label }) => label), [
      "image",
      "truth",
      "branch 1",
      "average",
      "conflict",
    ]);
    assert.ok(Math.abs(b!.miou["average"]! - 100) < 1e-6 && Math.abs(b!.miou["branch1"]! - 50) < 1e-6);
    assert.deepEqual([b!.over, b!.conflict], ["average", 0.25]);
    assert.match(b!.pictures[0]!.url, /^data:image\/webp;base64,/);
    assert.deepEqual(labelsOf(b!.pictures[1]!.url), [0, 0, 1, 255]);
  }));

Deno.test("unlabeled images are those of the index; the ranking has its pictures; a damaged one has none", () => {
  const index = [{ id: "photos/x y", folder: "x_y", kept: 0.5, conflict: 0.25 }];
  const ranking = {
    by: "disagreement",
    images: [
      { id: "photos/x y", score: 0.4, share: 0.4, image: "next/x/image.png", map: "next/x/map.png" },
      { id: "z", score: 0.2, share: 0.2, image: "next/gone.png", map: "next/gone.png" },
      { id: "w", score: 0, share: 0 },
    ],
  };
  return withFiles({
    "unlabeled/index.json": JSON.stringify(index),
    "unlabeled/x_y/image.png": photograph,
    "unlabeled/x_y/pseudo-label.png": mask(0, 1, 255, 1),
    "unlabeled/foreign/image.png": photograph,
    "next.json": JSON.stringify(ranking),
    "next/x/image.png": photograph,
    "next/x/map.png": photograph,
  }, async (path) => {
    const { images } = await readUnlabeledGallery(path);
    assert.equal(images.length, 1);
    const { name, kept, conflict, over, pictures } = images[0]!;
    assert.deepEqual([name, kept, conflict, over], ["photos/x y", 0.5, 0.25, "pseudo-label"]);
    assert.deepEqual(labelsOf(pictures[1]!.url), [0, 1, 255, 1]);
    const { by, count, mean, images: ranked } = (await readShownRanking(path))!;
    assert.deepEqual([by, count, ranked.map(({ id }) => id)], ["disagreement", 3, ["photos/x y"]]);
    assert.ok(Math.abs(mean - 0.2) < 1e-12);
    await Deno.writeTextFile(join(path, "unlabeled", "index.json"), '[{"id":1}]');
    await Deno.writeTextFile(join(path, "next.json"), "{");
    assert.equal((await readUnlabeledGallery(path)).images.length, 0);
    assert.equal(await readShownRanking(path), undefined);
  });
});
