/** Says why no image of a folder is labeled, and what to write so that some are. @module */
import { DataError } from "../errors.ts";
import type { AnnotationsConfig } from "./annotations_config.ts";
import type { ImageFinder } from "./finder.ts";
import { parsePattern } from "./pattern.ts";

/** No image has an annotation. */
export function nothingAnnotated(finder: ImageFinder, { format, path }: AnnotationsConfig): DataError {
  const { root, patterns: { images }, annotated } = finder;
  const where = path.length > 0 ? path.map((file) => `"${file}"`).join(", ") : "files beside the images";
  return new DataError(
    `Cannot load "${root}": no image that fits load.images, "${images}", is labeled by ${format}, ${where}` +
      `${annotated!.notes.map((note) => `; ${note}`).join("")}. Check load.images and load.annotations.path.`,
  );
}

/** No image has a mask. */
export function nothingMasked({ root, patterns: { images, masks }, pairs }: ImageFinder): DataError {
  const { orphans, samples: [sample] } = pairs;
  const seen = orphans.length > 0
    ? `no mask is called as an image is: there are "${sample!.image}" and "${orphans[0]}"`
    : `no picture fits load.masks, "${masks}"`;
  const guess = commonPattern(sample!.image, images, orphans, masks) ?? "masks/*_mask.png";
  return new DataError(
    `Cannot load "${root}": no image is labeled, as ${seen}. A mask has the name of its image below the folder, whatever ` +
      `its extension, or a * stands for what both have in common: load.masks="${guess}".`,
  );
}

/** A pattern by which a mask would fit an image whose name it begins with. */
function commonPattern(
  image: string,
  images: string,
  masks: readonly string[],
  pattern: string,
): string | undefined {
  const stem = parsePattern(images).key(image)!, { key } = parsePattern(pattern);
  const mask = masks.map((path) => path.normalize("NFC")).find((path) => key(path)?.startsWith(stem));
  if (mask === undefined) return undefined;
  const at = mask.lastIndexOf(key(mask)!);
  return `${mask.slice(0, at)}*${mask.slice(at + stem.length)}`;
}
