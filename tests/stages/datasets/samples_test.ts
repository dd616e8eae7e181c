import { deepStrictEqual, rejects, strictEqual, throws } from "node:assert/strict";
import { shapesClasses } from "../../../stages/datasets/classes.ts";
import {
  type ImageSet,
  imagesKind,
  masksKind,
  type SampleSet,
  samplesKind,
  SetWriter,
} from "../../../stages/datasets/samples.ts";
import { readerOf, roundTrip, withFolder } from "../../support/stage_run.ts";

const sizes = [{ width: 3, height: 2 }, { width: 1, height: 1 }, { width: 5, height: 4 }];
const pixels = (index: number, channels: number) =>
  Uint8Array.from(
    { length: sizes[index]!.width * sizes[index]!.height * channels },
    (_, i) => (i * 7 + index) % 7,
  );

async function packed(folder: string): Promise<SampleSet> {
  const writer = new SetWriter(["images", "masks"], (part) => `${folder}/packed-${part}`);
  for (const [index, size] of sizes.entries()) {
    await writer.add(`sample ${index}`, size, { images: pixels(index, 3), masks: pixels(index, 1) });
  }
  return writer.samples(shapesClasses);
}

function assertSame(set: SampleSet): void {
  strictEqual(set.length, 3);
  deepStrictEqual(set.ids, ["sample 0", "sample 1", "sample 2"]);
  deepStrictEqual(set.classes, shapesClasses);
  for (const index of [2, 0, 1, 0]) {
    deepStrictEqual(set.size(index), sizes[index]);
    deepStrictEqual(set.image(index), pixels(index, 3));
    deepStrictEqual(set.mask(index), pixels(index, 1));
  }
}

Deno.test(
  "samples of many sizes come back from the packed files, in any order",
  withFolder(async (folder) => {
    const set = await packed(folder);
    assertSame(set);
    const stored = await roundTrip(samplesKind, set, `${folder}/artifact`);
    assertSame(stored);
    deepStrictEqual(readerOf(`${folder}/artifact`).names(), ["images.bin", "index.json", "masks.bin"]);
    throws(() => stored.image(3), /Cannot get image 3 of a set of 3/);
  }),
);

Deno.test(
  "a set that is not packed is stored with the same bytes as one that is",
  withFolder(async (folder) => {
    const set = await packed(folder);
    const view: SampleSet = { ...set };
    assertSame(await roundTrip(samplesKind, view, `${folder}/view`));
    await roundTrip(samplesKind, set, `${folder}/artifact`);
    for (const name of ["images.bin", "index.json", "masks.bin"]) {
      deepStrictEqual(
        Deno.readFileSync(`${folder}/view/${name}`),
        Deno.readFileSync(`${folder}/artifact/${name}`),
      );
    }
  }),
);

Deno.test(
  "images have no mask, in the type and in the files",
  withFolder(async (folder) => {
    const writer = new SetWriter(["images"], (part) => `${folder}/${part}`);
    await writer.add("a", sizes[0]!, { images: pixels(0, 3) });
    const images: ImageSet = await roundTrip(imagesKind, writer.images(), `${folder}/artifact`);
    // @ts-expect-error An unlabeled image has no mask.
    strictEqual(images.mask, undefined);
    deepStrictEqual(readerOf(`${folder}/artifact`).names(), ["images.bin", "index.json"]);
  }),
);

Deno.test(
  "an empty set of masks is a set of length 0",
  withFolder(async (folder) => {
    const writer = new SetWriter(["masks"], (part) => `${folder}/${part}`);
    const set = await roundTrip(masksKind, writer.masks(shapesClasses), `${folder}/artifact`);
    strictEqual(set.length, 0);
    throws(() => set.mask(0), RangeError);
  }),
);

Deno.test(
  "pixels that do not fit the size, and files that do not fit the index, are refused",
  withFolder(async (folder) => {
    const writer = new SetWriter(["images", "masks"], (part) => `${folder}/${part}`);
    await rejects(
      writer.add("a", sizes[0]!, { images: pixels(0, 3) }),
      /Cannot pack "a": its masks have 0 bytes; 6 fit/,
    );
    writer.close();
    await roundTrip(samplesKind, await packed(folder), `${folder}/artifact`);
    await Deno.truncate(`${folder}/artifact/masks.bin`, 20);
    await rejects(samplesKind.read(readerOf(`${folder}/artifact`)), /has 20 bytes, its index needs 27/);
  }),
);
