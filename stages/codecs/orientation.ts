/** Which way up a picture is: EXIF's orientation, read and applied. */
import type { Orientation } from "./image.ts";
import { readTiffDirectory } from "./tiff_directory.ts";

/** The tag of the orientation, in EXIF and in TIFF. */
export const orientationTag = 0x0112;

/**
 * The orientation that EXIF names.
 *
 * @param exif What follows the title `Exif\0\0` in a JPEG; the title itself may come first, as in some WebP files.
 * @returns 1 where nobody knows it, as Pillow's `exif_transpose` takes it; undefined where there is none, or EXIF is damaged
 *   before it.
 * @see EXIF 2.32, 4.6.4 A.
 */
export function exifOrientation(exif: Uint8Array): Orientation | undefined {
  const titled = String.fromCharCode(...exif.subarray(0, 6)) === "Exif\0\0";
  const directory = readTiffDirectory(titled ? exif.subarray(6) : exif, [orientationTag]);
  const field = directory?.fields.get(orientationTag);
  return field && orientationOf(field);
}

/** The orientation that a field of that tag names: its first number, where it is one of the eight. */
export function orientationOf([value = 1]: readonly number[] = []): Orientation {
  return value >= 1 && value <= 8 ? value as Orientation : 1;
}

/** Whether width and height change places. */
export function isTransposed(orientation: Orientation): boolean {
  return orientation >= 5;
}

/** Where each orientation takes the columns and rows of the upright picture from: which are counted from their end. */
const reversed: Readonly<Record<Orientation, readonly [columns: boolean, rows: boolean]>> = {
  1: [false, false],
  2: [true, false],
  3: [true, true],
  4: [false, true],
  5: [false, false],
  6: [false, true],
  7: [true, true],
  8: [true, false],
};

/**
 * Turns pixels upright.
 *
 * @param image Stored pixels: height × width × channels.
 * @returns The same object where nothing is to be turned.
 */
export function upright<
  T extends {
    readonly width: number;
    readonly height: number;
    readonly channels: number;
    readonly data: Uint8Array | Uint16Array;
    readonly orientation: Orientation;
  },
>(image: T): T {
  const { width, height, channels, data, orientation } = image;
  if (orientation === 1) return image;
  const transposed = isTransposed(orientation), [columns, rows] = reversed[orientation];
  // Of the stored pixels: the first one, and the steps to the next upright column and row.
  const across = (columns ? -1 : 1) * channels, down = (rows ? -1 : 1) * width * channels;
  const start = (columns ? (width - 1) * channels : 0) + (rows ? (height - 1) * width * channels : 0);
  const [stepColumn, stepRow] = transposed ? [down, across] : [across, down];
  const [newWidth, newHeight] = transposed ? [height, width] : [width, height];
  const turned = data instanceof Uint16Array ? new Uint16Array(data.length) : new Uint8Array(data.length);
  let to = 0;
  for (let row = 0; row < newHeight; row++) {
    for (let column = 0; column < newWidth; column++) {
      const from = start + row * stepRow + column * stepColumn;
      for (let channel = 0; channel < channels; channel++) turned[to++] = data[from + channel]!;
    }
  }
  return { ...image, width: newWidth, height: newHeight, data: turned };
}
