/** Which share of the masks, or of what annotations draw, each class has. @module */
import type { PixelMarks } from "../../stages/datasets/folder/class_values.ts";
import { classShares } from "../../stages/survey/class_shares.ts";
import type { FolderLook } from "../../stages/survey/look.ts";
import { hex, type MaskValues } from "../../stages/survey/mask_values.ts";
import { percent } from "../../stages/survey/class_rule.ts";
import { survey } from "../../stages/survey/survey.ts";
import { problemLines } from "../terminal/problems.ts";
import { table } from "../terminal/text.ts";
import { markFlag } from "./class_flags.ts";
import type { OpenedFolder } from "./own_experiment.ts";
import type { Proposal } from "./proposal.ts";

/** The classes, and what is none. */
export interface ClassReport {
  /** In the order of their labels; `marks` is what a class is in masks, null where annotations are drawn. */
  readonly classes: readonly {
    readonly name: string;
    readonly marks: PixelMarks | null;
    readonly pixels: number;
    readonly images: number;
  }[];
  /** Pixels that were looked at. */
  readonly pixels: number;
  /** Those that are ignored. */
  readonly ignored: number;
  /** Values that no class names, as they are typed, and their pixels. */
  readonly unnamed: readonly { readonly value: string; readonly pixels: number }[];
  /** What is wrong. */
  readonly problems: readonly string[];
}

/** How many images are drawn where annotations stand for masks. */
const mostDrawn = 32;
/** So many classes that are in no mask are one row. */
const fewAbsent = 3;
/** How many values are given by name. */
const shown = 6;

/** Looks at all masks that were looked at before, or draws annotations. */
export async function classReport(
  { values }: FolderLook,
  { classes, ignore }: Proposal,
  { config, dataset }: OpenedFolder,
  onFile: (what: string) => void,
): Promise<ClassReport> {
  if (values === undefined) return await ofAnnotations(config, dataset, onFile);
  const shares = classShares(values, dataset.labeling, classes.length);
  const unnamed = shares.unnamed.map(({ value, pixels }) => ({ value: valueText(value, values), pixels }));
  return {
    classes: classes.map(([name, marks], label) => ({ name, marks, ...shares.classes[label]! })),
    pixels: values.pixels,
    ignored: shares.ignored,
    unnamed,
    problems: unnamed.length === 0 ? [] : [
      `What no class names is an error when it is trained on${
        ignore.includes("else") ? "" : ": name it by --class or --ignore"
      }.`,
    ],
  };
}

async function ofAnnotations(
  config: OpenedFolder["config"],
  dataset: OpenedFolder["dataset"],
  onFile: (what: string) => void,
): Promise<ClassReport> {
  const { roles, faults } = await survey(config, dataset, { most: mostDrawn, onFile });
  const drawn = roles.map(({ labels }) => labels);
  const sum = (of: (role: typeof drawn[number]) => number) =>
    drawn.reduce((total, role) => total + of(role), 0);
  return {
    classes: dataset.classes.names.map((name, label) => ({
      name,
      marks: null,
      pixels: sum(({ histogram }) => histogram[label]!.pixels),
      images: sum(({ histogram }) => histogram[label]!.images),
    })),
    pixels: sum(({ pixels }) => pixels),
    ignored: sum(({ ignored }) => ignored),
    unnamed: [],
    problems: problemLines(faults),
  };
}

function valueText(value: number, { form }: MaskValues): string {
  return form === "color" ? hex(value) : String(value);
}

/** As a table. */
export function classTable({ classes, pixels, ignored, unnamed }: ClassReport): string {
  const share = (count: number) => pixels === 0 ? "" : percent(count / pixels);
  const absent = classes.filter(({ pixels }) => pixels === 0), isOne = absent.length > fewAbsent;
  const rows = classes.filter(({ pixels }) => pixels > 0 || !isOne).map(({ name, marks, pixels, images }) => [
    name,
    marks === null ? "" : markFlag(marks),
    share(pixels),
    String(images),
  ]);
  if (isOne) rows.push([`(${absent.length} others)`, "", percent(0), "0"]);
  if (ignored > 0) rows.push(["(ignored)", "", share(ignored), ""]);
  if (unnamed.length > 0) {
    const some = unnamed.slice(0, shown).map(({ value }) => value).join(",");
    const rest = unnamed.reduce((sum, { pixels }) => sum + pixels, 0);
    rows.push(["(no class)", `${some}${unnamed.length > shown ? ",…" : ""}`, share(rest), ""]);
  }
  const isDrawn = classes.every(({ marks }) => marks === null);
  const columns = isDrawn ? [0, 2, 3] : [0, 1, 2, 3];
  const pick = (row: readonly string[]) => columns.map((column) => row[column]!);
  return table(pick(["class", "in masks", "pixels", "images"]), rows.map(pick));
}
