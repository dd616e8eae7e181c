import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { SourceError, UserError } from "../../pipeline/errors.ts";
import { Cache, Events, pipeline, run } from "../../pipeline/mod.ts";
import { parseConfig } from "../../pipeline/language/schema.ts";
import { encodePalettePng, encodeRgbPng } from "../../stages/codecs/png_encoder.ts";
import { maskPalette, pascalClasses } from "../../stages/datasets/classes.ts";
import { drawShapesScene } from "../../stages/datasets/shapes.ts";
import { load, type LoadInput } from "../../stages/load.ts";
import golden from "../golden/pillow_small.json" with { type: "json" };
import goldenLabels from "../golden/pillow_labels.json" with { type: "json" };
import { testWithShared } from "../support/shared_data.ts";
import { specialFiles } from "../support/disks/special_files.ts";
import { testContext, withFolder } from "../support/stage_run.ts";
import { skip } from "../support/skip.ts";

const configOf = (input: LoadInput) => parseConfig(load.definition.config, input, "load");

async function runLoad(input: LoadInput, folder: string) {
  const context = testContext(folder);
  const result = await load.definition.run({ inputs: {}, config: configOf(input), context });
  return { ...result, events: context.events };
}

const sourcesOf = async (input: LoadInput) => await load.definition.sources!(configOf(input));

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

const palette = maskPalette(pascalClasses);
const width = 4, height = 3;
const image = (value: number) => encodeRgbPng(new Uint8Array(width * height * 3).fill(value), width, height);
const mask = (labels: number[]) =>
  encodePalettePng(
    Uint8Array.from({ length: 12 }, (_, i) => labels[i % labels.length]!),
    width,
    height,
    palette,
  );

/** A small PASCAL-layout folder: a and b labeled, c and d unlabeled (no masks on disk), e in val. */
async function makeRoot(
  folder: string,
  changes: Record<string, string | Uint8Array | null> = {},
): Promise<string> {
  const files: Record<string, string | Uint8Array | null> = {
    "images/a.png": image(10),
    "images/b b.png": image(20),
    "images/c.png": image(30),
    "images/d.png": image(40),
    "images/e.png": image(50),
    "masks/a.png": mask([0, 1, 255]),
    "masks/b b.png": mask([20]),
    "masks/e.png": mask([2]),
    "ImageSets/labeled.txt": "images/a.png masks/a.png\r\nimages/b b.png masks/b b.png\r\n",
    "ImageSets/unlabeled.txt": "images/c.png masks/c.png\nimages/d.png\n",
    "ImageSets/val.txt": "images/e.png masks/e.png\n\n",
    ...changes,
  };
  const root = `${folder}/root`;
  for (const name of ["images", "masks", "ImageSets"]) {
    await Deno.mkdir(`${root}/${name}`, { recursive: true });
  }
  for (const [name, content] of Object.entries(files)) {
    if (typeof content === "string") await Deno.writeTextFile(`${root}/${name}`, content);
    else if (content !== null) await Deno.writeFile(`${root}/${name}`, content);
  }
  return root;
}

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

const labeledList = "ImageSets/labeled.txt";
const cut = (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 20);
const wide = encodePalettePng(new Uint8Array(15), 5, 3, palette);
const jpegCut = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0);

/** What is wrong with the folder, and what the message must say. */
const badFolders: Record<string, [Record<string, string | Uint8Array | null>, RegExp]> = {
  "an image that is missing": [
    { "images/a.png": null },
    /Cannot load sample "images\/a" \(".*labeled\.txt", line 1\): there is no image ".*root\/images\/a\.png"/,
  ],
  "a mask that is missing": [
    { "masks/b b.png": null },
    /sample "images\/b b" \(".*labeled\.txt", line 2\): there is no mask ".*masks\/b b\.png"/,
  ],
  "a mask of another size": [
    { "masks/a.png": wide },
    /sample "images\/a" .*mask ".*masks\/a\.png" is 5 × 3, the image is 4 × 3; both must have one size/,
  ],
  "a mask value outside the classes": [
    { "masks/a.png": mask([0, 21, 3]) },
    /holds the value 21 in 4 pixels, first at row 0, column 1; labels are 0 to 20, and 255 is ignored/,
  ],
  "a mask in color": [
    { "masks/a.png": image(0) },
    /has 3 channels of 8 bits; it must hold one label a pixel/,
  ],
  "a mask that is a JPEG": [
    { "masks/a.png": Uint8Array.fromBase64(golden.cases["gray.jpg"].file) },
    /mask ".*masks\/a\.png" is a JPEG, which does not keep label values .* export the masks as PNG/,
  ],
  "a truncated PNG": [{ "images/a.png": cut(image(3)) }, /Cannot decode ".*images\/a\.png": it is cut short/],
  "a truncated JPEG": [
    { "ImageSets/unlabeled.txt": "images/c.jpg\n", "images/c.jpg": jpegCut },
    /Cannot decode ".*images\/c\.jpg": it is cut short/,
  ],
  "an id labeled twice": [
    { [labeledList]: "images/a.png masks/a.png\nimages/a.png masks/a.png" },
    /line 2 of the id list ".*labeled\.txt": the id "images\/a" is listed already on line 1/,
  ],
  "an id labeled and in val": [
    { "ImageSets/val.txt": "images/e.png masks/e.png\nimages/a.png masks/a.png" },
    /the id "images\/a" twice: it is labeled \(".*labeled\.txt", line 1\) and in validation \(".*val\.txt", line 2\)/,
  ],
  "an id labeled and unlabeled": [
    { "ImageSets/unlabeled.txt": "images/a.png" },
    /the id "images\/a" twice: it is labeled .* and unlabeled/,
  ],
  "an id with ../": [
    { [labeledList]: "../a.png masks/a.png" },
    /line 1 of the id list .* "\.\.", "\." or empty segment/,
  ],
  "an absolute path": [{ [labeledList]: "C:/a.png masks/a.png" }, /line 1 of the id list .* is absolute/],
  "a mask with alpha": [
    { "masks/a.png": Uint8Array.fromBase64(golden.cases["gray_alpha.png"].file) },
    /mask ".*masks\/a\.png" has 2 channels of 8 bits; it must hold one label a pixel/,
  ],
  "an image that is none": [
    { "images/a.png": "<html>" },
    /Cannot decode ".*images\/a\.png": it is no JPEG, PNG, TIFF, WebP, BMP or GIF, but text, perhaps a web page/,
  ],
  "an empty list": [{ "ImageSets/val.txt": "\n" }, /the id list ".*val\.txt": it is empty/],
  "a list that is missing": [
    { "ImageSets/val.txt": null },
    /Cannot read the id list ".*ImageSets\/val\.txt": there is no such file\. Put the three lists there/,
  ],
};

for (const [name, [changes, message]] of Object.entries(badFolders)) {
  Deno.test(
    `${name} is refused with its place and the rule`,
    withFolder(async (folder) => {
      const root = await makeRoot(folder, changes);
      await rejects(runLoad({ dataset: "pascal", root }, folder), (error: unknown) => {
        ok(error instanceof UserError, `${error}`);
        ok(message.test(error.message), error.message);
        return true;
      });
    }),
  );
}

for (const { name, reason, make } of specialFiles) {
  Deno.test(
    `${name} in a picture's place is refused when planning, and when reading`,
    withFolder(async (folder) => {
      for (const what of ["images", "masks"]) {
        const root = await makeRoot(folder, { [`${what}/e.png`]: null });
        const unavailable = await make(`${root}/${what}/e.png`);
        if (unavailable !== undefined) return skip(unavailable);
        const said = (error: unknown) =>
          error instanceof UserError && error.message.includes(`root/${what}/e.png`) &&
          error.message.startsWith('Cannot load sample "images/e" (') && reason.test(error.message);
        if (!name.includes("permission")) await rejects(sourcesOf({ dataset: "pascal", root }), said);
        await rejects(runLoad({ dataset: "pascal", root }, folder), said);
        await Deno.remove(root, { recursive: true });
      }
      const root = await makeRoot(folder, { "ImageSets/val.txt": null });
      await make(`${root}/ImageSets/val.txt`);
      await rejects(
        sourcesOf({ dataset: "pascal", root }),
        (error) =>
          error instanceof UserError && /the id list ".*val\.txt"/.test(error.message) &&
          reason.test(error.message),
      );
    }),
  );
}

Deno.test(
  "the content tells a picture's format, and masks of few bits have their labels",
  withFolder(async (folder) => {
    const { width, height } = goldenLabels;
    const gray = goldenLabels.cases["gray_1.png"];
    const root = await makeRoot(folder, {
      [labeledList]: "images/p.jpg masks/a.jpg\n",
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
  "what is missing is said when planning, before anything runs",
  withFolder(async (folder) => {
    const root = await makeRoot(folder, { "images/d.png": null });
    await rejects(
      sourcesOf({ dataset: "pascal", root }),
      /sample "images\/d" \(".*unlabeled\.txt", line 2\): there is no image/,
    );
    await rejects(
      sourcesOf({ dataset: "camvid", root: `${folder}/none` }),
      /Cannot load camvid from ".*none": there is no such folder\. .*--set load\.root=PATH/,
    );
    await rejects(sourcesOf({ dataset: "pascal", root: `${root}/images/a.png` }), /it is not a folder/);
    await rejects(
      sourcesOf({ dataset: "pascal", root, partition: "pascal/93" }),
      /Cannot find the partition "pascal\/93"/,
    );
    await rejects(
      sourcesOf({ dataset: "cityscapes", root, partition: "pascal/92" }),
      /Cannot load the partition "pascal\/92" of pascal as cityscapes/,
    );
  }),
);

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
