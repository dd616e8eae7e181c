/** Reads id lists: "image mask" a line, as published with CPS, ST++, U²PL, UniMatch and CCVC. */
import { DataError } from "./errors.ts";

/** One line of an id list. */
export interface ListedSample {
  /** Image path without extension, unique within a list: what errors, logs and outputs call the sample. */
  readonly id: string;
  /** Relative to the data set's root, with `/`. */
  readonly image: string;
  /** Relative to the root; absent where the line names no mask. */
  readonly mask?: string;
  /** Line number, from 1. */
  readonly line: number;
}

/** An id list and the file it came from. */
export interface IdList {
  readonly path: string;
  readonly samples: readonly ListedSample[];
}

const imageExtension = /\.(?:jpe?g|png)$/i;
/** Most characters of a line: twice what systems accept as a path. */
const maximumLine = 8192;

/**
 * Parses an id list.
 *
 * Lines end in LF or CRLF; blank lines count for nothing. Image and mask are told apart at a space before which the
 * line ends in an image's extension, so that spaces within either path survive.
 *
 * @param text The file's text.
 * @param path The file's name, for errors.
 * @param options `masks`: whether each line must name a mask (labeled lists) or may leave it out.
 * @throws {DataError} Naming file and line, for: a line that cannot be split or can be split in two ways, no mask where
 *   one is needed, an absolute path, a `..` or `.` segment, a backslash, a NUL or other control character, an id listed
 *   twice. And if no line is left.
 */
export function parseIdList(
  text: string,
  path: string,
  options: { readonly masks: "required" | "optional" },
): IdList {
  const samples: ListedSample[] = [];
  const seen = new Map<string, number>();
  text.replace(/^\uFEFF/, "").split("\n").forEach((raw, index) => {
    const line = index + 1;
    const content = raw.endsWith("\r") ? raw.slice(0, -1) : raw;
    if (content.length > maximumLine) {
      throw listError(
        path,
        line,
        `it has ${content.length} characters; ${maximumLine} are read`,
        'Write one "image mask" a line, and check that the file is a list',
      );
    }
    if (content.trim() === "") return;
    const [image, mask] = splitLine(content.trim(), path, line);
    assertRelative(image, path, line);
    if (mask === undefined && options.masks === "required") {
      throw listError(
        path,
        line,
        `it names no mask: ${quote(content)}`,
        'Write "image mask" on each line of a labeled list',
      );
    }
    if (mask !== undefined) assertRelative(mask, path, line);
    const id = image.replace(imageExtension, "");
    const before = seen.get(id);
    if (before !== undefined) {
      throw listError(
        path,
        line,
        `the id ${quote(id)} is listed already on line ${before}`,
        "Remove one of the two lines",
      );
    }
    seen.set(id, line);
    samples.push({ id, image, ...(mask === undefined ? {} : { mask }), line });
  });
  if (samples.length === 0) {
    throw new DataError(`Cannot use the id list "${path}": it is empty. Write one "image mask" a line.`);
  }
  return { path, samples };
}

function splitLine(content: string, path: string, line: number): [string, string | undefined] {
  const splits: [string, string][] = [];
  for (let at = content.indexOf(" "); at >= 0; at = content.indexOf(" ", at + 1)) {
    const image = content.slice(0, at).trimEnd(), mask = content.slice(at + 1).trimStart();
    const known = splits.some(([other]) => other === image);
    if (!known && imageExtension.test(image) && imageExtension.test(mask)) splits.push([image, mask]);
  }
  if (splits.length === 1) return splits[0]!;
  if (splits.length > 1) {
    throw listError(
      path,
      line,
      `it can be split into image and mask in ${splits.length} ways: ${quote(content)}`,
      "Rename the files",
    );
  }
  if (imageExtension.test(content)) return [content, undefined];
  throw listError(
    path,
    line,
    `${quote(content)} names no image (.jpg, .jpeg, .png)`,
    'Write "image mask", relative to the root',
  );
}

function assertRelative(file: string, path: string, line: number): void {
  const remedy = "Write the path relative to the data set's root";
  // deno-lint-ignore no-control-regex
  if (/[\x00-\x1f\x7f-\x9f\u2028\u2029]/.test(file)) {
    throw listError(path, line, `the path ${quote(file)} holds a control character (NUL, tab, …)`, remedy);
  }
  if (file.includes("\\")) {
    throw listError(path, line, `the path ${quote(file)} holds a backslash`, `${remedy}, with "/"`);
  }
  if (file.startsWith("/") || /^[A-Za-z]:/.test(file)) {
    throw listError(path, line, `the path ${quote(file)} is absolute`, remedy);
  }
  if (file.split("/").some((segment) => segment === ".." || segment === "." || segment === "")) {
    throw listError(
      path,
      line,
      `the path ${quote(file)} has a "..", "." or empty segment`,
      `${remedy}, without them`,
    );
  }
}

function listError(path: string, line: number, reason: string, remedy: string): DataError {
  return new DataError(`Cannot read line ${line} of the id list "${path}": ${reason}. ${remedy}.`);
}

/** JSON's quoting makes control characters visible. */
function quote(text: string): string {
  return JSON.stringify(text);
}

/**
 * Holds two lists apart: no image may be in both.
 *
 * @param a The list of one role, e.g. "labeled".
 * @throws {DataError} Naming the id, both files and both lines.
 */
export function assertDisjoint(a: IdList, roleA: string, b: IdList, roleB: string): void {
  const lines = new Map(a.samples.map((sample) => [sample.id, sample.line]));
  for (const { id, line } of b.samples) {
    const other = lines.get(id);
    if (other === undefined) continue;
    throw new DataError(
      `Cannot use the id ${
        quote(id)
      } twice: it is ${roleA} ("${a.path}", line ${other}) and ${roleB} ("${b.path}", ` +
        `line ${line}); the two must share no image. Remove one of the two lines.`,
    );
  }
}
