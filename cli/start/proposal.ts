/** What an experiment for a folder will say: proposed from what was seen, by flags, or as a person answers. @module */
import { type ClassEntry, marksOf, type PixelMark } from "../../stages/datasets/folder/class_values.ts";
import type { AnnotatedLook } from "../../stages/survey/annotated.ts";
import { type FolderLook, proposedClasses } from "../../stages/survey/look.ts";
import type { FoundLists } from "../../stages/survey/recognize.ts";
import type { CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { checked, parseClass, parseMarks, renamed } from "./class_flags.ts";

/** Classes and roles. */
export interface Proposal {
  readonly classes: readonly ClassEntry[];
  readonly ignore: readonly PixelMark[];
  /** Of annotations: the class that a label is, where it is called otherwise. */
  readonly labels: Readonly<Record<string, string>>;
  /** How many of the images with a mask are labeled; undefined for all. */
  readonly labeled: number | undefined;
  /** Share or number of the images with a mask that is scored; null for none; undefined where a folder has them. */
  readonly validation: number | null | undefined;
  /** Lists that say so instead; undefined where there are none, or flags say otherwise. */
  readonly lists: FoundLists | undefined;
  /** What was assumed; a line each. */
  readonly notes: readonly string[];
}

/** Below so many masks a third of them is scored, as a fifth would be one or two. */
const fewMasks = 12;

/**
 * Makes the proposal.
 *
 * @param look With masks, or annotations, that were looked at.
 * @param asks Whether the person at the terminal is asked what flags leave open.
 * @throws {UsageError} If a flag cannot be taken.
 */
export function propose(look: FolderLook, input: CommandInput, asks: boolean): Proposal {
  const typed = input.texts("class").map(parseClass), names = input.text("classes");
  if (typed.length > 0 && names !== undefined) {
    throw new UsageError("Cannot take both --class and --classes; give one of the two.");
  }
  if (typed.length > 0 && look.annotated !== undefined) {
    throw new UsageError(
      "Cannot take --class: annotations name the classes themselves; --classes renames them.",
    );
  }
  const ignored = input.texts("ignore").flatMap((text) => marksOf(parseMarks(text, "--ignore")));
  const found = look.annotated === undefined ? ofMasks(look, ignored) : ofAnnotations(look.annotated);
  const asked = asks && typed.length === 0 && names === undefined;
  if (asked) { for (const note of found.notes) input.terminal.print(note); }
  const classes = typed.length > 0
    ? checked(typed, "--class", input.texts("class").join(" --class "))
    : names !== undefined
    ? renamed(names, found.classes)
    : asked
    ? askNames(found.classes, input)
    : found.classes;
  const decided = input.text("labeled") !== undefined || input.text("validation") !== undefined;
  const lists = decided ? undefined : look.recognized.lists;
  return {
    ...(look.annotated === undefined ? { classes, labels: {} } : byLabels(classes, found.classes)),
    ignore: typed.length > 0 ? ignored : [...found.ignore, ...ignored],
    labeled: amount(input.text("labeled"), "--labeled"),
    validation: lists === undefined ? validationOf(input, look, asks) : undefined,
    lists,
    notes: asked || typed.length > 0 ? [] : names === undefined ? found.notes : found.notes.slice(1),
  };
}

/** What was found, before anybody says otherwise. */
interface Found {
  readonly classes: readonly ClassEntry[];
  readonly ignore: readonly PixelMark[];
  readonly notes: readonly string[];
}

function ofMasks(look: FolderLook, ignored: readonly PixelMark[]): Found {
  const { classes, ignore, notes } = proposedClasses(look);
  const isIgnored = (marks: unknown) =>
    ignored.some((mark) => JSON.stringify(mark) === JSON.stringify(marks));
  return { classes: Object.entries(classes).filter(([, marks]) => !isIgnored(marks)), ignore, notes };
}

/** Background, and a class for each label. */
function ofAnnotations({ labels }: AnnotatedLook): Found {
  return {
    classes: ["background", ...labels.keys()].map((name, label) => [name, label]),
    ignore: [],
    notes: ["Classes are the labels of the annotations; what lies in no shape is background."],
  };
}

/** What labels are, where their classes were renamed; a background of another name is what lies in no shape, too. */
function byLabels(
  classes: readonly ClassEntry[],
  found: readonly ClassEntry[],
): Pick<Proposal, "classes" | "labels"> {
  const [[background], ...others] = classes as [ClassEntry, ...ClassEntry[]];
  const renames = others.flatMap(([name], at) =>
    name === found[at + 1]![0] ? [] : [[found[at + 1]![0], name] as const]
  );
  return {
    classes: [[background, background === found[0]![0] ? 0 : "else"], ...others],
    labels: Object.fromEntries(renames),
  };
}

/** Asks for names until they fit; an empty line keeps those that are proposed. */
function askNames(classes: readonly ClassEntry[], { terminal }: CommandInput): readonly ClassEntry[] {
  for (;;) {
    const answer = terminal.ask(
      `Names of the classes, with commas between? (${classes.map(([name]) => name).join(",")})`,
    );
    if (answer === undefined || answer.trim() === "") return classes;
    try {
      return renamed(answer, classes);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      terminal.note(error.message);
    }
  }
}

function validationOf(
  input: CommandInput,
  look: FolderLook,
  asks: boolean,
): number | null | undefined {
  const text = input.text("validation");
  if (text !== undefined) return text === "none" ? null : amount(text, "--validation");
  if (look.validation !== undefined || look.annotated?.validation !== undefined) return undefined;
  const masks = look.annotated?.annotated ?? look.training!.masked.length;
  if (masks < 2) return null;
  const share = masks < fewMasks ? 0.34 : 0.2;
  for (; asks;) {
    const answer = input.terminal.ask(
      `How many of the ${masks} images with a mask are kept for scoring: a share, a number or none? (${share})`,
    )?.trim();
    if (answer === undefined || answer === "") return share;
    if (answer === "none") return null;
    try {
      const value = amount(answer, "--validation")!;
      if (value < masks) return value;
      input.terminal.note(`${value} of ${masks} cannot be kept: one at least must be labeled.`);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      input.terminal.note(error.message);
    }
  }
  return share;
}

/** A share below 1, or a whole number. */
function amount(text: string | undefined, option: string): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,7}(?:\.\d{1,9})?$/.test(text) ? Number(text) : NaN;
  if (value > 0 && (value < 1 || Number.isInteger(value))) return value;
  throw new UsageError(
    `Cannot take "${option} ${text}": it must be a share below 1, as 0.2, or a whole number of images` +
      `${option === "--validation" ? ", or none" : ""}.`,
  );
}
