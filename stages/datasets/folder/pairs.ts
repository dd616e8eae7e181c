/** Finds the images of a folder, and the mask of each. @module */
import { DataError } from "../errors.ts";
import type { ListedSample } from "../id_list.ts";
import { findFiles } from "./walk.ts";
import { matching, parsePattern, withoutExtension } from "./pattern.ts";

/** Where images and masks are: patterns, see {@linkcode parsePattern}. */
export interface PairPatterns {
  /** The images: a folder, or a path with one `*`. */
  readonly images: string;
  /** Their masks, likewise. */
  readonly masks: string;
}

/** The same, where annotations may stand for masks. */
export type ImagePatterns = Pick<PairPatterns, "images"> & { readonly masks?: string | undefined };

/** The images that were found. */
export interface Pairs {
  /** By code points of their paths; `mask` where there is one. */
  readonly samples: readonly ListedSample[];
  /** Masks whose image was not found. */
  readonly orphans: readonly string[];
  /** Files that were passed over. */
  readonly others: readonly string[];
}

/**
 * Pairs images with masks by what the `*` of their patterns stands for. A file that fits the masks' pattern is no image, also
 * where it fits the images'.
 *
 * @param excluded Whether a file is another set's.
 * @throws {DataError} If there is no image, or two images, or two masks, have one name.
 */
export function findPairs(
  root: string,
  patterns: ImagePatterns,
  excluded: (path: string) => boolean = () => false,
): Pairs {
  const images = parsePattern(patterns.images);
  const masks = patterns.masks === undefined ? undefined : parsePattern(patterns.masks);
  const { pictures, others } = findFiles(root, [images, ...masks ? [masks] : []].map(({ folder }) => folder));
  const candidates = pictures.filter((path) => !excluded(path));
  const maskOf = masks ? matching(masks, candidates) : new Map<string, string[]>();
  const isMask = new Set(images.text === masks?.text ? [] : [...maskOf.values()].flat());
  const imageOf = matching(images, candidates.filter((path) => !isMask.has(path)));
  if (imageOf.size === 0) {
    throw new DataError(
      `Cannot load "${root}": no picture fits load.images, "${patterns.images}"` +
        `${isMask.size > 0 ? `, that is not a mask by load.masks, "${patterns.masks}"` : ""}. ` +
        `Name the folder of the images, or a path with a * in it: "*.jpg".`,
    );
  }
  const samples = [...imageOf].map(([key, files]): ListedSample => {
    const image = only(files, "images", patterns.images), found = maskOf.get(key);
    const mask = found && only(found, "masks", patterns.masks!);
    return { id: withoutExtension(image).normalize("NFC"), image, ...(mask !== undefined && { mask }) };
  });
  const orphans = [...maskOf].flatMap(([key, files]) => imageOf.has(key) ? [] : files);
  return { samples, orphans, others };
}

/** The one file of a name. */
function only(files: readonly string[], leaf: "images" | "masks", pattern: string): string {
  const [file, other] = files;
  if (other === undefined) return file!;
  throw new DataError(
    `Cannot tell which of "${file}" and "${other}" is meant: load.${leaf}, "${pattern}", has both under one name. Move one ` +
      `away, or write the extension: load.${leaf}="${byExtension(pattern, file!)}".`,
  );
}

/** A pattern that a file fits, and another of the same name does not. */
function byExtension(pattern: string, file: string): string {
  const extension = file.slice(withoutExtension(file).length);
  return pattern.includes("*") ? `${pattern}${extension}` : `${pattern.replace(/\/?$/, "/")}*${extension}`;
}
