/** What a folder holds, as lines for people. @module */
import type { ClassList } from "../../stages/datasets/classes.ts";
import type { ClassEntry } from "../../stages/datasets/folder/class_values.ts";
import type { ClassShares } from "../../stages/survey/class_shares.ts";
import type { FolderLook, PartLook } from "../../stages/survey/look.ts";
import { hex, type MaskValues } from "../../stages/survey/mask_values.ts";
import { percent } from "../../stages/survey/meaning.ts";
import { problemLines } from "../terminal/problems.ts";
import { table } from "../terminal/text.ts";
import { markFlag } from "./class_flags.ts";

/** How many sizes are shown. */
const shown = 4;

/** Lines on images and masks. */
export function folderLines(
  { root, training, validation, sizes, looked, left, values, problems }: FolderLook,
): string[] {
  const lines = [`${root}: ${partText(training!)}`];
  if (validation !== undefined) lines.push(`validation: ${partText(validation)}`);
  const total = training!.pairs.samples.length;
  const known = [...sizes].sort(([, a], [, b]) => b - a).map(([size, count]) => `${size} (${count})`);
  const sample = looked < total ? `of ${looked} of the ${total} images, ` : "";
  lines.push(
    `sizes: ${sample}${known.slice(0, shown).join(", ")}${
      known.length > shown ? ` and ${known.length - shown} more` : ""
    }`,
  );
  const { orphans } = training!.pairs;
  if (orphans.length > 0) lines.push(`${orphans.length} masks have no image: ${some(orphans)}`);
  if (left.size > 0) {
    lines.push(
      `not used: ${
        some([...left].map(([folder, count]) => `${folder === "." ? "" : `${folder}/: `}${count} pictures`))
      }`,
    );
  }
  if (values !== undefined) {
    const all = training!.masked.length + (validation?.masked.length ?? 0);
    lines.push(
      `masks: ${values.masks}${values.masks < all ? ` of ${all}` : ""} looked at, ${valuesText(values)}`,
    );
  }
  return [...lines, ...problemLines(problems)];
}

/** The classes with their shares of the pixels, as a table. */
export function classTable(
  entries: readonly ClassEntry[],
  ignore: readonly unknown[],
  { classes, ignored, unnamed }: ClassShares,
  { pixels, form }: MaskValues,
): string {
  const rows = entries.map(([name, marks], label) => [
    name,
    markFlag(marks),
    percent(classes[label]!.pixels / pixels),
    String(classes[label]!.images),
  ]);
  if (ignore.length > 0) {
    rows.push(["(ignored)", ignore.map(String).join(","), percent(ignored / pixels), ""]);
  }
  if (unnamed.length > 0) {
    const rest = unnamed.reduce((sum, { pixels }) => sum + pixels, 0);
    const names = unnamed.map(({ value }) => form === "color" ? hex(value) : String(value));
    rows.push(["(no class)", some(names), percent(rest / pixels), ""]);
  }
  return table(["class", "in masks", "pixels", "masks"], rows);
}

/** Names of the classes that a picture shows, with their colors. */
export function legend({ names, colors }: ClassList): string {
  return names.map((name, label) => {
    const [red, green, blue] = colors[label]!;
    return `${name} ${hex(red * 65536 + green * 256 + blue)}`;
  }).join(", ");
}

function partText({ patterns, pairs, masked }: PartLook): string {
  const bare = pairs.samples.length - masked.length;
  return `${pairs.samples.length} images in ${
    patternText(patterns.images)
  }, ${masked.length} with a mask in ` +
    `${patternText(patterns.masks)}, ${bare} without`;
}

function patternText(pattern: string): string {
  return pattern.includes("*") ? pattern : `${pattern}/`;
}

function valuesText({ form, values, further }: MaskValues): string {
  const names = values.map((value) => form === "color" ? hex(value) : String(value));
  const what = { index: "palette indices", gray: "gray values", color: "colors" }[form];
  return `${what} ${some(names)}${further > 0 ? " and more" : ""}`;
}

function some(items: readonly string[]): string {
  const most = 12;
  return items.length <= most
    ? items.join(", ")
    : `${items.slice(0, most).join(", ")} and ${items.length - most} more`;
}
