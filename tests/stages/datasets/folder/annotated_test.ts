/** `load` of a folder whose labels are shapes of annotation tools. */
import { deepStrictEqual, match, ok, rejects, strictEqual, throws } from "node:assert/strict";
import type { LoadInput } from "../../../../stages/load.ts";
import { ConfigError } from "../../../../pipeline/errors.ts";
import { withFolder } from "../../../support/stage_run.ts";
import { folderConfig, loadFolder, photograph, sourceNames, writeFiles } from "./support.ts";

const classes = ["background", "cat", "dog"];
const pictures = Object.fromEntries([..."abcd"].map((name, i) => [`images/${name}.png`, photograph(10 * i)]));

/** LabelMe's file of a picture of 4 × 3, with a rectangle in its upper left corner. */
function labelMe(label: string, more: object = {}): string {
  const shapes = [{ label, points: [[0, 0], [1, 1]], shape_type: "rectangle" }];
  return JSON.stringify({ shapes, imageWidth: 4, imageHeight: 3, ...more });
}
const corner = (
  value: number,
  other = 0,
) => [value, value, other, other, value, value, ...new Array(6).fill(other)];

/** COCO's file: pictures by name, each with the labels of its upper left corner. */
function coco(labels: Readonly<Record<string, readonly string[]>>): string {
  const names = [...new Set(Object.values(labels).flat())];
  const images = Object.keys(labels).map((file_name, id) => ({ id, file_name, width: 4, height: 3 }));
  const annotations = images.flatMap(({ id, file_name }) =>
    labels[file_name]!.map((name) => ({
      image_id: id,
      category_id: names.indexOf(name),
      segmentation: [[0, 0, 2, 0, 2, 2, 0, 2]],
    }))
  );
  return JSON.stringify({ images, annotations, categories: names.map((name, id) => ({ id, name })) });
}

Deno.test(
  "LabelMe's files beside the images label them; a corrected file is another source",
  withFolder(async (folder) => {
    const root = `${folder}/data`;
    await writeFiles(root, { ...pictures, "images/a.json": labelMe("cat"), "images/c.json": labelMe("dog") });
    const input: LoadInput = { root, classes, annotations: "labelme", validation: null };
    const { labeled, unlabeled, events } = await loadFolder(input, `${folder}/out`);
    deepStrictEqual([labeled.ids, unlabeled.ids], [["images/a", "images/c"], ["images/b", "images/d"]]);
    deepStrictEqual([0, 1].map((i) => [...labeled.mask(i)]), [corner(1), corner(2)]);
    const notes = events.filter(({ kind }) => kind === "note").map(({ message }) => String(message));
    ok(notes.every((note) => !note.includes(".json")), `${notes}`);
    const sources = await sourceNames(input);
    ok(["labeled images/a.json", "labeled images/c.json"].every((name) => sources.includes(name)));
  }),
);

Deno.test(
  "LabelMe's files in a folder of their own lie as the images do; a saved file without shapes is background",
  withFolder(async (folder) => {
    const root = `${folder}/data`;
    await writeFiles(root, {
      "images/x/a.png": photograph(1),
      "images/b.png": photograph(2),
      "labels/x/a.json": labelMe("cat"),
      "labels/b.json": labelMe("", { shapes: [] }),
    });
    const annotations = { format: "labelme", path: "labels/" } as const;
    const { labeled } = await loadFolder({ root, classes, annotations, validation: null }, `${folder}/out`);
    deepStrictEqual(labeled.ids, ["images/b", "images/x/a"]);
    deepStrictEqual([0, 1].map((i) => [...labeled.mask(i)]), [corner(0), corner(1)]);
  }),
);

Deno.test(
  "files for many pictures label those that have a shape; labels are renamed, ignored, left out",
  withFolder(async (folder) => {
    const root = `${folder}/data`;
    await writeFiles(root, {
      ...pictures,
      "val/e.png": photograph(9),
      "one.json": coco({ "a.png": ["cat"], "b.png": [], "gone.png": ["cat"] }),
      "more/two.json": coco({ "c.png": ["difficult"], "val/e.png": ["puppy", "box"] }),
    });
    const annotations = {
      format: "coco",
      path: ["one.json", "more/two.json"],
      labels: { puppy: "dog", difficult: "ignore", box: null },
    } as const;
    const input: LoadInput = { root, classes, annotations, validation: { images: "val" } };
    const { labeled, unlabeled, validation, events } = await loadFolder(input, `${folder}/out`);
    deepStrictEqual([labeled.ids, unlabeled.ids, validation.ids], [
      ["images/a", "images/c"],
      ["images/b", "images/d"],
      ["val/e"],
    ]);
    deepStrictEqual([0, 1].map((i) => [...labeled.mask(i)]), [corner(1), corner(255)]);
    deepStrictEqual([...validation.mask(0)], corner(2));
    match(String(events[0]!.message), /^1 annotation of pictures that are not there passed over: gone\.png$/);
    const sources = await sourceNames(input);
    ok(
      ["list 0", "list 1", "labeled one.json", "validation more/two.json"].every((name) =>
        sources.includes(name)
      ),
    );
  }),
);

Deno.test(
  "CVAT's and Label Studio's files are read, too, and a list may name who is labeled",
  withFolder(async (folder) => {
    const root = `${folder}/data`;
    const box = '<box label="cat" xtl="0" ytl="0" xbr="2" ybr="2"/>';
    const points = [[0, 0], [50, 0], [50, 66.667], [0, 66.667]];
    const result = [{
      type: "polygonlabels",
      value: { points, polygonlabels: ["cat"] },
      original_width: 4,
      original_height: 3,
    }];
    await writeFiles(root, {
      ...pictures,
      "annotations.xml": `<annotations><image name="a.png" width="4" height="3">${box}</image></annotations>`,
      "project.json": JSON.stringify([{ id: 1, data: { image: "/x/a.png" }, annotations: [{ result }] }]),
      "labeled.txt": "images/a.png\n",
    });
    for (const [format, path] of [["cvat", "annotations.xml"], ["label-studio", "project.json"]] as const) {
      const lists = { labeled: `${root}/labeled.txt` };
      const input: LoadInput = { root, classes, annotations: { format, path }, lists, validation: null };
      const { labeled, unlabeled } = await loadFolder(input, `${folder}/${format}`);
      deepStrictEqual([labeled.ids, unlabeled.length], [["images/a"], 3]);
      deepStrictEqual([...labeled.mask(0)], corner(1));
    }
  }),
);

Deno.test(
  "what lies in no shape is the class that is else, or ignored where that is asked for",
  withFolder(async (folder) => {
    const root = `${folder}/data`;
    await writeFiles(root, { ...pictures, "images/a.json": labelMe("cat") });
    const maskBy = async (input: LoadInput) => {
      const common: LoadInput = { root, annotations: "labelme", validation: null };
      return [...(await loadFolder({ ...common, ...input }, `${folder}/out`)).labeled.mask(0)];
    };
    deepStrictEqual(await maskBy({ classes: { cat: 7, rest: "else" } }), corner(0, 1));
    deepStrictEqual(await maskBy({ classes: ["dog", "cat"], ignore: ["else"] }), corner(1, 255));
    throws(
      () => folderConfig({ root, annotations: "labelme", classes: ["dog", "cat"] }),
      /nothing says what lies in no shape: add a class "background", or write ignore: \["else"\]/,
    );
  }),
);

Deno.test(
  "labels that are no class are said all at once, with counts and what to write",
  withFolder(async (folder) => {
    const root = `${folder}/data`;
    await writeFiles(root, {
      ...pictures,
      "c.json": coco({ "a.png": ["cat", "horse"], "b.png": ["horse", "cow"] }),
      "images/a.json": labelMe("horse"),
      "images/b.json": labelMe("cow"),
      "images/c.json": labelMe("horse"),
    });
    for (const annotations of ["labelme", { format: "coco", path: "c.json" }] as const) {
      await rejects(
        loadFolder({ root, classes, annotations, validation: null }, `${folder}/out`),
        (error: Error) => {
          match(
            error.message,
            /labels that are no class: "horse" \(2 shapes\), "cow" \(1 shape\)\. Write classes: \["background", "cat", "dog", "horse", "cow"\], or/,
          );
          match(
            error.message,
            /what they are: labels: \{ "horse": … \}, the name of a class, "ignore" to count nowhere, or null/,
          );
          return true;
        },
      );
    }
  }),
);

Deno.test(
  "annotations that do not fit the pictures or the config are refused",
  withFolder(async (folder) => {
    const root = `${folder}/data`;
    await writeFiles(root, {
      ...pictures,
      "none.json": coco({ "x.png": ["cat"] }),
      "twice.json": coco({ "images/a.png": ["cat"] }),
      "a.json": coco({ "a.png": ["cat"] }),
      "images/a.json": labelMe("cat", { imageWidth: 3, imageHeight: 4 }),
    });
    const path = (...path: string[]) => ({ format: "coco", path } as const);
    const bad: [LoadInput["annotations"], RegExp][] = [
      [
        "labelme",
        /"[^"]*images\/a\.json", the picture's size: it is of a picture of 3 × 4, and the picture is 4 × 3/,
      ],
      [
        path("none.json"),
        /no image that fits load\.images, "images", is labeled by coco, "none\.json"; 1 annotation of/,
      ],
      [
        path("a.json", "twice.json"),
        /two annotations of "images\/a\.png", from "[^"]*a\.json" and "[^"]*twice\.json"/,
      ],
      [path("nowhere.json"), /nowhere\.json": there is no such file\. Name it by load\.annotations\.path/],
    ];
    for (const [annotations, message] of bad) {
      await rejects(loadFolder({ root, classes, annotations, validation: null }, `${folder}/out`), message);
    }
    const wrong: [LoadInput, RegExp][] = [
      [{ annotations: { format: "coco" } }, /load\.annotations\.path.*name the file, relative to load\.root/],
      [{ annotations: { format: "labelme", path: ["a", "b"] } }, /in one folder, or beside the images/],
      [{ annotations: { format: "coco", path: "../a.json" } }, /leads out of load\.root/],
      [
        { annotations: { format: "coco", path: "a.json", labels: { x: "lion" } } },
        /"x" is "lion", which is no class/,
      ],
      [
        { annotations: "labelme", validation: { images: "v", masks: "w" } },
        /stands for masks; leave its masks out/,
      ],
      [{ annotations: "labelme", orientation: "stored" }, /show photographs upright/],
      [{ validation: { images: "v" } }, /load\.validation.*name its masks, too/],
      [{ dataset: "pascal", classes: undefined, annotations: "labelme" }, /it is for dataset "folder"/],
      [{ annotations: "labelmee" as "labelme" }, /load\.annotations/],
    ];
    for (const [input, message] of wrong) {
      throws(() => folderConfig({ root, classes, ...input }), (error: Error) => {
        ok(error instanceof ConfigError);
        match(error.message, message);
        return true;
      });
    }
    strictEqual(folderConfig({ root, classes, annotations: "labelme" }).annotations?.path.length, 0);
  }),
);
