/** Words by which people name folders and files of images, of masks, and of the parts of a data set. @module */

/** What a folder's name says that it holds. */
export type Role = "image" | "mask";
/** Part of a data set. */
export type Split = "train" | "validation" | "test";

const images = [
  ..."images image imgs img pictures picture pics photos photo photographs jpegimages jpgs".split(" "),
  ..."inputs input raw rgb frames scans tiles leftimg8bit x".split(" "),
];
const masks = [
  ..."masks mask labels label annotations annotation annots annot groundtruth groundtruths truth gt".split(
    " ",
  ),
  ..."segmentationclass segmentationclassaug segmentations segmentation segs seg targets target".split(" "),
  ..."gtfine maskpngs labelmaps y".split(" "),
];
const splits: Readonly<Record<string, Split>> = {
  train: "train",
  training: "train",
  trn: "train",
  val: "validation",
  valid: "validation",
  validation: "validation",
  eval: "validation",
  test: "test",
  testing: "test",
};

const maskWords = [
  "mask",
  "masks",
  "label",
  "labels",
  "gt",
  "seg",
  "segmentation",
  "annotation",
  "annot",
  "groundtruth",
];

/** Ends of a mask's name, behind what it has in common with its image's; mostly none. */
export const maskSuffixes: readonly string[] = [
  "",
  ...maskWords.flatMap((word) => [`_${word}`, `-${word}`, `.${word}`]),
  "_L", // CamVid as its authors publish it.
  "_gtFine_labelTrainIds",
  "_gtFine_labelIds",
];

/** Ends of an image's name, likewise. */
export const imageSuffixes: readonly string[] = [
  "",
  ...["image", "img", "rgb", "sat", "leftImg8bit"].flatMap((word) => [`_${word}`, `-${word}`]),
];

/** The words of a name: `train_masks`, `trainannot` and `ValLabels` are two each. */
function words(name: string): string[] {
  const parted = name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
  return parted.split(/[^a-z]+/).flatMap((word) => {
    const split = Object.keys(splits).find((start) =>
      word.startsWith(start) && isRole(word.slice(start.length))
    );
    return split === undefined ? [word] : [split, word.slice(split.length)];
  }).filter((word) => word.length > 1);
}

function isRole(word: string): boolean {
  return images.includes(word) || masks.includes(word);
}

/** What the last folder of a path that says so is said to hold; undefined where none does. */
export function roleOf(path: string): Role | undefined {
  for (const segment of path.split("/").reverse()) {
    const joined = segment.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
    const all = [...words(segment), joined];
    if (all.some((word) => masks.includes(word))) return "mask";
    if (all.some((word) => images.includes(word))) return "image";
  }
  return undefined;
}

/** The part of a data set that a path names, and the path without that word; undefined where it names none, or two. */
export function splitOf(path: string): { readonly split: Split; readonly rest: string } | undefined {
  const found = path.split("/").flatMap((segment) =>
    words(segment).filter((word) => Object.hasOwn(splits, word))
  );
  if (new Set(found).size !== 1) return undefined;
  const rest = path.split("/").map((segment) => words(segment).filter((word) => word !== found[0]).join("_"));
  return { split: splits[found[0]!]!, rest: rest.filter((segment) => segment !== "").join("/") };
}
