/** Files that name classes, as tools and data sets put them beside masks. @module */
import type { KnownNames } from "./class_rule.ts";

/** A form in which names are kept. */
interface NameForm {
  /** What the file is called. */
  readonly name: RegExp;
  /** Names by value or color; undefined if the text is of another form. */
  parse(lines: readonly string[]): Omit<KnownNames, "source"> | undefined;
}

const forms: readonly NameForm[] = [
  // CVAT and Datumaro: "name:r,g,b:parts:actions", comments with #.
  { name: /^labelmap\.txt$/i, parse: (lines) => colors(lines, /^([^:#][^:]*):(\d+),(\d+),(\d+)(?::|$)/) },
  // Kaggle's CamVid and others: "name,r,g,b" under a head.
  {
    name: /^class_dict\.csv$/i,
    parse: (lines) => colors(lines.slice(1), /^\s*"?([^",]+)"?\s*,\s*(\d+)\s*,\s*(\d+)\s*,\s*(\d+)\s*$/),
  },
  // CamVid as its authors publish it: "r g b\tname".
  { name: /^label_colors\.txt$/i, parse: (lines) => colors(lines, /^(\d+)\s+(\d+)\s+(\d+)\s+(.+)$/, 4) },
  // labelme2voc, fastai and others: a name a line, the first of value 0.
  { name: /^(?:class_names|classes|codes|labels|obj)\.(?:txt|names)$/i, parse: byLine },
];

/** Most bytes that are read of such a file. */
export const maximumNameFile = 2 ** 16;

/** Whether a file may hold names of classes, by its own name. */
export function isNameFile(path: string): boolean {
  return forms.some(({ name }) => name.test(baseName(path)));
}

/**
 * Reads names of classes.
 *
 * @param path The file, for its form and for {@linkcode KnownNames.source}.
 * @returns The names; undefined if the text is of no form that is known.
 */
export function parseNames(text: string, path: string): KnownNames | undefined {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/).filter((line) => line.trim() !== "");
  const found = forms.find(({ name }) => name.test(baseName(path)))?.parse(lines);
  return found === undefined ? undefined : { source: path, ...found };
}

function colors(
  lines: readonly string[],
  form: RegExp,
  nameAt: 1 | 4 = 1,
): Omit<KnownNames, "source"> | undefined {
  const byColor = new Map<number, string>();
  for (const line of lines) {
    const parts = form.exec(line);
    if (parts === null) continue;
    const [red, green, blue] = parts.slice(nameAt === 1 ? 2 : 1).map(Number) as [number, number, number];
    if (Math.max(red, green, blue) <= 255) {
      byColor.set(red * 65536 + green * 256 + blue, parts[nameAt]!.trim());
    }
  }
  return byColor.size === 0 || new Set(byColor.values()).size < byColor.size ? undefined : { byColor };
}

function byLine(lines: readonly string[]): Omit<KnownNames, "source"> | undefined {
  const names = lines.map((line) => line.trim()).filter((name) => name !== "__ignore__");
  const plain = names.every((name) => name.length <= 100 && !/[,:;{}<>]/.test(name));
  if (!plain || names.length > 256 || new Set(names).size < names.length) return undefined;
  return { byIndex: new Map(names.map((name, value) => [value, name])) };
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
