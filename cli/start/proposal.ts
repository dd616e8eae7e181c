/** What an experiment for a folder will say: proposed from what was seen, by flags, or as a person answers. @module */
import { type ClassEntry, marksOf, type PixelMark } from "../../stages/datasets/folder/class_values.ts";
import { type FolderLook, proposedClasses } from "../../stages/survey/look.ts";
import type { FoundLists } from "../../stages/survey/recognize.ts";
import type { CommandInput } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { checked, parseClass, parseMarks, renamed } from "./class_flags.ts";

/** Classes and roles. */
export interface Proposal {
  readonly classes: readonly ClassEntry[];
  readonly ignore: readonly PixelMark[];
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
 * @param look With masks that were looked at.
 * @param asks Whether the person at the terminal is asked what flags leave open.
 * @throws {UsageError} If a flag cannot be taken.
 */
export function propose(look: FolderLook, input: CommandInput, asks: boolean): Proposal {
  const meaning = proposedClasses(look), { masked } = look.training!;
  const typed = input.texts("class").map(parseClass), names = input.text("classes");
  if (typed.length > 0 && names !== undefined) {
    throw new UsageError("Cannot take both --class and --classes; give one of the two.");
  }
  const ignored = input.texts("ignore").flatMap((text) => marksOf(parseMarks(text, "--ignore")));
  const isIgnored = (marks: unknown) =>
    ignored.some((mark) => JSON.stringify(mark) === JSON.stringify(marks));
  let classes: readonly ClassEntry[] = Object.entries(meaning.classes).filter(([, marks]) =>
    !isIgnored(marks)
  );
  let notes = meaning.notes;
  if (typed.length > 0) {
    classes = checked(typed, "--class", input.texts("class").join(" --class "));
    notes = [];
  } else if (names !== undefined) {
    classes = renamed(names, classes);
    notes = notes.slice(1);
  } else if (asks) {
    for (const note of meaning.notes) input.terminal.print(note);
    notes = [];
    classes = askNames(classes, input);
  }
  const decided = input.text("labeled") !== undefined || input.text("validation") !== undefined;
  const lists = decided ? undefined : look.recognized.lists;
  return {
    classes,
    ignore: typed.length > 0 ? ignored : [...meaning.ignore, ...ignored],
    labeled: amount(input.text("labeled"), "--labeled"),
    validation: lists === undefined ? validationOf(input, look, masked.length, asks) : undefined,
    lists,
    notes,
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
  masks: number,
  asks: boolean,
): number | null | undefined {
  const text = input.text("validation");
  if (text !== undefined) return text === "none" ? null : amount(text, "--validation");
  if (look.validation !== undefined) return undefined;
  if (masks < 2) return null;
  const share = masks < fewMasks ? 0.34 : 0.2;
  for (; asks;) {
    const answer = input.terminal.ask(
      `How many of the ${masks} images with a mask are kept for scoring: a share, a number or none? (${share})`,
    )?.trim();
    if (answer === undefined || answer === "") return share;
    if (answer === "none") return null;
    try {
      return amount(answer, "--validation")!;
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
