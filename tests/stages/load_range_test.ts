/** `load` of images of more than 8 bits. */
import { deepStrictEqual, rejects, strictEqual } from "node:assert/strict";
import { encode } from "fast-png";
import { type ImageSet, imagesKind, samplesKind } from "../../stages/datasets/samples.ts";
import type { LoadInput } from "../../stages/load.ts";
import { testWithShared } from "../support/shared_data.ts";
import { roundTrip, withFolder } from "../support/stage_run.ts";
import { folderConfig, indexMask, loadFolder, photograph, writeFiles } from "./datasets/folder/support.ts";

/** A gray image of 16 bits, 4 × 3. */
const deep = (...values: number[]) =>
  encode({
    width: 4,
    height: 3,
    channels: 1,
    depth: 16,
    data: Uint16Array.from({ length: 12 }, (_, i) => values[i % values.length]!),
  });

/** Labeled: 100 to 200; unlabeled: up to 300; validation, which is not looked at: 50 and 900. */
const files = {
  "images/a.png": deep(100, 200),
  "images/b.png": deep(150, 300),
  "masks/a.png": indexMask([0, 1]),
  "val/images/c.png": deep(50, 900, 200, 300),
  "val/masks/c.png": indexMask([0, 1]),
};
const input = { classes: ["no", "yes"], validation: { images: "val/images", masks: "val/masks" } } as const;

async function loaded(folder: string, more: LoadInput = {}) {
  await writeFiles(`${folder}/data`, files);
  const result = await loadFolder({ ...input, ...more, root: `${folder}/data` }, `${folder}/out`);
  const notes = result.events.map(({ message }) => String(message)).filter((note) => note.includes("8 bits"));
  return { ...result, notes };
}

/** The red of an image's first four pixels. */
const reds = (set: ImageSet) => [0, 3, 6, 9].map((at) => set.image(0)[at]);

Deno.test(
  "the range is that of the labeled and unlabeled images, of all sets, said, and kept with them",
  withFolder(async (folder) => {
    const { labeled, unlabeled, validation, notes } = await loaded(folder);
    deepStrictEqual([labeled.range, unlabeled.range, validation.range], Array(3).fill([100, 300]));
    deepStrictEqual([reds(labeled), reds(unlabeled)], [[0, 128, 0, 128], [64, 255, 64, 255]]);
    deepStrictEqual(reds(validation), [0, 255, 128, 255]);
    strictEqual(notes.length, 1);
    strictEqual(
      notes[0],
      "images of more than 8 bits: 100 becomes black, 300 white (all but a thousandth of the values at either end, over the " +
        "labeled and the unlabeled images; load.range=[100,300] keeps it)",
    );
    deepStrictEqual((await roundTrip(samplesKind, labeled, `${folder}/l`)).range, [100, 300]);
    deepStrictEqual((await roundTrip(imagesKind, unlabeled, `${folder}/u`)).range, [100, 300]);
  }),
);

Deno.test(
  "an experiment may name the range, or take all that 16 bits hold",
  withFolder(async (folder) => {
    const named = await loaded(folder, { range: [100, 200] });
    deepStrictEqual([named.labeled.range, reds(named.validation)], [[100, 200], [0, 255, 255, 255]]);
    deepStrictEqual(named.notes, [
      "images of more than 8 bits: 100 becomes black, 200 white (as load.range says)",
    ]);
    const full = await loaded(folder, { range: "full" });
    deepStrictEqual([full.unlabeled.range, reds(full.validation)], [[0, 65535], [0, 4, 1, 1]]);
  }),
);

Deno.test(
  "images of 8 bits have no range, whatever is asked for",
  withFolder(async (folder) => {
    await writeFiles(`${folder}/data`, {
      "images/a.png": photograph(90),
      "images/b.png": photograph(7),
      "masks/a.png": indexMask([1]),
    });
    for (const range of ["data", [3, 4]] as const) {
      const config = { classes: ["no", "yes"], root: `${folder}/data`, validation: null, range };
      const { labeled, unlabeled, events } = await loadFolder(config, `${folder}/out`);
      deepStrictEqual([labeled.range, unlabeled.range, labeled.image(0)[0]], [undefined, undefined, 90]);
      strictEqual(events.some(({ message }) => String(message).includes("8 bits")), false);
    }
  }),
);

Deno.test("a range that is none is refused", async () => {
  for (const range of [[9, 9], [9, 3], [-1, 5], [0, 65536], [0.5, 3], "wide"]) {
    await rejects(
      async () => await Promise.resolve(folderConfig({ ...input, range } as unknown as LoadInput)),
      /range/,
    );
  }
});

testWithShared(
  "data/nuclei",
  "nuclei of a narrow range become pictures of all lights",
  (root) =>
    withFolder(async (folder) => {
      const { labeled, unlabeled } = await loadFolder({
        root,
        classes: { background: "else", nucleus: { red: [1, 255] } },
        labeled: 3,
        validation: 6,
      }, folder);
      const [low, high] = labeled.range!;
      deepStrictEqual([low > 100 && low < 150, high > 1000 && high < 3400], [true, true]);
      strictEqual(unlabeled.length, 13);
      const lights = new Set(unlabeled.image(0));
      strictEqual(lights.has(0) && lights.size > 100, true);
    })(),
);
