/** Reads one image or mask of a listed sample, with errors that name file, list, line and id. */
import { decodeJpeg } from "../codecs/jpeg.ts";
import { decodePng } from "../codecs/png.ts";
import { decodingBudget, toRgb } from "../codecs/image.ts";
import type { ClassList } from "./classes.ts";
import { DataError, joinPath } from "./errors.ts";
import type { ListedSample } from "./id_list.ts";

/** Pixels of one file. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** A sample, and where it is listed: what an error needs to point at it. */
export interface LocatedSample {
  readonly sample: ListedSample;
  /** Path of the id list. */
  readonly list: string;
  /** The data set's folder. */
  readonly root: string;
  /** Gives a file's bytes; `Deno.readFile` by default. */
  readonly read?: ((path: string) => Promise<Uint8Array>) | undefined;
}

/** The beginning of every message about a sample. */
export function cannotLoad({ sample, list }: LocatedSample): string {
  return `Cannot load sample "${sample.id}" ("${list}", line ${sample.line})`;
}

/**
 * Reads an image as RGB.
 *
 * @throws {DataError} If the file is missing. @throws {DecodeError} If its bytes are no image.
 */
export async function readImage(located: LocatedSample): Promise<Pixels> {
  const path = joinPath(located.root, located.sample.image);
  const bytes = await readBytes(path, "image", located);
  const image = /\.png$/i.test(path) ? decodePng(bytes, path) : await decodeJpeg(bytes, path);
  return { width: image.width, height: image.height, data: toRgb(image) };
}

/**
 * Reads a mask and turns its values into labels.
 *
 * @param table See `labelTable`.
 * @param image The image the mask belongs to.
 * @throws {DataError} If the file is missing or no palette or gray PNG of at most 8 bits, its size is not the image's, or
 *   it holds a value that is no class.
 */
export async function readMask(
  located: LocatedSample,
  image: { readonly width: number; readonly height: number },
  table: Int16Array,
  classes: ClassList,
): Promise<Pixels> {
  const { sample, list, root } = located;
  const path = joinPath(root, sample.mask!);
  const remedy = `Extract the data set again, or remove the line from "${list}"`;
  if (!/\.png$/i.test(path)) {
    throw new DataError(
      `${cannotLoad(located)}: mask "${path}" is no PNG; JPEG changes label values. ${remedy}.`,
    );
  }
  const mask = decodePng(await readBytes(path, "mask", located), path);
  if (mask.channels !== 1 || mask.bitDepth > 8) {
    throw new DataError(
      `${
        cannotLoad(located)
      }: mask "${path}" has ${mask.channels} channels of ${mask.bitDepth} bits; it must hold one label ` +
        `a pixel, as a palette or gray image of at most 8 bits. ${remedy}.`,
    );
  }
  if (mask.width !== image.width || mask.height !== image.height) {
    throw new DataError(
      `${
        cannotLoad(located)
      }: mask "${path}" is ${mask.width} × ${mask.height}, the image is ${image.width} × ` +
        `${image.height}; both must have one size. ${remedy}.`,
    );
  }
  const labels = new Uint8Array(mask.data.length);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = table[mask.data[pixel]!]!;
    if (label < 0) throw outsideClasses(pixel);
    labels[pixel] = label;
  }
  return { width: mask.width, height: mask.height, data: labels };

  function outsideClasses(first: number): DataError {
    const value = mask.data[first]!;
    const count = mask.data.reduce((sum, other) => sum + Number(other === value), 0);
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

async function readBytes(path: string, what: "image" | "mask", located: LocatedSample): Promise<Uint8Array> {
  try {
    const { size } = await Deno.stat(path);
    if (size > decodingBudget) {
      throw new DataError(
        `${
          cannotLoad(located)
        }: the ${what} "${path}" has ${size} bytes; ${decodingBudget} are read. Save it smaller.`,
      );
    }
    return await (located.read ?? Deno.readFile)(path);
  } catch (cause) {
    const missing = cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory;
    if (!missing && !(cause instanceof Deno.errors.IsADirectory)) throw cause;
    throw missingFile(path, what, located);
  }
}

/** The error for a file that a list names and that is not there. */
export function missingFile(path: string, what: "image" | "mask", located: LocatedSample): DataError {
  return new DataError(
    `${
      cannotLoad(located)
    }: there is no ${what} "${path}". Extract the data set again, or remove the line from the list.`,
  );
}
