/** Classes as they are typed: `--class NAME=VALUE`, `--classes a,b`. @module */
import type { ClassEntry, PixelMark, PixelMarks } from "../../stages/datasets/folder/class_values.ts";
import { markProblem, readClasses } from "../../stages/datasets/folder/class_values.ts";
import { UsageError } from "../terminal/errors.ts";

/** How a value is typed; part of the help and of errors. */
export const valueHelp =
  `VALUE is a value of the masks (255), a range (1-255), a color (#ff0000), a channel's value or range
(red:1-255), several of these with commas between, or else (all other pixels).`;

/**
 * Reads `NAME=VALUE`.
 *
 * @throws {UsageError} If it is none.
 */
export function parseClass(text: string): ClassEntry {
  const at = text.lastIndexOf("=");
  if (at < 1) throw unreadable("--class", text, "it must be NAME=VALUE, as --class road=7");
  return [text.slice(0, at).trim(), parseMarks(text.slice(at + 1), "--class", text)];
}

/**
 * Reads a value, or several with commas between.
 *
 * @param option Whose value it is.
 * @param typed What was typed as a whole, for errors.
 * @throws {UsageError} If it is none.
 */
export function parseMarks(text: string, option: string, typed: string = text): PixelMarks {
  const marks = text.split(",").map((part) => parseMark(part.trim(), option, typed));
  return marks.length === 1 ? marks[0]! : marks;
}

function parseMark(text: string, option: string, typed: string): PixelMark {
  const [, channel, low, high] = /^(?:(value|red|green|blue|alpha):)?(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ??
    [];
  const mark = low === undefined
    ? text
    : channel === undefined && high === undefined
    ? Number(low)
    : { [channel ?? "value"]: high === undefined ? Number(low) : [Number(low), Number(high)] as const };
  const problem = markProblem(mark);
  if (problem !== undefined) throw unreadable(option, typed, problem);
  return mark as PixelMark;
}

/**
 * Gives proposed classes the names that were typed.
 *
 * @param names With commas between, in the order of the classes.
 * @throws {UsageError} If they are not as many, or no names.
 */
export function renamed(names: string, proposed: readonly ClassEntry[]): readonly ClassEntry[] {
  const list = names.split(",").map((name) => name.trim());
  if (list.length !== proposed.length) {
    throw unreadable(
      "--classes",
      names,
      `it gives ${list.length} names, and the masks hold ${proposed.length} classes, in this order: ${
        proposed.map(([name]) => name).join(", ")
      }`,
    );
  }
  return checked(list.map((name, at) => [name, proposed[at]![1]]), "--classes", names);
}

/**
 * Holds entries against the rules of `load.classes`.
 * @throws {UsageError} Where they break one.
 */
export function checked(
  entries: readonly ClassEntry[],
  option: string,
  typed: string,
): readonly ClassEntry[] {
  const read = readClasses(entries);
  if ("entries" in read) return read.entries;
  throw unreadable(option, typed, read.problem);
}

function unreadable(option: string, text: string, reason: string): UsageError {
  return new UsageError(`Cannot take "${option} ${text}": ${reason}.`);
}

/** A mark as it is typed. */
export function markFlag(marks: PixelMarks): string {
  if (Array.isArray(marks)) return marks.map((mark) => markFlag(mark)).join(",");
  if (typeof marks !== "object") return String(marks);
  const [[channel, range]] = Object.entries(marks) as [[string, number | readonly [number, number]]];
  const text = typeof range === "number" ? String(range) : range.join("-");
  return channel === "value" && typeof range !== "number" ? text : `${channel}:${text}`;
}
