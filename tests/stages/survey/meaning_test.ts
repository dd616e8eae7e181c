/** What masks probably mean, by what they hold. @module */
import assert from "node:assert/strict";
import { type CountedMask, formOf, MaskValues } from "../../../stages/survey/mask_values.ts";
import type { KnownNames } from "../../../stages/survey/class_rule.ts";
import { proposeClasses } from "../../../stages/survey/meaning.ts";
import { parseNames } from "../../../stages/survey/name_files.ts";

/** Values of masks of one row each. */
function gray(...masks: (readonly number[])[]): MaskValues {
  return counted(
    masks.map((row) => ({ channels: 1, width: row.length, height: 1, data: Uint16Array.from(row) })),
  );
}

/** The same of colors, 0xrrggbb. */
function colors(...masks: (readonly number[])[]): MaskValues {
  return counted(masks.map((row) => ({
    channels: 3,
    width: row.length,
    height: 1,
    data: Uint8Array.from(row.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255])),
  })));
}

function counted(masks: readonly CountedMask[]): MaskValues {
  const values = new MaskValues(formOf(masks[0]!));
  for (const mask of masks) values.add(mask);
  return values;
}

const classesOf = (values: MaskValues, known?: KnownNames) => proposeClasses(values, known).classes;
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

Deno.test("two values are background and foreground, whatever they are", () => {
  assert.deepEqual(classesOf(gray([0, 255, 255])), { background: 0, foreground: 255 });
  assert.deepEqual(classesOf(gray([0, 0], [1, 1])), { background: 0, foreground: 1 });
  assert.deepEqual(classesOf(colors([0, 0xffffff])), { background: "#000000", foreground: "#ffffff" });
  assert.deepEqual(classesOf(colors([0, 0x00ff00])), { background: "#000000", foreground: "#00ff00" });
});

Deno.test("values without names are classes of their numbers; 255 among them is void", () => {
  const { classes, ignore, notes } = proposeClasses(gray([0, 1, 3], [0, 255]));
  assert.deepEqual(classes, { "class 0": 0, "class 1": 1, "class 3": 3 });
  assert.deepEqual(ignore, [255]);
  assert.match(notes.join("\n"), /--classes name0,name1,name3/);
});

Deno.test("colors are classes by their names", () => {
  assert.deepEqual(classesOf(colors([0, 0xff0000, 0x804020])), {
    black: "#000000",
    "#804020": "#804020",
    red: "#ff0000",
  });
});

Deno.test("numbers of objects are one class: in a channel, in 16 bits, or of many colors", () => {
  const numbered = colors([0, 0x010000, 0x020000, 0x030000], [0, 0x010000], [0, 0x010000, 0x020000]);
  assert.deepEqual(classesOf(numbered), { background: { red: 0 }, object: { red: [1, 255] } });
  assert.deepEqual(classesOf(gray(range(138), range(90))), {
    background: { value: 0 },
    object: { value: [1, 255] },
  });
  assert.deepEqual(classesOf(gray([0, 700, 701])), {
    background: { value: 0 },
    object: { value: [1, 65535] },
  });
  const many = [...Array(500).fill(0), ...range(200).map((i) => 0x10000 * i + 3 * i + 0x3000)];
  assert.deepEqual(classesOf(colors(many)), { background: "#000000", object: "else" });
});

Deno.test("classes in a channel, as simulators draw them, have gaps, and stay classes", () => {
  const { classes, notes } = proposeClasses(colors([0, 0x070000, 0x0a0000], [0x070000, 0x0a0000, 0x0a0000]));
  assert.deepEqual(classes, { "class 0": { red: 0 }, "class 7": { red: 7 }, "class 10": { red: 10 } });
  assert.match(notes.join("\n"), /--class background=red:0 --class object=red:1-10/);
});

Deno.test("smooth edges: black and white are cut in the middle, what is between colors is ignored", () => {
  const edges = [...Array(900).fill(0), ...Array(900).fill(255), ...range(20).map((i) => 10 * i + 5)];
  assert.deepEqual(classesOf(gray(edges)), {
    background: { value: [0, 127] },
    foreground: { value: [128, 255] },
  });
  assert.deepEqual(classesOf(colors(edges.map((value) => 0x010101 * value))), {
    background: { value: [0, 127] },
    foreground: { value: [128, 255] },
  });
  assert.deepEqual(classesOf(colors(edges.map((value) => 0x010000 * value))), {
    background: { red: [0, 127] },
    foreground: { red: [128, 255] },
  });
  const mixture = (part: number) => 0x010000 * (255 - part) + 0x000100 * part + 40;
  const drawn = [
    ...Array(5000).fill(mixture(0)),
    ...Array(5000).fill(mixture(255)),
    ...range(60).map((i) => mixture(4 * i + 3)),
  ];
  const { classes, ignore } = proposeClasses(colors(drawn));
  assert.deepEqual([classes, ignore], [{ "#00ff28": "#00ff28", "#ff0028": "#ff0028" }, ["else"]]);
});

Deno.test("one value is nothing to tell apart, and that is said", () => {
  assert.match(proposeClasses(gray([7, 7])).notes[0]!, /nothing to tell apart/);
});

Deno.test("files give names: by line, by color; what they leave out is told", () => {
  const byLine = parseNames("_background_\ncat\ndog\n", "class_names.txt")!;
  const { classes, notes } = proposeClasses(gray([0, 1, 2, 5], [0, 255]), byLine);
  assert.deepEqual(classes, { _background_: 0, cat: 1, dog: 2, "class 5": 5 });
  assert.deepEqual(notes, ["Names are from class_names.txt.", "It does not name the value 5."]);

  const map = parseNames(
    "# label:color_rgb:parts:actions\nbackground:0,0,0::\ncat:255,0,0::\n",
    "labelmap.txt",
  )!;
  assert.deepEqual(classesOf(colors([0, 0xff0000]), map), { background: "#000000", cat: "#ff0000" });
  const csv = parseNames("name,r,g,b\nVoid,0,0,0\nSky,128,128,128\nRoad,128,64,128\n", "class_dict.csv")!;
  const read = proposeClasses(colors([0, 0x808080, 0x804080]), csv);
  assert.deepEqual([read.classes, read.ignore], [{ Sky: "#808080", Road: "#804080" }, ["#000000"]]);
  const camvid = parseNames("64 128 64\tAnimal\n192 0 128\t\tArchway\n", "label_colors.txt")!;
  assert.deepEqual([...camvid.byColor!], [[0x408040, "Animal"], [0xc00080, "Archway"]]);
});

Deno.test("a file that is called so and holds something else gives no names", () => {
  for (const text of ["", "a,b\nc,d\n", "cat\ncat\n", "{}", "<html>"]) {
    const names = parseNames(text, "classes.txt");
    assert.ok(names === undefined || names.byIndex!.size === 0, text);
  }
  assert.equal(parseNames("name,r,g,b\n", "class_dict.csv"), undefined);
  assert.equal(parseNames("a:300,0,0::\n", "labelmap.txt"), undefined);
});
