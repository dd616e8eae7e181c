/** Finds the pictures that annotations are of. @module */
import { DataError } from "../datasets/errors.ts";
import type { Annotation } from "./annotation.ts";

/** Annotations by picture, and the names that no picture has. */
export interface Matched {
  readonly found: ReadonlyMap<string, Annotation>;
  readonly missing: readonly string[];
}

/** What Label Studio puts in front of the name of an uploaded file. */
const uploadMark = /^[0-9a-f]{8}-/;
const partsOf = (path: string) =>
  path.replaceAll("\\", "/").split("/").filter((part) => part !== "" && part !== ".");

/**
 * Finds the picture of each annotation: the one whose file has that name and whose folders agree with it farthest, from the
 * file's own upward; so it does not matter whether names begin at the folder of the pictures, above it or below.
 *
 * @param annotations By the name that the tool gives the picture.
 * @param pictures Paths, with `/`.
 * @throws {DataError} If two pictures are equally near to a name, or two annotations are of one picture.
 */
export function matchPictures(
  annotations: ReadonlyMap<string, Annotation>,
  pictures: readonly string[],
): Matched {
  const byFile = Map.groupBy(pictures, (path) => partsOf(path).at(-1)!);
  const found = new Map<string, Annotation>(), names = new Map<string, string>(), missing: string[] = [];
  for (const [name, annotation] of annotations) {
    const parts = partsOf(name), last = parts.at(-1) ?? "";
    const candidates = byFile.get(last) ?? byFile.get(last.replace(uploadMark, "")) ?? [];
    const agreements = candidates.map((path) => agreement(partsOf(path), parts));
    const most = Math.max(...agreements),
      nearest = candidates.filter((_, index) => agreements[index] === most);
    const [picture, other] = nearest;
    if (picture === undefined) {
      missing.push(name);
      continue;
    }
    if (other !== undefined) {
      throw new DataError(
        `Cannot tell which picture the annotation of "${name}" in "${annotation.file}" is of: "${picture}" or ` +
          `"${other}". Give the pictures names of their own, or the folder in the annotation.`,
      );
    }
    const before = names.get(picture);
    if (before !== undefined) {
      throw new DataError(
        `Cannot take two annotations of "${picture}" from "${annotation.file}": "${before}" and "${name}". Remove one.`,
      );
    }
    names.set(picture, name);
    found.set(picture, annotation);
  }
  return { found, missing };
}

/** How many folders above the file are the same. */
function agreement(a: readonly string[], b: readonly string[]): number {
  let count = 0;
  while (count + 1 < a.length && count + 1 < b.length && a.at(-2 - count) === b.at(-2 - count)) count++;
  return count;
}
