/** Looks at pictures and masks themselves: sizes, the range of deep samples, and values. @module */
import { UserError } from "../../pipeline/errors.ts";
import { readFileWhole } from "../../pipeline/files/read_file.ts";
import { decodingBudget, type Range, type StoredImage } from "../codecs/image.ts";
import { decodeStored } from "../codecs/picture.ts";
import { ValueCounts } from "../codecs/range.ts";
import { joinPath } from "../datasets/errors.ts";
import type { ListedSample } from "../datasets/id_list.ts";
import { formOf, MaskValues } from "./mask_values.ts";

/** What was seen of images. */
export interface ImagesLook {
  /** `width × height` → images. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Of each image that was looked at, by its path. */
  readonly sizeOf: ReadonlyMap<string, string>;
  /** Shortest side, pixels; 0 where none was looked at. */
  readonly side: number;
  /** Which values of samples of more than 8 bits are black and white; undefined where there are none. */
  readonly range: Range | undefined;
}

/** How files are read: where they lie, who is told, and who takes what is wrong. */
export interface Looking {
  readonly root: string;
  /** Is told which file comes next. */
  next(path: string): void;
  /** Takes what is wrong with a file. */
  fault(message: string): void;
}

/** Decodes images. */
export async function lookAtImages(images: readonly string[], looking: Looking): Promise<ImagesLook> {
  const sizes = new Map<string, number>(), sizeOf = new Map<string, string>(), deep = new ValueCounts();
  let side = Infinity;
  for (const image of images) {
    const stored = await open(image, looking);
    if (stored === undefined) continue;
    const size = sizeText(stored);
    sizes.set(size, (sizes.get(size) ?? 0) + 1);
    sizeOf.set(image, size);
    side = Math.min(side, stored.width, stored.height);
    deep.add(stored);
  }
  return { sizes, sizeOf, side: Number.isFinite(side) ? side : 0, range: deep.range() };
}

/**
 * Counts the values of masks, and holds their sizes against those of the images that were looked at.
 *
 * @returns undefined where none can be read.
 */
export async function lookAtMasks(
  samples: readonly ListedSample[],
  sizeOf: ReadonlyMap<string, string>,
  looking: Looking,
): Promise<MaskValues | undefined> {
  let values: MaskValues | undefined;
  for (const { image, mask } of samples) {
    const stored = await open(mask!, looking);
    if (stored === undefined) continue;
    values ??= new MaskValues(formOf(stored));
    const problem = maskProblem(stored, values, sizeOf.get(image));
    if (problem === undefined) values.add(stored);
    else looking.fault(`Cannot take "${joinPath(looking.root, mask!)}" as a mask: ${problem}.`);
  }
  return values?.masks === 0 ? undefined : values;
}

function maskProblem(
  mask: StoredImage,
  { form }: MaskValues,
  imageSize: string | undefined,
): string | undefined {
  const size = sizeText(mask), isColor = formOf(mask) === "color";
  if (mask.lossy !== undefined) {
    return `it holds ${mask.lossy}, which does not keep values as they were drawn. Draw or export the masks as PNG`;
  }
  if (isColor !== (form === "color")) {
    return `it holds ${
      isColor ? "colors, and others hold one value" : "one value, and others hold colors,"
    } a pixel. Convert the ` +
      `masks to one form`;
  }
  if (imageSize === undefined || imageSize === size) return undefined;
  return `it is ${size}, and its image is ${imageSize}. Export the two in one size`;
}

async function open(file: string, { root, next, fault }: Looking): Promise<StoredImage | undefined> {
  next(file);
  const path = joinPath(root, file);
  try {
    return await decodeStored(await readFileWhole(path, decodingBudget), path, "upright");
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    fault(error.message);
    return undefined;
  }
}

function sizeText({ width, height }: StoredImage): string {
  return `${width} × ${height}`;
}

/** In how many values a picture is drawn: masks have few; what no mask's form is has endlessly many. */
export async function valueCount(root: string, file: string): Promise<number> {
  const stored = await open(file, { root, next: () => {}, fault: () => {} });
  if (stored === undefined || stored.lossy !== undefined) return Infinity;
  const values = new MaskValues(formOf(stored));
  values.add(stored);
  return values.counts.size + values.further;
}
