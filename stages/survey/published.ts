/** Names that values have in published data sets, where folders and files are called as in these. @module */
import { camvidClasses, cityscapesClasses, pascalClasses } from "../datasets/classes.ts";
import type { ListedSample } from "../datasets/id_list.ts";
import type { MaskValues } from "./mask_values.ts";
import type { KnownNames } from "./class_rule.ts";
import type { MaskPatterns } from "./pairing.ts";

/** The ids of Cityscapes' labels (cityscapesScripts, labels.py) that its 19 train ids stand for, in their order. */
export const cityscapesLabelIds: readonly number[] = [
  ...[7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33],
];

interface Published {
  readonly source: string;
  /** Whether masks are called as those of the data set. */
  fits(patterns: MaskPatterns, stem: string): boolean;
  readonly names: ReadonlyMap<number, string>;
  /** Values that are void besides 255. */
  readonly ignored: "none" | "others";
}

const inOrder = (names: readonly string[]) => new Map(names.map((name, value) => [value, name] as const));

const sets: readonly Published[] = [
  {
    source: "Cityscapes' train ids",
    fits: ({ masks }) => masks.includes("_gtFine_labelTrainIds"),
    names: inOrder(cityscapesClasses.names),
    ignored: "none",
  },
  {
    source: "Cityscapes' label ids; those that are not trained on are ignored",
    fits: ({ masks }) => masks.includes("_gtFine_labelIds"),
    names: new Map(
      cityscapesLabelIds.map((value, label) => [value, cityscapesClasses.names[label]!] as const),
    ),
    ignored: "others",
  },
  {
    source: "PASCAL VOC",
    fits: ({ masks }, stem) => /SegmentationClass/.test(masks) && /^20\d\d_\d{6}$/.test(stem),
    names: inOrder(pascalClasses.names),
    ignored: "none",
  },
  {
    source: "CamVid, in SegNet's order; 11 is void",
    fits: ({ masks }, stem) => /annot$/.test(masks) && /^(?:0001TP|0006R0|0016E5|Seq05VD)_/.test(stem),
    names: inOrder(camvidClasses.names),
    ignored: "others",
  },
];

/**
 * The names of a published data set, if this is one.
 *
 * @param samples Images with a mask.
 */
export function publishedNames(
  patterns: MaskPatterns,
  samples: readonly ListedSample[],
  values: MaskValues,
): KnownNames | undefined {
  if (values.form === "color") return undefined;
  const stems = samples.slice(0, 20).map(({ id }) => id.slice(id.lastIndexOf("/") + 1));
  const found = sets.find(({ fits }) => stems.length > 0 && stems.every((stem) => fits(patterns, stem)));
  if (found === undefined) return undefined;
  const { source, names, ignored } = found;
  // Other values than the data set's: then it is called so, and is none.
  if (ignored === "none" && values.values.some((value) => value !== 255 && !names.has(value))) {
    return undefined;
  }
  if (values.values.every((value) => value === 0 || value === 255)) return undefined;
  return { source, byIndex: names, othersAreVoid: ignored === "others" };
}
