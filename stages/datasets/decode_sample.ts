/** Reads one image or mask of a listed sample, with errors that name file, list, line and id. */
import { FileReadError, fileSize, readFileWhole } from "../../pipeline/files/read_file.ts";
import { decodingBudget } from "../codecs/image.ts";
import { isTransposed } from "../codecs/orientation.ts";
import {
  decodePicture,
  decodeStored,
  type Picture,
  type PictureOptions,
  type Pixels,
  type Turning,
} from "../codecs/picture.ts";
import type { ClassList } from "./classes.ts";
import { DataError, joinPath } from "./errors.ts";
import type { ListedSample } from "./id_list.ts";

/** A sample, and where it is listed: what an error needs to point at it. */
export interface LocatedSample {
  readonly sample: ListedSample;
  /** Path of the id list. */
  readonly list: string;
  /** The data set's folder. */
  readonly root: string;
  /** Gives a file's bytes: in a stage `context.read`; {@linkcode readFileWhole} by default. */
  readonly read?: typeof readFileWhole | undefined;
}

/** The beginning of every message about a sample. */
function cannotLoad({ sample, list }: LocatedSample): string {
  return `Cannot load sample "${sample.id}" ("${list}", line ${sample.line})`;
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
 * Reads a mask and turns its values, as they are in the file, into labels.
 *
 * @param table See `labelTable`.
 * @param image The image the mask belongs to.
 * @param orientation Whether the mask is turned as its file says, as the image was.
 * @throws {DataError} If the file is missing or cannot be read, is no palette or gray PNG, has another size than the image, or
 *   holds a value that is no class. @throws {DecodeError} If it is damaged.
 */
export async function readMask(
  located: LocatedSample,
  image: Omit<Picture, "data">,
  table: Int16Array,
  classes: ClassList,
  orientation: Turning = "stored",
): Promise<Pixels> {
  const { sample, list, root } = located;
  const path = joinPath(root, sample.mask!);
  const bytes = await readBytes(path, "mask", located);
  const mask = await decodeStored(bytes, path, orientation);
  if (mask.lossy !== undefined) {
    throw new DataError(
      `${
        cannotLoad(located)
      }: mask "${path}" is a ${mask.lossy}, which does not keep label values as they were drawn. Draw or export the masks as PNG, ` +
        `or remove the line from "${list}".`,
    );
  }
  if (mask.channels !== 1) {
    throw new DataError(
      `${
        cannotLoad(located)
      }: mask "${path}" has ${mask.channels} channels of ${mask.bits} bits; it must hold one label ` +
        `a pixel, as a palette or gray image. Convert the masks, or remove the line from "${list}".`,
    );
  }
  if (mask.width !== image.width || mask.height !== image.height) {
    throw new DataError(
      `${
        cannotLoad(located)
      }: mask "${path}" is ${mask.width} × ${mask.height}, the image is ${image.width} × ` +
        `${image.height}; both must have one size. ${
          otherTurning() ?? "Extract the data set again"
        }, or remove the line from ` +
        `"${list}".`,
    );
  }
  const labels = new Uint8Array(mask.data.length);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = table[mask.data[pixel]!] ?? -1; // Of 16 bits a value may lie beyond the table.
    if (label < 0) throw outsideClasses(pixel);
    labels[pixel] = label;
  }
  return { width: mask.width, height: mask.height, data: labels };

  /** Where the mask was drawn on the image as it is turned by EXIF, or as it is not, which is the other of what is asked for. */
  function otherTurning(): string | undefined {
    if (!isTransposed(image.orientation)) return undefined;
    if (mask.width !== image.height || mask.height !== image.width) return undefined;
    const [what, other] = orientation === "stored" ? ["turned", "upright"] : ["not turned", "stored"];
    return `The mask fits the image ${what} by its EXIF orientation, ${image.orientation}: set load.orientation to ${other}`;
  }

  function outsideClasses(first: number): DataError {
    const value = mask.data[first]!;
    const count = countOf(value, mask.data);
    const last = classes.names.length - 1;
    return new DataError(
      `${cannotLoad(located)}: mask "${path}" holds the value ${value} in ${count} ${
        count === 1 ? "pixel" : "pixels"
      }, ` +
        `first at row ${Math.floor(first / mask.width)}, column ${
          first % mask.width
        }; labels are 0 to ${last}, and 255 is ` +
        `ignored. Convert the masks to this data set's labels, or remove the line from "${list}".`,
    );
  }
}

function countOf(value: number, data: Uint8Array | Uint16Array): number {
  let count = 0;
  for (const other of data) count += Number(other === value);
  return count;
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
      ? `${
        cannotLoad(located)
      }: there is no ${what} "${error.path}". Extract the data set again, or remove the line from the list.`
      : `${
        cannotLoad(located)
      }: the ${what} "${error.path}" cannot be read: ${error.reason}. Put a file of at most ` +
        `${decodingBudget} bytes there, or remove the line from the list.`,
    { cause: error },
  );
}
