/** Where a list first differs from the published one, told without keeping the published one. @module */
import { createHash } from "node:crypto";
import { type PublishedList, publishedLists } from "./lists.ts";

/** The lines of a list's text, without the end of the last one. */
export function linesOf(text: string): string[] {
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** Bytes of a line's check. */
const width = 2;

/** For each line, the first two bytes of its SHA-256. */
export function lineChecks(text: string): Uint8Array {
  const lines = linesOf(text), checks = new Uint8Array(lines.length * width);
  lines.forEach((line, i) => {
    checks.set(createHash("sha256").update(line).digest().subarray(0, width), i * width);
  });
  return checks;
}

/** The first line of a list that is not the published one. */
export interface LineDifference {
  /** From 1. */
  readonly line: number;
  /** What is there; undefined where the list ends before its time. */
  readonly found: string | undefined;
}

/**
 * Finds the first line that differs from the published list. A check is two bytes, so one differing line in 65,536
 * is not seen as such; one that is reported does differ.
 *
 * @returns undefined where no difference is seen.
 */
export function firstDifference(list: PublishedList, text: string): LineDifference | undefined {
  const published = checksOf(list), lines = linesOf(text), checks = lineChecks(text);
  const length = Math.max(published.length, checks.length);
  for (let at = 0; at < length; at++) {
    if (checks[at] === published[at]) continue;
    const index = Math.floor(at / width);
    return { line: index + 1, found: lines[index] };
  }
  return undefined;
}

/** The lists' checks one after the other, in the order of {@linkcode publishedLists}; `make_line_checks.ts` writes them. */
export const checksFile: URL = new URL("./line_checks.bin", import.meta.url);

let all: Uint8Array | undefined;

function checksOf(list: PublishedList): Uint8Array {
  all ??= Deno.readFileSync(checksFile);
  let start = 0;
  for (const { path, count } of publishedLists) {
    const end = start + count * width;
    if (path === list.path) return all.subarray(start, end);
    start = end;
  }
  throw new Error(`There are no checks of the lines of "${list.path}"`);
}
