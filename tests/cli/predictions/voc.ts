/** A small data set to predict and score, and weights for it. @module */
import { join } from "node:path";
import { decodePng } from "../../../stages/codecs/png.ts";
import { encodePalettePng, encodeRgbPng } from "../../../stages/codecs/png_encoder.ts";
import { maskPalette, pascalClasses } from "../../../stages/datasets/classes.ts";
import { shapesSet, testCheckpoint } from "../../support/training.ts";
import { type Place, placeTest } from "../support.ts";

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
export function vocTest(
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

/** The samples of a PNG as they are stored. */
export async function indices(path: string) {
  return decodePng(await Deno.readFile(path), path);
}
