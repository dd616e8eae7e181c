import assert from "node:assert/strict";
import { encodePalettePng } from "../../../stages/codecs/png_encoder.ts";
import { maskPalette, shapesClasses } from "../../../stages/datasets/classes.ts";
import { DataError } from "../../../stages/datasets/errors.ts";
import { masksOf, type PseudoLabels, pseudoLabelsKind } from "../../../stages/datasets/pseudo_labels.ts";
import { roundTrip, withFolder } from "../../support/stage_run.ts";
import { shapesSet } from "../../support/training.ts";

const images = shapesSet([{ width: 5, height: 3 }, { width: 2, height: 4 }]);
const masks = [0, 1].map((i) => {
  const { width, height } = images.size(i);
  return Uint8Array.from({ length: width * height }, (_, p) => p === 2 ? 255 : (p + i) % 4);
});

/** Labels of the second and the first image, in that order, with what is to be wrong about them. */
function labelsOf(change: Partial<PseudoLabels["index"]> = {}, pixels = masks): PseudoLabels {
  const png = (i: number) => {
    const { width, height } = images.size(i);
    return encodePalettePng(pixels[i]!, width, height, maskPalette(shapesClasses));
  };
  const entries = [1, 0].map((i) => ({ id: images.ids[i]!, folder: `of ${i}`, kept: 0.5 }));
  const index = { threshold: 0, classes: shapesClasses.names, entries, ...change };
  const files: Record<string, () => Uint8Array | Promise<Uint8Array>> = {
    "index.json": () => new TextEncoder().encode(JSON.stringify(index)),
    "of 0/mask.png": () => png(0),
    "of 1/mask.png": () => png(1),
  };
  return { names: Object.keys(files), read: async (name) => await files[name]!(), index };
}

const read = (labels: PseudoLabels, folder: string, set = images) =>
  masksOf(labels, set, shapesClasses, { path: `${folder}/masks`, signal: new AbortController().signal });

Deno.test(
  "what pseudoLabel wrote is read as masks at the places of the images, out of the cache, too",
  withFolder(async (folder) => {
    for (const name of ["of 0", "of 1"]) await Deno.mkdir(`${folder}/artifact/${name}`, { recursive: true });
    const stored = await roundTrip(pseudoLabelsKind, labelsOf(), `${folder}/artifact`);
    for (const labels of [labelsOf(), stored]) {
      const set = await read(labels, folder);
      assert.deepEqual([set.mask(0), set.mask(1)], masks);
      assert.deepEqual([set.ids, set.size(1), set.classes], [images.ids, images.size(1), shapesClasses]);
    }
  }),
);

Deno.test(
  "labels of other images, sizes or classes are refused",
  withFolder(async (folder) => {
    const wrong: [labels: PseudoLabels, message: RegExp, set?: typeof images][] = [
      [labelsOf({ classes: ["a", "b"] }), /their classes are a, b, the data's are background/],
      [labelsOf({ entries: [] }), /image "scene 0" has none; 0 others do\. Give pseudoLabel the images/],
      [labelsOf(), /those of "scene 0" are 5 × 3, the image is 6 × 3/, shapesSet([{ width: 6, height: 3 }])],
      [labelsOf({}, [masks[0]!.map(() => 77), masks[1]!]), /those of "scene 0" hold 77, which is no class/],
    ];
    for (const [labels, message, set] of wrong) {
      await assert.rejects(() => read(labels, folder, set), (error: Error) => {
        assert.ok(error instanceof DataError);
        assert.match(error.message, /^Cannot learn from these pseudo-labels: /);
        assert.match(error.message, message);
        return true;
      });
    }
  }),
);
