/** The leaves of `load` that are a folder's: `dataset: "folder"`. @module */
import { z } from "zod";
import {
  type AnnotationsConfig,
  type AnnotationsInput,
  annotationsSchema,
  labelValues,
} from "./annotations_config.ts";
import {
  type ClassEntry,
  type FolderClassesInput,
  ignoreProblem,
  marksOf,
  type PixelMark,
  type PixelMarks,
  readClasses,
} from "./class_values.ts";
import type { ImagePatterns } from "./pairs.ts";
import { patternProblem } from "./pattern.ts";

/** Where images and masks of a folder are, what its masks mean, and who is labeled; every leaf is described in its schema. */
export interface FolderConfig {
  /** The images: a folder, or a path with one `*`, which stands for what an image and its mask have in common. */
  readonly images: string;
  /** Their masks, likewise: `masks/*_mask.png`. */
  readonly masks: string;
  /** Shapes of an annotation tool instead of masks. */
  readonly annotations?: AnnotationsConfig | undefined;
  /** The classes in the order of their labels, and which pixels of a mask each is. */
  readonly classes?: readonly ClassEntry[] | undefined;
  /** Pixels that no loss and no score counts. */
  readonly ignore: readonly PixelMark[];
  /** How pictures show a class, `"#ff0000"` by its name. */
  readonly colors: Readonly<Record<string, string>>;
  /** How many of the images with a mask are labeled, the others being unlabeled. */
  readonly labeled?: number | undefined;
  /** The images that are scored: so many of those with a mask, or folders of their own; null for none. */
  readonly validation?: number | ImagePatterns | null | undefined;
  /** Names the draws of labeled and validation images; apart from the run's seed. */
  readonly splitSeed: number;
}

/** What an experiment writes of {@linkcode FolderConfig}. */
export interface FolderInput extends Partial<Omit<FolderConfig, "classes" | "annotations" | "ignore">> {
  /** `"labelme"`, or `{ format: "coco", path: "instances.json" }`; see docs/annotations.md. */
  readonly annotations?: AnnotationsInput | undefined;
  /** Names, where value i of a mask is class i; or by name what each class is: `{ road: 7, tree: "#00ff00", other: "else" }`. */
  readonly classes?: FolderClassesInput | undefined;
  /** Pixels that no loss and no score counts: one mark, or several. */
  readonly ignore?: PixelMarks | undefined;
}

const own = "Crossview";
const pattern = z.string().superRefine((text, issues) => {
  const message = patternProblem(text);
  if (message !== undefined) issues.addIssue({ code: "custom", message });
});
const amountRule = "it must be a whole number of images, or a share of them between 0 and 1";
/** How many: a whole number, or below 1 a share. */
const amount = (rule: string) =>
  z.number(rule).refine((value) => value > 0 && (value < 1 || Number.isInteger(value)), rule);
const validationRule =
  `${amountRule}; or folders of its own, { images, masks }; or null for none. A list is named by ` +
  `load.lists.validation`;

/** The leaves, to be spread into the schema of `load`. */
export const folderLeaves = {
  images: pattern.default("images").describe(
    "Folder only: its images, a folder or a path with one *, which stands for what image and mask have in common.",
  ).meta({ unit: "path in root", source: own }),
  masks: pattern.default("masks").describe(
    "Folder only: the masks, likewise, e.g. masks/*_mask.png; an image that has one is labeled.",
  ).meta({ unit: "path in root", source: own }),
  annotations: annotationsSchema.optional().describe(
    "Folder only: shapes of labelme, coco, cvat or label-studio instead of masks; an image that has some is labeled.",
  ).meta({ unit: "none", source: own }),
  classes: z.custom<FolderClassesInput>().transform((given, issues): readonly ClassEntry[] => {
    const read = readClasses(given);
    if ("entries" in read) return read.entries;
    issues.addIssue({ code: "custom", message: read.problem });
    return z.NEVER;
  }).optional().describe(
    "Folder only: names, where value i of a mask is class i; or each class by value, color, rule or else.",
  ).meta({ unit: "none", source: own }),
  ignore: z.custom<PixelMarks>().transform((given): readonly PixelMark[] => marksOf(given)).default([])
    .describe("Folder only: pixels that no loss and no score counts, as in classes.")
    .meta({ unit: "none", source: own }),
  colors: z.record(z.string(), z.string().regex(/^#[0-9a-f]{6}$/i, 'a color is written "#ff0000"')).default(
    {},
  )
    .describe(
      "Folder only: how pictures show a class, by its name; else by its color in masks, or PASCAL's map.",
    )
    .meta({ unit: "none", source: own }),
  labeled: amount(amountRule).optional().describe(
    "Folder only: how many of the images with a mask are labeled, drawn by splitSeed, the others being unlabeled; else all.",
  ).meta({ unit: "images, or a share", source: own }),
  validation: z.union([
    amount(validationRule),
    z.strictObject({ images: pattern, masks: pattern.optional() }),
  ], validationRule).nullable().optional()
    .describe(
      "Folder only: how many of the images with a mask are scored, drawn by splitSeed; or folders of their own; null for " +
        "none. Left out: the list of validation, or else a fifth.",
    ).meta({ unit: "images, or a share", source: own }),
  splitSeed: z.int().min(0).max(0xffffffff).default(1).describe(
    "Folder only: names the draws of labeled and validation images; apart from the run's seed, so that all seeds of a " +
      "comparison see one data set.",
  ).meta({ unit: "integer", source: own }),
} as const;

/** What is wrong with the leaves together, and with which; of another data set, that they are given at all. */
export function folderProblem(
  config: FolderConfig & {
    readonly dataset: string;
    readonly orientation?: string | undefined;
    readonly lists?: { readonly validation?: string | undefined } | undefined;
  },
): { readonly leaf: keyof FolderConfig; readonly message: string } | undefined {
  const { dataset, images, masks, annotations, classes, ignore, colors, validation, lists, orientation } =
    config;
  if (dataset !== "folder") {
    const leaf = foreignLeaf(config);
    return leaf && {
      leaf,
      message: `nothing reads it: it is for dataset "folder", and this is "${dataset}"`,
    };
  }
  if (classes === undefined) {
    return {
      leaf: "classes",
      message:
        'name the classes: ["background", "cat"], where value i of a mask is class i; or what each is, ' +
        '{ background: 0, cat: "#ff0000" }',
    };
  }
  const ignored = ignoreProblem(ignore, classes);
  if (ignored !== undefined) return { leaf: "ignore", message: ignored };
  const stranger = Object.keys(colors).find((name) => !classes.some(([known]) => known === name));
  if (stranger !== undefined) {
    return {
      leaf: "colors",
      message: `there is no class "${stranger}"; there are ${classes.map(([name]) => name)}`,
    };
  }
  if (validation !== undefined && lists?.validation !== undefined) {
    return {
      leaf: "validation",
      message: "load.lists.validation names the images that are scored; leave one out",
    };
  }
  const apart = typeof validation === "object" && validation !== null ? validation : undefined;
  if (annotations !== undefined) {
    const meaning = labelValues(classes, ignore, annotations.labels);
    if ("leaf" in meaning) return meaning;
    if (apart?.masks !== undefined) {
      return { leaf: "validation", message: "load.annotations stands for masks; leave its masks out" };
    }
    return orientation !== "stored" ? undefined : {
      leaf: "annotations",
      message: 'tools show photographs upright, and load.orientation is "stored"; leave that out',
    };
  }
  if (apart !== undefined && apart.masks === undefined) {
    return { leaf: "validation", message: `name its masks, too: { images: "${apart.images}", masks: "…" }` };
  }
  if (images === masks) {
    return {
      leaf: "masks",
      message: `it is "${masks}", as load.images; tell them apart: "*.jpg" and "*.png"`,
    };
  }
  return undefined;
}

/** A leaf of a folder that was given to another data set. */
function foreignLeaf(config: FolderConfig): keyof FolderConfig | undefined {
  const names = Object.keys(folderLeaves) as (keyof typeof folderLeaves)[];
  return names.find((name) => {
    const usual = folderLeaves[name].parse(undefined);
    return JSON.stringify(config[name]) !== JSON.stringify(usual);
  });
}
