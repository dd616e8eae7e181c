/** What a folder holds, as lines for people. @module */
import type { ClassList } from "../../stages/datasets/classes.ts";
import type { AnnotatedLook } from "../../stages/survey/annotated.ts";
import type { FolderLook, PartLook } from "../../stages/survey/look.ts";
import { hex, type MaskValues } from "../../stages/survey/mask_values.ts";
import { problemLines } from "../terminal/problems.ts";

/** How many sizes are shown. */
const shown = 4;

/** Lines on images, and on masks or annotations. */
export function folderLines(look: FolderLook): string[] {
  const { root, training, validation, annotated, pictures, left, range, problems } = look;
  const lines = training === undefined
    ? [
      `${root}: ${pictures.length} images${
        annotated === undefined ? "" : `, ${annotatedText(annotated, look.recognized.annotations!.form.name)}`
      }`,
    ]
    : [`${root}: ${partText(training)}`];
  if (validation !== undefined) lines.push(`validation: ${partText(validation)}`);
  lines.push(sizesText(look));
  if (range !== undefined) {
    lines.push(
      `samples of more than 8 bits: about ${range[0]} becomes black, ${range[1]} white (load.range)`,
    );
  }
  const orphans = training?.pairs.orphans ?? [];
  if (orphans.length > 0) lines.push(`${orphans.length} masks have no image: ${some(orphans)}`);
  if (left.size > 0) {
    const folders = [...left].map(([folder, count]) =>
      `${count} pictures in ${folder === "." ? "the folder itself" : folder}`
    );
    lines.push(`not used: ${some(folders)}; one pattern names the images, and one the masks`);
  }
  return [
    ...lines,
    ...masksLines(look),
    ...problemLines(problems),
    ...(problems.length > 0 ? ["A training stops at these: mend the files, or move them away."] : []),
  ];
}

function sizesText({ training, pictures, sizes }: FolderLook): string {
  const all = [...sizes].sort(([, a], [, b]) => b - a).map(([size, count]) => `${size} (${count})`);
  const looked = [...sizes.values()].reduce((sum, count) => sum + count, 0);
  const total = training?.pairs.samples.length ?? pictures.length;
  const sample = looked < total ? `of ${looked} of the ${total} images, ` : "";
  const more = all.length > shown ? ` and ${all.length - shown} more` : "";
  return `sizes: ${sample}${all.slice(0, shown).join(", ")}${more}`;
}

function masksLines({ training, validation, values }: FolderLook): string[] {
  if (training === undefined || values === undefined) return [];
  const all = training.masked.length + (validation?.masked.length ?? 0);
  return [`masks: ${values.masks}${values.masks < all ? ` of ${all}` : ""} looked at, ${valuesText(values)}`];
}

function annotatedText({ annotated, files, looked, labels }: AnnotatedLook, form: string): string {
  const sample = looked < files ? `, in ${looked} of the ${files} files` : "";
  const counts = [...labels].map(([label, { shapes }]) => `${label} (${shapes})`);
  return `${annotated} annotated (${form}${sample}); shapes: ${some(counts)}`;
}

/** Names and colors of the classes that occur. */
export function legend({ names, colors }: ClassList, occurs: (label: number) => boolean): string {
  return names.flatMap((name, label) => {
    const [red, green, blue] = colors[label]!;
    return occurs(label) ? [`${name} ${hex(red * 65536 + green * 256 + blue)}`] : [];
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
  return further > 0 ? `more than ${names.length} ${what}` : `${what} ${some(names)}`;
}

function some(items: readonly string[]): string {
  const most = 12;
  return items.length <= most
    ? items.join(", ")
    : `${items.slice(0, most).join(", ")} and ${items.length - most} more`;
}
