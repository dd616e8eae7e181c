/** Says which pixels of a mask no class names, and what to write so that one does. @module */
import type { LabelingProblem } from "../labeling.ts";
import {
  type ChannelRule,
  type ClassEntry,
  isColor,
  marksOf,
  markText,
  type PixelMark,
} from "./class_values.ts";
import { keyText } from "../words.ts";
import type { PixelKind, SeenPixel } from "./seen_pixel.ts";

/** How many values are given by name. */
const shown = 8;
/** So many values are no labels, but what smoothing and compression make between them. */
const manyValues = 32;

/**
 * A mask holds pixels that no class names.
 *
 * @param kinds All kinds of pixels in the mask.
 */
export function unnamedProblem(kinds: readonly PixelKind[], entries: readonly ClassEntry[]): LabelingProblem {
  const byColor = entries.some(([, marks]) => marksOf(marks).some(isColor));
  const unnamed = kinds.filter(({ label }) => label === undefined).sort((a, b) => b.count - a.count);
  const some = unnamed.slice(0, shown), marks = some.map(({ pixel }) => markOf(pixel, byColor));
  const counts = some.map(({ count }, i) => `${markText(marks[i]!)} (${pixels(count)})`).join(", ");
  const more = unnamed.length - some.length;
  const rest = unnamed.slice(shown).reduce((sum, { count }) => sum + count, 0);
  return {
    problem: `holds ${
      unnamed.length === 1 ? "a value" : `${unnamed.length} values`
    } that no class names: ${counts}${more > 0 ? ` and ${more} more (${pixels(rest)})` : ""}`,
    remedy: remedy(kinds, unnamed.length, channelRule(unnamed) ?? marks, entries),
  };
}

/** The one channel in which several pixels differ, the others being 0, as where red numbers the objects of a class. */
function channelRule(unnamed: readonly PixelKind[]): [ChannelRule] | undefined {
  if (unnamed.length < 2 || unnamed.some(({ pixel: { value } }) => value >= 0)) return undefined;
  const used = (["red", "green", "blue"] as const).filter((channel) =>
    unnamed.some(({ pixel }) => pixel[channel] > 0)
  );
  if (used.length !== 1) return undefined;
  const values = unnamed.map(({ pixel }) => pixel[used[0]!]);
  return [{ [used[0]!]: [Math.min(...values), Math.max(...values)] }];
}

function remedy(
  kinds: readonly PixelKind[],
  unnamed: number,
  marks: readonly PixelMark[],
  entries: readonly ClassEntry[],
): string {
  const isRule = marks.length === 1 && typeof marks[0] === "object";
  if (unnamed > manyValues && !isRule) {
    return "So many values are what smoothing or compression makes of a few: export the masks without either, as PNG; " +
      'or name what all others are: classes: { …, background: "else" }';
  }
  const mapping = mappingOf(kinds, entries);
  if (mapping !== undefined) return `If these are the classes in order, write classes: ${mapping}`;
  const list = marks.map(markText).join(", "), cut = unnamed > marks.length && !isRule ? ", …" : "";
  return `Write ignore: [${list}${cut}], or a class of it: classes: { …, name: ${
    marks.length === 1 ? list : `[${list}${cut}]`
  } }`;
}

/** The classes with the values of the mask in order, where names were given alone and there are as many values. */
function mappingOf(kinds: readonly PixelKind[], entries: readonly ClassEntry[]): string | undefined {
  const values = kinds.map(({ pixel: { value } }) => value).sort((a, b) => a - b);
  const isPlain = entries.every(([, marks], label) => marks === label);
  if (!isPlain || values.length !== entries.length || values[0]! < 0) return undefined;
  return `{ ${entries.map(([name], label) => `${keyText(name)}: ${values[label]}`).join(", ")} }`;
}

/** Two classes or more fit a pixel. */
export function ambiguousProblem(pixel: SeenPixel, names: readonly string[]): LabelingProblem {
  const { red, green, blue, alpha } = pixel;
  return {
    problem: `holds a pixel (red ${red}, green ${green}, blue ${blue}, alpha ${alpha}) that is ${
      names.map((name) => `"${name}"`).join(" and ")
    } by load.classes`,
    remedy: "Narrow their ranges so that one fits",
  };
}

/** A pixel as an experiment would write it. */
function markOf({ value, red, green, blue, color }: SeenPixel, byColor: boolean): PixelMark {
  if (color !== undefined && (byColor || value < 0)) return color;
  return value >= 0 ? value : { red, green, blue };
}

function pixels(count: number): string {
  return `${count} ${count === 1 ? "pixel" : "pixels"}`;
}
