/** The classes of a folder as an experiment writes them: names, and which pixels of a mask each is. @module */

/** A number, or the range that a number lies in, both ends included. */
export type ValueRange = number | readonly [low: number, high: number];

/** A rule about the samples of a pixel, as they are in the file; all that it names must hold. */
export interface ChannelRule {
  /** Gray value or palette index; of a colored pixel the value that red, green and blue share. */
  readonly value?: ValueRange;
  /** Red; of a gray pixel its value, of a palette's its color's. */
  readonly red?: ValueRange;
  /** Green, likewise. */
  readonly green?: ValueRange;
  /** Blue, likewise. */
  readonly blue?: ValueRange;
  /** Alpha; the largest value where the mask has none. */
  readonly alpha?: ValueRange;
}

/** What pixels are known by: a gray value or palette index, a color as `"#ff0000"`, a rule, or `"else"`: all other pixels. */
export type PixelMark = number | string | ChannelRule;
/** One mark, or several of which one must fit. */
export type PixelMarks = PixelMark | readonly PixelMark[];

/** A class: its name, and the pixels that it is. */
export type ClassEntry = readonly [name: string, marks: PixelMarks];

/** What an experiment writes: names, where value i is class i; marks by name; or the entries of that record. */
export type FolderClassesInput =
  | readonly string[]
  | Readonly<Record<string, PixelMarks>>
  | readonly ClassEntry[];

/** Most classes: labels are 8 bits, and 255 is ignored. */
export const mostClasses = 255;
/** Channels that a rule may name. */
const channels = ["value", "red", "green", "blue", "alpha"];
/** Largest sample of 16 bits. */
const largest = 65535;

/** Whether a mark is a color. */
export function isColor(mark: unknown): mark is string {
  return typeof mark === "string" && /^#[0-9a-f]{6}$/i.test(mark);
}

/** The marks of a class, as a list. */
export function marksOf(marks: PixelMarks): readonly PixelMark[] {
  return Array.isArray(marks) ? marks : [marks as PixelMark];
}

/**
 * Brings classes to one form, in which their order is kept: entries.
 *
 * @returns The entries, or what is wrong with them.
 */
export function readClasses(
  given: unknown,
): { readonly entries: readonly ClassEntry[] } | { readonly problem: string } {
  const entries = entriesOf(given);
  if (typeof entries === "string") return { problem: entries };
  const problem = countProblem(entries.length) ?? entriesProblem(entries);
  return problem === undefined ? { entries } : { problem };
}

function entriesOf(given: unknown): ClassEntry[] | string {
  if (Array.isArray(given)) {
    if (given.every((name) => typeof name === "string")) return given.map((name, value) => [name, value]);
    if (given.every(isEntry)) return [...given];
  } else if (typeof given === "object" && given !== null) {
    const names = Object.keys(given), moved = names.find((name) => /^(?:0|[1-9]\d*)$/.test(name));
    if (moved === undefined) return Object.entries(given as Record<string, PixelMarks>);
    return `the name "${moved}" is a number, and JavaScript puts such keys before all others. ` +
      `Write entries, which keep their order: [["${moved}", …], …]`;
  }
  return 'it must be names, ["road", …], where value i of a mask is class i, or what each class is, ' +
    '{ road: 7, tree: "#00ff00", other: "else" }';
}

function isEntry(entry: unknown): entry is ClassEntry {
  return Array.isArray(entry) && entry.length === 2 && typeof entry[0] === "string";
}

function countProblem(count: number): string | undefined {
  if (count > mostClasses) {
    return `${count} classes are more than the ${mostClasses} that labels of 8 bits can tell apart, as 255 is ignored. ` +
      `Join some: { vehicle: [3, 4, 7] }`;
  }
  if (count >= 2) return undefined;
  return `${
    count === 0 ? "no class leaves" : "one class leaves"
  } nothing to tell apart; two are needed at least. ` +
    `Name what the other pixels are: { …, background: "else" }`;
}

function entriesProblem(entries: readonly ClassEntry[]): string | undefined {
  const names = new Set<string>(), owners = new Map<string, string>();
  for (const [name, marks] of entries) {
    // deno-lint-ignore no-control-regex
    if (name.trim() !== name || name === "" || /[\x00-\x1f\x7f]/.test(name)) {
      return `${JSON.stringify(name)} is no name: it must have letters, and no space at its ends`;
    }
    if (names.has(name)) return `the name "${name}" stands twice; each class must have its own`;
    names.add(name);
    const list = marksOf(marks);
    if (list.length === 0) return `"${name}" is nothing: its list is empty`;
    for (const mark of list) {
      const problem = markProblem(mark);
      if (problem !== undefined) return `"${name}": ${problem}`;
      const owner = owners.get(markKey(mark));
      if (owner !== undefined) return `"${owner}" and "${name}" are both ${markText(mark)}`;
      owners.set(markKey(mark), name);
    }
  }
  return undefined;
}

/** What is wrong with a mark; undefined if nothing. */
export function markProblem(mark: unknown): string | undefined {
  if (typeof mark === "number") {
    return isSample(mark) ? undefined : `${mark} is no value: they are whole numbers from 0 to ${largest}`;
  }
  if (typeof mark === "string") {
    return mark === "else" || isColor(mark)
      ? undefined
      : `${JSON.stringify(mark)} is neither a color, as "#ff0000", nor "else"`;
  }
  if (typeof mark !== "object" || mark === null || Array.isArray(mark)) {
    return `${JSON.stringify(mark)} is neither value, color nor rule`;
  }
  const rules = Object.entries(mark);
  if (rules.length === 0) return `a rule must name a channel: ${channels.join(", ")}`;
  for (const [channel, range] of rules) {
    if (!channels.includes(channel)) {
      return `a rule has no channel "${channel}"; there are ${channels.join(", ")}`;
    }
    const [low, high, ...more] = Array.isArray(range) ? range : [range, range];
    if (!isSample(low) || !isSample(high) || low > high || more.length > 0) {
      return `${channel}: ${
        JSON.stringify(range)
      } is neither a value from 0 to ${largest} nor a range [low, high] of two`;
    }
  }
  return undefined;
}

/** What is wrong with the ignored marks; undefined if nothing. */
export function ignoreProblem(
  ignore: readonly PixelMark[],
  entries: readonly ClassEntry[],
): string | undefined {
  const owners = new Map(
    entries.flatMap(([name, marks]) => marksOf(marks).map((mark) => [markKey(mark), name] as const)),
  );
  for (const mark of ignore) {
    const problem = markProblem(mark);
    if (problem !== undefined) return problem;
    const owner = owners.get(markKey(mark));
    if (owner !== undefined) return `${markText(mark)} is ignored, and is "${owner}" in load.classes`;
  }
  return undefined;
}

function isSample(value: unknown): value is number {
  return Number.isInteger(value) && value as number >= 0 && value as number <= largest;
}

/** Equal for marks that say the same. */
function markKey(mark: PixelMark): string {
  return typeof mark === "string" ? mark.toLowerCase() : JSON.stringify(mark);
}

/** A mark as an experiment writes it. */
export function markText(mark: PixelMark): string {
  return JSON.stringify(mark);
}
