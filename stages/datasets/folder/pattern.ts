/** Which files of a folder are meant, and what an image and its mask have in common: one pattern for each. @module */
import { codePointOrder } from "./order.ts";

/** Extensions of pictures, with the dot. */
const pictureExtension = /\.(?:jpe?g|jpe|jfif|png|tiff?|bmp|gif|webp)$/i;

/** Whether a file is called as a picture is. */
export function isPictureName(name: string): boolean {
  return pictureExtension.test(name);
}

/** A path without a picture's extension. */
export function withoutExtension(path: string): string {
  return path.replace(pictureExtension, "");
}

/** Files below a folder, by what their paths begin and end with. */
export interface PathPattern {
  /** As it is written. */
  readonly text: string;
  /** The folder to look through, relative to the data set's; `""` for that itself. */
  readonly folder: string;
  /**
   * The part of a path that `*` stands for, in Unicode's composed form, so that names from macOS and from elsewhere meet;
   * undefined if the path does not fit.
   */
  key(path: string): string | undefined;
}

/** What is wrong with a pattern; undefined if nothing. */
export function patternProblem(text: string): string | undefined {
  if (text.includes("\\")) return `"${text}" holds a backslash; write "/" between folders`;
  if (text.startsWith("/") || /^[A-Za-z]:/.test(text)) {
    return `"${text}" is absolute; write it relative to load.root`;
  }
  if (text.split("/").includes("..")) {
    return `"${text}" leads out of load.root; name a folder above as the root`;
  }
  return text.split("*").length > 2
    ? `"${text}" has more than one *; one stands for what image and mask have in common, folders included`
    : undefined;
}

/**
 * Reads a pattern: a folder, whose pictures at any depth are meant; or a path with one `*`, which stands for one or more
 * characters, `/` among them: `masks/*_mask.png`. Without an extension behind the `*` that of any picture may follow.
 */
export function parsePattern(text: string): PathPattern {
  const [before, after] = text.split("*") as [string, string?];
  const plain = before.split("/").filter((part, i, all) =>
    part !== "." && (part !== "" || i === all.length - 1)
  );
  // A folder's name ends in a slash here; what stands before a * may end within a name.
  const prefix = plain.join("/") +
    (after === undefined && !["", undefined].includes(plain.at(-1)) ? "/" : "");
  const suffix = after ?? "";
  return {
    text,
    folder: prefix.slice(0, Math.max(0, prefix.lastIndexOf("/"))),
    key(path) {
      if (!path.startsWith(prefix)) return undefined;
      const rest = path.slice(prefix.length);
      const stem = isPictureName(suffix) ? rest : isPictureName(rest) ? withoutExtension(rest) : "";
      const key = stem.endsWith(suffix) ? stem.slice(0, stem.length - suffix.length) : "";
      return key === "" ? undefined : key.normalize("NFC");
    },
  };
}

/** The paths that fit a pattern, by key, in the order of the paths. */
export function matching(pattern: PathPattern, paths: Iterable<string>): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of [...paths].sort(codePointOrder)) {
    const key = pattern.key(path);
    if (key !== undefined) found.set(key, [...found.get(key) ?? [], path]);
  }
  return found;
}
