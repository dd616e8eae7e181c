import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { SourceError } from "../../pipeline/errors.ts";
import { Cache, Events, pipeline, run } from "../../pipeline/mod.ts";
import { encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { pascalClasses } from "../../stages/datasets/classes.ts";
import { drawShapesScene } from "../../stages/datasets/shapes.ts";
import { load, type LoadInput } from "../../stages/load.ts";
import golden from "../golden/pillow_small.json" with { type: "json" };
import goldenLabels from "../golden/pillow_labels.json" with { type: "json" };
import { testWithShared } from "../support/shared_data.ts";
import { testContext, withFolder } from "../support/stage_run.ts";
import { configOf, height, image, makeRoot, mask, runLoad, sourcesOf, width } from "./load_support.ts";

Deno.test(
  "shapes: counts, ids and pixels are as the config says, and no file is a source",
  withFolder(async (folder) => {
    const shapes = {
      size: 16,
      labeled: 2,
      unlabeled: 3,
      validation: 2,
      sceneSeed: 9,
      variety: 0.7,
      hint: 0.4,
    };
    const { labeled, unlabeled, validation, unlabeledTruth, events } = await runLoad({ shapes }, folder);
    deepStrictEqual([labeled.length, unlabeled.length, validation.length, unlabeledTruth.length], [
      2,
      3,
      2,
      0,
    ]);
    deepStrictEqual(unlabeled.ids, ["scene-00002", "scene-00003", "scene-00004"]);
    const scene = drawShapesScene(9, 5, 16, 0.7, 0.4);
    deepStrictEqual(validation.image(0), scene.image);
    deepStrictEqual(validation.mask(0), scene.mask);
    ok(!("mask" in unlabeled));
    deepStrictEqual(events, [{ unit: "images", done: 7, total: 7 }]);
    deepStrictEqual(await sourcesOf({}), []);
  }),
);

Deno.test(
  "the truth of unlabeled images is loaded only when asked for",
  withFolder(async (folder) => {
    const shapes = { size: 16, labeled: 1, unlabeled: 2, validation: 1 };
    const { unlabeledTruth, unlabeled } = await runLoad({ shapes, unlabeledTruth: true }, folder);
    deepStrictEqual(unlabeledTruth.ids, unlabeled.ids);
    deepStrictEqual(unlabeledTruth.mask(1), drawShapesScene(1, 2, 16).mask);
  }),
);

Deno.test(
  "a PASCAL-layout folder loads; masks of unlabeled images need not exist",
  withFolder(async (folder) => {
    const root = await makeRoot(folder);
    const { labeled, unlabeled, validation } = await runLoad({ dataset: "pascal", root }, folder);
    deepStrictEqual(labeled.ids, ["images/a", "images/b b"]);
    deepStrictEqual(labeled.size(0), { width, height });
    deepStrictEqual([...labeled.mask(0)], [0, 1, 255, 0, 1, 255, 0, 1, 255, 0, 1, 255]);
    strictEqual(labeled.image(1)[0], 20);
    deepStrictEqual(unlabeled.ids, ["images/c", "images/d"]);
    strictEqual(unlabeled.image(1)[35], 40);
    deepStrictEqual(validation.classes, pascalClasses);
    const names = (await sourcesOf({ dataset: "pascal", root })).map((source) => source.name);
    deepStrictEqual(names, [
      "list 0",
      "list 1",
      "list 2",
      "images/a.png",
      "masks/a.png",
      "images/b b.png",
      "masks/b b.png",
      "images/c.png",
      "images/d.png",
      "images/e.png",
      "masks/e.png",
    ]);
  }),
);

Deno.test(
  "lists of one's own may lie anywhere",
  withFolder(async (folder) => {
    const root = await makeRoot(folder);
    const lists = { labeled: `${folder}/l`, unlabeled: `${folder}/u`, validation: `${folder}/v` };
    await Deno.writeTextFile(lists.labeled, "images/a.png masks/a.png");
    await Deno.writeTextFile(lists.unlabeled, "images/b b.png");
    await Deno.writeTextFile(lists.validation, "images/e.png masks/e.png");
    const { labeled, unlabeled } = await runLoad({ dataset: "pascal", root, lists }, folder);
    deepStrictEqual([labeled.ids, unlabeled.ids], [["images/a"], ["images/b b"]]);
  }),
);

Deno.test(
  "one list of one's own takes the place of the folder's, and the others stay",
  withFolder(async (folder) => {
    const root = await makeRoot(folder);
    const whole = await runLoad({ dataset: "pascal", root }, folder);
    const labeled = `${folder}/l`;
    await Deno.writeTextFile(labeled, "images/a.png masks/a.png");
    const own = await runLoad({ dataset: "pascal", root, lists: { labeled } }, folder);
    deepStrictEqual(own.labeled.ids, ["images/a"]);
    deepStrictEqual([own.unlabeled.ids, own.validation.ids], [whole.unlabeled.ids, whole.validation.ids]);
    await rejects(
      runLoad({ dataset: "camvid", root, lists: { labeled } }, folder),
      /camvid .* Give load\.lists\.labeled, load\.lists\.unlabeled and load\.lists\.validation/,
    );
    await rejects(
      runLoad({ dataset: "pascal", root, partition: "pascal/366", lists: { labeled } }, folder),
      /both the partition "pascal\/366" and lists .* --set load\.partition=null leaves/,
    );
  }),
);

Deno.test(
  "the content tells a picture's format, and masks of few bits have their labels",
  withFolder(async (folder) => {
    const { width, height } = goldenLabels;
    const gray = goldenLabels.cases["gray_1.png"];
    const root = await makeRoot(folder, {
      "ImageSets/labeled.txt": "images/p.jpg masks/a.jpg\n",
      "ImageSets/unlabeled.txt": "images/j.PNG",
      "images/p.jpg": encodeRgbPng(new Uint8Array(width * height * 3).fill(9), width, height),
      "images/j.PNG": Uint8Array.fromBase64(golden.cases["color_440.jpg"].file),
      "masks/a.jpg": Uint8Array.fromBase64(gray.file),
    });
    const { labeled, unlabeled } = await runLoad({ dataset: "pascal", root }, folder);
    deepStrictEqual(labeled.mask(0), Uint8Array.fromBase64(gray.labels));
    ok(labeled.image(0).every((value) => value === 9));
    deepStrictEqual(unlabeled.image(0), Uint8Array.fromBase64(golden.cases["color_440.jpg"].pixels));
  }),
);

testWithShared("field", "masks of 1 bit, gray, are classes 0 and 1", (field) =>
  withFolder(async (folder) => {
    const { labeled, validation } = await runLoad(
      { dataset: "pascal", root: `${field}/masks_1bit_gray` },
      folder,
    );
    for (const set of [labeled, validation]) {
      const seen = new Set(set.ids.flatMap((_, index) => [...set.mask(index)]));
      deepStrictEqual([...seen].sort(), [0, 1]);
    }
  })());

Deno.test(
  "an abort stops the work, and closes its files",
  withFolder(async (folder) => {
    const stopped = testContext(folder, AbortSignal.abort(new Error("stopped by the user")));
    const root = await makeRoot(folder);
    for (const input of [{}, { dataset: "pascal", root }] as LoadInput[]) {
      await rejects(
        Promise.resolve(load.definition.run({ inputs: {}, config: configOf(input), context: stopped })),
        /stopped by the user/,
      );
    }
  }),
);

testWithShared("data/voc", "128 photographs of PASCAL VOC load", (root) =>
  withFolder(async (folder) => {
    const { labeled, unlabeled, validation } = await runLoad({ dataset: "pascal", root }, folder);
    deepStrictEqual([labeled.length, unlabeled.length, validation.length], [24, 72, 32]);
    deepStrictEqual(labeled.size(0), { width: 375, height: 500 });
    for (let index = 0; index < labeled.length; index++) {
      const { width, height } = labeled.size(index);
      strictEqual(labeled.image(index).length, 3 * width * height);
      ok(labeled.mask(index).every((label) => label <= 20 || label === 255));
    }
  })());

testWithShared(
  "data/camvid",
  "CamVid loads with 46 of 367 frames labeled and void ignored",
  (root) =>
    withFolder(async (folder) => {
      const { labeled, unlabeled, validation } = await runLoad({ dataset: "camvid", root }, folder);
      deepStrictEqual([labeled.length, unlabeled.length, validation.length], [46, 321, 101]);
      const seen = new Set<number>();
      for (let index = 0; index < labeled.length; index++) {
        for (const label of labeled.mask(index)) seen.add(label);
      }
      deepStrictEqual([...seen].sort((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 255]);
      strictEqual(
        (await sourcesOf({ dataset: "camvid", root, evaluateOn: "test" })).length,
        2 + 46 * 2 + 321 + 233 * 2,
      );
    })(),
);

testWithShared(
  "partitions",
  "a published partition names the first image that is missing",
  (partitions) =>
    withFolder(async (folder) => {
      const input = { dataset: "pascal", root: folder, partition: "pascal/366", partitions } as const;
      await rejects(
        sourcesOf(input),
        /sample "JPEGImages\/2008_004112" \(".*pascal\/366\/labeled\.txt", line 1\): there is no image/,
      );
    })(),
);

/** A file that is exchanged for another of its size after the key was made, as another disk mounted in its place would do. */
for (
  const [name, content] of [
    ["images/c.png", image(31)],
    ["masks/e.png", mask([3])],
    ["ImageSets/unlabeled.txt", "images/d.png\nimages/c.png masks/c.png\n"],
  ] as const
) {
  Deno.test(
    `${name} exchanged between key and reading is refused by its name, and nothing is stored`,
    withFolder(async (folder) => {
      const root = await makeRoot(folder);
      const events = new Events();
      events.on(({ type }) => {
        if (type !== "started") return;
        if (typeof content === "string") Deno.writeTextFileSync(`${root}/${name}`, content);
        else Deno.writeFileSync(`${root}/${name}`, content);
      });
      const graph = pipeline("p", () => load({ dataset: "pascal", root })).build();
      const cache = new Cache(`${folder}/cache`);
      await rejects(
        run(graph, { cache, events }),
        (error) => error instanceof SourceError && error.message.startsWith(`Cannot use "${root}/${name}" (`),
      );
      deepStrictEqual(await cache.keys(), []);
    }),
  );
}
