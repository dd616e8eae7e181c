/** The classes of a folder as all other stages see them: names and colors. @module */
import { type ClassList, distinctColors, type Rgb } from "../classes.ts";
import { type ClassEntry, isColor, marksOf } from "./class_values.ts";

/**
 * Names in order, and a color for each: the one that is given, or else the one that stands for it in masks; black for `"else"`;
 * what is left has the first colors of PASCAL's map that none has.
 *
 * @param colors `"#ff0000"` by name.
 */
export function folderClasses(
  entries: readonly ClassEntry[],
  colors: Readonly<Record<string, string>> = {},
): ClassList {
  const own = entries.map(([name, marks]): Rgb | undefined => {
    const [first, ...more] = marksOf(marks);
    if (Object.hasOwn(colors, name)) return rgbOf(colors[name]!);
    if (isColor(first) && more.length === 0) return rgbOf(first);
    return first === "else" ? [0, 0, 0] : undefined;
  });
  return { names: entries.map(([name]) => name), colors: distinctColors(own) };
}

/** The triple of `"#ff0000"`. */
function rgbOf(color: string): Rgb {
  const [red, green, blue] = [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));
  return [red!, green!, blue!];
}
