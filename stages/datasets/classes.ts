/** The classes of each data set: names, colors, and which value is ignored. */

/** Label value that no loss and no metric counts (PASCAL VOC devkit's "void"; Cityscapes' train id 255). */
export const ignoreIndex = 255;

/** The classes of a data set, in the order of their label values. */
export interface ClassList {
  /** Names, by label value. */
  readonly names: readonly string[];
  /** One RGB triple a class, 0–255. */
  readonly colors: readonly (readonly [number, number, number])[];
  /** How scores take a class that is neither in truth nor in prediction; left out of the mean unless told. */
  readonly absent?: AbsentClass;
}

/**
 * What a class counts that is neither in truth nor in prediction: nothing, so that the mean is over the others; or 0, as CCVC's
 * code and its kin score PASCAL and Cityscapes, whose validation sets hold every class.
 */
export type AbsentClass = "left out" | "zero";

/** Red, green and blue, 0–255. */
export type Rgb = readonly [number, number, number];

/** Class `index` of PASCAL's color map: its bits, lowest first, go to the high bits of red, green, blue in turn. */
function pascalColor(index: number): Rgb {
  const color: [number, number, number] = [0, 0, 0];
  for (let bit = 0; bit < 8; bit++) {
    color[bit % 3]! |= ((index >> bit) & 1) << (7 - Math.floor(bit / 3));
  }
  return color;
}

function classList(entries: readonly (readonly [string, Rgb])[]): ClassList {
  return { names: entries.map(([name]) => name), colors: entries.map(([, color]) => color) };
}

// deno-fmt-ignore
const pascalNames = [
  "background", "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable",
  "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
];

/** PASCAL VOC 2012, 21 classes (Everingham et al., IJCV 2015); colors of the devkit's color map. */
export const pascalClasses: ClassList = {
  ...classList(pascalNames.map((name, index) => [name, pascalColor(index)])),
  absent: "zero",
};

/** Cityscapes' 19 train ids (Cordts et al., CVPR 2016; cityscapesScripts, labels.py). */
export const cityscapesClasses: ClassList = {
  ...classList([
    ["road", [128, 64, 128]],
    ["sidewalk", [244, 35, 232]],
    ["building", [70, 70, 70]],
    ["wall", [102, 102, 156]],
    ["fence", [190, 153, 153]],
    ["pole", [153, 153, 153]],
    ["traffic light", [250, 170, 30]],
    ["traffic sign", [220, 220, 0]],
    ["vegetation", [107, 142, 35]],
    ["terrain", [152, 251, 152]],
    ["sky", [70, 130, 180]],
    ["person", [220, 20, 60]],
    ["rider", [255, 0, 0]],
    ["car", [0, 0, 142]],
    ["truck", [0, 0, 70]],
    ["bus", [0, 60, 100]],
    ["train", [0, 80, 100]],
    ["motorcycle", [0, 0, 230]],
    ["bicycle", [119, 11, 32]],
  ]),
  absent: "zero",
};

/** CamVid's 11 classes in SegNet's order (Badrinarayanan et al., TPAMI 2017); its files mark void by 11. */
export const camvidClasses: ClassList = classList([
  ["sky", [128, 128, 128]],
  ["building", [128, 0, 0]],
  ["pole", [192, 192, 128]],
  ["road", [128, 64, 128]],
  ["sidewalk", [0, 0, 192]],
  ["tree", [128, 128, 0]],
  ["sign", [192, 128, 128]],
  ["fence", [64, 64, 128]],
  ["car", [64, 0, 128]],
  ["pedestrian", [64, 64, 0]],
  ["bicyclist", [0, 128, 192]],
]);

/** The generated data set `shapes`. */
export const shapesClasses: ClassList = classList([
  ["background", [24, 28, 36]],
  ["disc", [230, 84, 79]],
  ["square", [66, 135, 245]],
  ["triangle", [250, 196, 60]],
  ["ring", [72, 187, 120]],
  ["star", [174, 98, 220]],
  ["cross", [64, 205, 214]],
]);

/** Classes of which nothing but their number is known, in the colors of PASCAL's map. */
export function numberedClasses(count: number): ClassList {
  return classList(Array.from({ length: count }, (_, index) => [`class ${index}`, pascalColor(index)]));
}

/** Gives those that have no color the first of PASCAL's map that none has. */
export function distinctColors(given: readonly (Rgb | undefined)[]): Rgb[] {
  const taken = new Set(given.flatMap((color) => color === undefined ? [] : [color.join()]));
  let next = 0;
  return given.map((color) => {
    if (color !== undefined) return color;
    while (taken.has(pascalColor(next).join())) next++;
    return pascalColor(next++);
  });
}

/**
 * A 256-entry palette for mask files: the classes' colors, black after them, and a light gray for {@linkcode ignoreIndex}
 * (PASCAL's own color for void).
 *
 * @returns 768 bytes, RGB triples.
 */
export function maskPalette(classes: ClassList): Uint8Array {
  const palette = new Uint8Array(768);
  classes.colors.forEach((color, index) => palette.set(color, index * 3));
  palette.set([224, 224, 192], ignoreIndex * 3);
  return palette;
}
