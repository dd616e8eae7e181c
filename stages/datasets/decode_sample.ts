/** Reads one image or mask of a listed sample, with errors that name file, list, line and id. */
import { FileReadError, fileSize, readFileWhole } from "../../pipeline/files/read_file.ts";
import { decodingBudget, type StoredImage } from "../codecs/image.ts";
import { isTransposed } from "../codecs/orientation.ts";
import {
  decodePicture,
  decodeStored,
  type Picture,
  type PictureOptions,
  type Pixels,
  type Turning,
} from "../codecs/picture.ts";
import { DataError, joinPath } from "./errors.ts";
import { type ListedSample, placeOf } from "./id_list.ts";
import type { Labeling } from "./labeling.ts";

/** A sample, and where it is listed: what an error needs to point at it. */
export interface LocatedSample {
  readonly sample: ListedSample;
  /** Path of the id list, or of the folder where the sample was found. */
  readonly list: string;
  /** The data set's folder. */
  readonly root: string;
  /** Gives a file's bytes: in a stage `context.read`; {@linkcode readFileWhole} by default. */
  readonly read?: typeof readFileWhole | undefined;
}

/** The beginning of every message about a sample. */
function cannotLoad({ sample, list }: LocatedSample): string {
  return `Cannot load sample "${sample.id}" (${placeOf({ path: list }, sample)})`;
}

/** How to go on without a sample. */
function removal({ sample, list }: LocatedSample): string {
  return sample.line === undefined ? `move the image out of "${list}"` : `remove the line from "${list}"`;
}

/**
 * Reads an image as RGB.
 *
 * @param options Whether it is turned as its file says, and how more than 8 bits become 8.
 * @throws {DataError} If the file is missing or cannot be read. @throws {DecodeError} If its bytes are no image.
 */
export async function readImage(located: LocatedSample, options?: PictureOptions): Promise<Picture> {
  const path = joinPath(located.root, located.sample.image);
  return await decodePicture(await readBytes(path, "image", located), path, options);
}

/**
 * Reads an image's values as they are stored.
 *
 * @throws As {@linkcode readImage}.
 */
export async function readStored(located: LocatedSample): Promise<StoredImage> {
  const path = joinPath(located.root, located.sample.image);
  return await decodeStored(await readBytes(path, "image", located), path);
}

/**
 * Reads a mask's values as they are stored.
 *
 * @throws {DataError} If the file is missing or cannot be read. @throws {DecodeError} If its bytes are no picture.
 */
export async function readMaskValues(located: LocatedSample): Promise<StoredImage> {
  const path = joinPath(located.root, located.sample.mask!);
  return await decodeStored(await readBytes(path, "mask", located), path);
}

/**
 * Reads a mask and turns its values, as they are in the file, into labels; or draws the shapes that stand for it.
 *
 * @param image The image the mask belongs to.
 * @param labeling What the values mean.
 * @param orientation Whether the mask is turned as its file says, as the image was.
 * @throws {DataError} If the file is missing or cannot be read, has another size than the image, or holds what is no class.
 *   {@linkcode DecodeError} If it is no mask that can be decoded.
 */
export async function readMask(
  located: LocatedSample,
  image: Omit<Picture, "data">,
  labeling: Labeling,
  orientation: Turning = "stored",
): Promise<Pixels> {
  const { width: columns, height: rows } = image, { labels: drawn } = located.sample;
  if (drawn !== undefined) {
    return { width: columns, height: rows, data: await drawn({ width: columns, height: rows }) };
  }
  const path = joinPath(located.root, located.sample.mask!);
  const mask = await decodeStored(await readBytes(path, "mask", located), path, orientation);
  const { width, height } = mask;
  const refused = (problem: string, remedy: string) =>
    new DataError(`${cannotLoad(located)}: mask "${path}" ${problem}. ${remedy}, or ${removal(located)}.`);
  if (mask.lossy !== undefined) {
    throw refused(
      `is a ${mask.lossy}, which does not keep label values as they were drawn`,
      "Draw or export the masks as PNG",
    );
  }
  const labels = labeling(mask);
  if (!(labels instanceof Uint8Array)) throw refused(labels.problem, labels.remedy);
  if (width !== image.width || height !== image.height) {
    throw refused(
      `is ${width} × ${height}, the image is ${image.width} × ${image.height}; both must have one size`,
      otherTurning() ?? "Extract or export the two again",
    );
  }
  return { width, height, data: labels };

  /** Where the mask was drawn on the image as it is turned by EXIF, or as it is not, which is the other of what is asked for. */
  function otherTurning(): string | undefined {
    if (!isTransposed(image.orientation) || width !== image.height || height !== image.width) {
      return undefined;
    }
    const [what, other] = orientation === "stored" ? ["turned", "upright"] : ["not turned", "stored"];
    return `The mask fits the image ${what} by its EXIF orientation, ${image.orientation}: set load.orientation to ${other}`;
  }
}

async function readBytes(path: string, what: "image" | "mask", located: LocatedSample): Promise<Uint8Array> {
  try {
    return await (located.read ?? readFileWhole)(path, decodingBudget);
  } catch (error) {
    throw unreadable(error, what, located);
  }
}

/**
 * Looks whether a file that a list names can be read, without reading it.
 *
 * @returns Its path.
 * @throws {DataError} If it is missing, or too large, or no file but a folder, a device, a pipe or an endless link.
 */
export function assertReadable(what: "image" | "mask", located: LocatedSample): string {
  const path = joinPath(located.root, located.sample[what]!);
  try {
    fileSize(path, decodingBudget);
    return path;
  } catch (error) {
    throw unreadable(error, what, located);
  }
}

function unreadable(error: unknown, what: "image" | "mask", located: LocatedSample): unknown {
  if (!(error instanceof FileReadError)) return error;
  return new DataError(
    error.missing
      ? `${cannotLoad(located)}: there is no ${what} "${error.path}". Extract the data set again, or ${
        removal(located)
      }.`
      : `${
        cannotLoad(located)
      }: the ${what} "${error.path}" cannot be read: ${error.reason}. Put a file of at most ` +
        `${decodingBudget} bytes there, or ${removal(located)}.`,
    { cause: error },
  );
}
