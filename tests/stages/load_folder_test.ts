/** `load` of a folder of one's own. */
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import { ConfigError } from "../../pipeline/errors.ts";
import type { LoadInput } from "../../stages/load.ts";
import {
  colorMask,
  folderConfig,
  indexMask,
  loadFolder,
  photograph,
  sourceNames,
  writeFiles,
} from "./datasets/folder/support.ts";
import { score } from "../../stages/evaluation/metrics.ts";
import { testWithShared } from "../support/shared_data.ts";
import { withFolder } from "../support/stage_run.ts";

/** Images a to f, of which a, b and c have a mask of the classes 0 and 1. */
const six = {
  ...Object.fromEntries([..."abcdef"].map((name, i) => [`images/${name}.png`, photograph(10 * i)])),
  ...Object.fromEntries([..."abc"].map((name) => [`masks/${name}.png`, indexMask([0, 1])])),
};
const names = ["background", "cat"];

Deno.test(
  "images with a mask are labeled, the others unlabeled, and a fifth of the labeled is scored",
  withFolder(async (folder) => {
    await writeFiles(`${folder}/data`, six);
    const input = { root: `${folder}/data`, classes: names };
    const { labeled, unlabeled, validation, events } = await loadFolder(input, `${folder}/out`);
    deepStrictEqual([...labeled.ids, ...validation.ids].sort(), ["images/a", "images/b", "images/c"]);
    strictEqual(validation.length, 1);
    deepStrictEqual(unlabeled.ids, ["images/d", "images/e", "images/f"]);
    deepStrictEqual(labeled.classes.names, names);
    deepStrictEqual([...labeled.mask(0)].slice(0, 4), [0, 1, 0, 1]);
    const notes = events.filter(({ kind }) => kind === "note").map(({ message }) => message);
    deepStrictEqual(notes, [
      `validation: 1 of 3 images with a mask, drawn by splitSeed 1: ${validation.ids[0]}.png`,
    ]);
    const again = await loadFolder({ ...input, splitSeed: 7 }, `${folder}/again`);
    strictEqual(again.validation.length, 1);
  }),
);

Deno.test(
  "no validation is loaded where none is wanted, and that is said",
  withFolder(async (folder) => {
    await writeFiles(`${folder}/data`, six);
    const { labeled, validation, events } = await loadFolder(
      { root: `${folder}/data`, classes: names, validation: null },
      `${folder}/out`,
    );
    deepStrictEqual([labeled.length, validation.length], [3, 0]);
    match(String(events[0]!.message), /validation: none, so nothing is scored/);
  }),
);

Deno.test(
  "colors, values, rules and the rest make labels, as an experiment says",
  withFolder(async (folder) => {
    const red = [255, 0, 0], black = [0, 0, 0], blue = [0, 0, 255];
    await writeFiles(`${folder}/data`, {
      "images/a.jpg.png": photograph(1),
      "masks/a.jpg.png": colorMask([red, black, blue] as [number, number, number][]),
    });
    const labelsBy = async (input: LoadInput) => {
      const { labeled } = await loadFolder(
        { root: `${folder}/data`, validation: null, ...input },
        `${folder}/out`,
      );
      return [[...labeled.mask(0)].slice(0, 3), labeled.classes] as const;
    };
    const [byColor, classes] = await labelsBy({
      classes: { background: "#000000", cat: "#ff0000", sky: "#0000FF" },
    });
    deepStrictEqual(byColor, [1, 0, 2]);
    deepStrictEqual(classes.colors, [black, red, blue]);
    deepStrictEqual((await labelsBy({ classes: { cat: { red: [1, 255] }, other: "else" } }))[0], [0, 1, 1]);
    deepStrictEqual(
      (await labelsBy({ classes: { cat: "#ff0000", other: 0 }, ignore: ["#0000ff"] }))[0],
      [0, 1, 255],
    );
    deepStrictEqual(
      (await labelsBy({ classes: [["1", ["#ff0000", "#0000ff"]], ["0", "else"]] }))[0],
      [0, 1, 0],
    );
  }),
);

Deno.test(
  "what no class names is an error with values, counts and what to write",
  withFolder(async (folder) => {
    await writeFiles(`${folder}/data`, {
      ...six,
      "masks/a.png": indexMask([0, 0, 0, 255]),
      "masks/b.png": indexMask([0, 0, 0, 255]),
      "masks/c.png": indexMask([0, 0, 0, 255]),
    });
    const input = { root: `${folder}/data`, classes: names, validation: null };
    await rejects(loadFolder(input, `${folder}/out`), (error: Error) => {
      match(
        error.message,
        /^Cannot load sample "images\/a" \(".*\/images"\): mask ".*masks\/a.png" holds a value/,
      );
      match(
        error.message,
        /no class names: 255 \(3 pixels\)\. If these .* write classes: \{ background: 0, cat: 255 \}/,
      );
      return true;
    });
    const { labeled } = await loadFolder({ ...input, classes: { background: 0, cat: 255 } }, `${folder}/out`);
    deepStrictEqual([...labeled.mask(2)].slice(0, 4), [0, 0, 0, 1]);
  }),
);

Deno.test(
  "a key is made of the files and of who is labeled: a photograph more is another key",
  withFolder(async (folder) => {
    await writeFiles(`${folder}/data`, six);
    const input = { root: `${folder}/data`, classes: names, validation: null, labeled: 2 };
    const before = await sourceNames(input);
    strictEqual(before.filter((name) => name.startsWith("labeled masks/")).length, 2);
    strictEqual(before.filter((name) => name.startsWith("unlabeled images/")).length, 4);
    strictEqual(before.length, 8);
    await writeFiles(`${folder}/data`, { "images/g.png": photograph(90) });
    deepStrictEqual((await sourceNames(input)).filter((name) => !before.includes(name)), [
      "unlabeled images/g.png",
    ]);
  }),
);

Deno.test("a config that cannot work is refused before anything is read, by the leaf's name", () => {
  const refused = (input: LoadInput, message: RegExp) =>
    throws(() => folderConfig(input), (error) => {
      ok(error instanceof ConfigError);
      match(error.message, message);
      return true;
    });
  refused({}, /load\.classes: name the classes/);
  refused(
    { classes: Array.from({ length: 300 }, (_, i) => `c${i}`) },
    /load\.classes: 300 classes are more than the 255/,
  );
  refused({ classes: ["cat", "cat"] }, /load\.classes: the name "cat" stands twice/);
  refused({ classes: ["cat"] }, /load\.classes: one class leaves nothing to tell apart/);
  refused({ classes: { a: 1, b: 1 } }, /"a" and "b" are both 1/);
  refused({ classes: { a: "red", b: 1 } }, /"red" is neither a color/);
  refused({ classes: { 7: 1, b: 2 } }, /the name "7" is a number/);
  refused({ classes: { a: { red: [9, 1] }, b: 2 } }, /red: \[9,1\] is neither/);
  refused({ classes: { a: { hue: 3 } as never, b: 2 } }, /no channel "hue"/);
  refused({ classes: names, ignore: [1] }, /load\.ignore: 1 is ignored, and is "cat"/);
  refused({ classes: names, masks: "images" }, /load\.masks: it is "images", as load\.images/);
  refused({ classes: names, images: "../x" }, /load\.images: "\.\.\/x" leads out of load\.root/);
  refused({ classes: names, colors: { dog: "#ffffff" } }, /load\.colors: there is no class "dog"/);
  refused({ dataset: "pascal", masks: "labels" }, /load\.masks: nothing reads it/);
  refused({ dataset: "shapes", ignore: 255 }, /load\.ignore: nothing reads it/);
  refused(
    { dataset: "pascal", classes: names },
    /load\.classes: nothing reads it: it is for dataset "folder"/,
  );
  for (const validation of [1.5, 0, -1, "val.txt" as never]) {
    refused(
      { classes: names, validation },
      /load\.validation: it must be a whole number of images, or a share .* null for none/,
    );
  }
  refused(
    { classes: names, labeled: 0 },
    /load\.labeled: it must be a whole number of images, or a share of them between 0 and 1$/,
  );
  refused({ classes: names, ignore: "white" }, /load\.ignore: "white" is neither a color/);
  refused(
    { classes: names, validation: 2, lists: { validation: "v" } },
    /load\.validation: load\.lists\.validation names/,
  );
});

Deno.test("classes keep the order in which they are written, which is part of the key", () => {
  deepStrictEqual(folderConfig({ classes: { cat: 255, background: 0 } }).classes, [["cat", 255], [
    "background",
    0,
  ]]);
  const parsed = folderConfig({ classes: { cat: 255, background: 0 } });
  deepStrictEqual(folderConfig(parsed), parsed);
  deepStrictEqual(folderConfig({ classes: names, ignore: 255 }).ignore, [255]);
});

Deno.test(
  "masks in which a class or a whole mask is missing are told, as they cannot teach it",
  withFolder(async (folder) => {
    await writeFiles(`${folder}/data`, { ...six, "masks/b.png": indexMask([255]) });
    const warnings = async (input: LoadInput) => {
      const { events } = await loadFolder(
        { root: `${folder}/data`, validation: null, ignore: [255], ...input },
        `${folder}/out`,
      );
      return events.filter(({ kind }) => kind === "warning").map(({ message }) => message);
    };
    deepStrictEqual(await warnings({ classes: [...names, "dog"] }), [
      "in 1 of 3 labeled masks no pixel counts, as all are ignored: images/b",
      "1 of 3 classes are in no labeled mask, and cannot be learned: dog",
    ]);
    await writeFiles(`${folder}/data`, { "masks/a.png": indexMask([0, 255]), "masks/c.png": indexMask([0]) });
    match(
      String((await warnings({ classes: names }))[1]),
      /the class "background" alone, and 50\.0 % .* \{ background: 0, object: 255 \}/,
    );
  }),
);

const shared = "field/masks_0_255";
testWithShared(
  shared,
  "masks of 0 and 255: a perfect prediction of the two classes scores 100 %",
  async (root) => {
    await withFolder(async (folder) => {
      const { labeled, validation } = await loadFolder({
        root,
        images: "JPEGImages",
        masks: "SegmentationClass",
        classes: { background: 0, object: 255 },
      }, folder);
      for (const set of [labeled, validation]) {
        const matrix = [0, 0, 0, 0];
        for (let i = 0; i < set.length; i++) for (const label of set.mask(i)) matrix[3 * label]!++;
        const { miou, pixelAccuracy, iou } = score({ classes: 2, matrix }, set.classes.absent);
        for (const each of [miou, pixelAccuracy, ...iou]) ok(Math.abs(each! - 100) < 1e-6, String(each));
      }
    })();
  },
);

testWithShared(
  shared,
  "masks of 0 and 255 as PASCAL's are told to teach nothing, with what to write",
  async (root) => {
    await withFolder(async (folder) => {
      const { events } = await loadFolder({ dataset: "pascal", root }, folder);
      const { message } = events.find(({ kind }) => kind === "warning")!;
      match(
        String(message),
        /hold the class "background" alone, .* dataset "folder", with classes: \{ background: 0, object: 255 \}/,
      );
    })();
  },
);

testWithShared(
  "field/exif6_masks_upright",
  "a folder's photographs stand upright, as their masks do",
  async (root) => {
    await withFolder(async (folder) => {
      const input = {
        root,
        images: "JPEGImages",
        masks: "SegmentationClass",
        classes: { a: "else", b: 17 },
      } as const;
      const { labeled } = await loadFolder(input, folder);
      deepStrictEqual(labeled.size(0), { width: 48, height: 64 });
      await rejects(
        loadFolder({ ...input, orientation: "stored" }, folder),
        /set load\.orientation to upright/,
      );
    })();
  },
);

testWithShared(
  "data/nuclei",
  "nuclei as people have them: red above 0, three labeled, thirteen not",
  async (root) => {
    await withFolder(async (folder) => {
      const input = {
        root,
        classes: { background: "else", nucleus: { red: [1, 255] } },
        labeled: 3,
        validation: 6,
      } as const;
      const { labeled, unlabeled, validation, events } = await loadFolder(input, folder);
      deepStrictEqual([labeled.length, unlabeled.length, validation.length], [3, 13, 6]);
      deepStrictEqual(labeled.size(0), { width: 696, height: 520 });
      for (let i = 0; i < 3; i++) {
        const nuclei = labeled.mask(i).reduce((sum, label) => sum + label, 0) / (696 * 520);
        ok(nuclei > 0.02 && nuclei < 0.6, `${labeled.ids[i]}: ${nuclei}`);
      }
      deepStrictEqual(events.filter(({ kind }) => kind === "warning"), []);
      await rejects(
        loadFolder({ ...input, classes: ["background", "nucleus"] }, folder),
        /"#010000" \(\d+ pixels\).* classes: \{ …, name: \{"red":\[1,\d\]\} \}/,
      );
    })();
  },
);
