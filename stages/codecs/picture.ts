/** Decodes a picture by what its bytes are, never by what its file is called. */
import {
  assertImageSize,
  DecodeError,
  type Orientation,
  type Range,
  type StoredImage,
  toRgb,
} from "./image.ts";
import { decodeBmp } from "./bmp.ts";
import { decodeGif } from "./gif.ts";
import { decodeJpeg } from "./jpeg.ts";
import { upright } from "./orientation.ts";
import { decodePng } from "./png.ts";
import { decodeTiff } from "./tiff.ts";
import { decodeWebp } from "./webp.ts";

/** Pixels of one file. */
export interface Pixels {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** height × width × 3, RGB, 0–255, row by row. */
  readonly data: Uint8Array;
}

/** Pixels, and what their file says of its orientation, whether or not it was applied. */
export interface Picture extends Pixels {
  /** As the file says; 1 is upright. */
  readonly orientation: Orientation;
  /** Bits of a sample in the file. */
  readonly bits: number;
}

/** Whether pixels are turned as their file says, or left as they are stored. */
export type Turning = "upright" | "stored";

/** How a picture is brought to RGB of 8 bits. */
export interface PictureOptions {
  /** Default: stored. */
  readonly orientation?: Turning | undefined;
  /**
   * Which values become 0 and 255, of samples of more than 8 bits, or who says so once such samples come. Default: the upper 8
   * bits are kept.
   */
  readonly range?: Range | undefined | (() => Promise<Range | undefined>);
}

/** The formats that are read, each with its decoder. */
const decoders = {
  JPEG: decodeJpeg,
  PNG: decodePng,
  TIFF: decodeTiff,
  WebP: decodeWebp,
  BMP: decodeBmp,
  GIF: decodeGif,
} as const satisfies Readonly<
  Record<string, (bytes: Uint8Array, name: string) => StoredImage | Promise<StoredImage>>
>;

/** A format that is read. */
export type PictureFormat = keyof typeof decoders;

/** How files begin, or go on at a byte behind their beginning. */
const beginnings: readonly (readonly [kind: string, bytes: string, at?: number])[] = [
  ["JPEG", "\xff\xd8"],
  ["PNG", "\x89PNG"],
  ["TIFF", "II*\0"],
  ["TIFF", "MM\0*"],
  ["a BigTIFF", "II+\0"],
  ["a BigTIFF", "MM\0+"],
  ["GIF", "GIF87a"],
  ["GIF", "GIF89a"],
  ["WebP", "RIFF"],
  ["BMP", "BM"],
  ["a HEIC or AVIF photograph (export it as JPEG)", "ftyp", 4],
  ["a JPEG 2000", "\0\0\0\x0cjP"],
  ["a JPEG XL", "\xff\x0a"],
  ["a JPEG XL", "\0\0\0\x0cJXL"],
  ["a Photoshop document", "8BPS"],
  ["a DICOM file", "DICM", 128],
  ["a NumPy array", "\x93NUMPY"],
  ["an HDF5 file", "\x89HDF"],
  ["a ZIP archive", "PK\x03\x04"],
  ["a gzip archive", "\x1f\x8b"],
  ["a PDF", "%PDF"],
  ["a folder's notes of macOS", "\0\0\0\x01Bud1"],
  ["a file of Windows, perhaps Thumbs.db", "\xd0\xcf\x11\xe0"],
  ["a note of macOS about another file", "\0\x05\x16\x07"],
  ["a pointer of Git LFS (git lfs pull gets the file)", "version https://git-lfs"],
  ["text, perhaps a web page", "<"],
  ["text, perhaps JSON", "{"],
];

/**
 * Tells a picture's format.
 *
 * @param name The file's name, for errors.
 * @throws {DecodeError} If it is none that is read; the message says what it looks like.
 */
export function pictureFormat(bytes: Uint8Array, name: string): PictureFormat {
  const found = beginnings.find(([, beginning, from = 0]) =>
    [...beginning].every((letter, at) => bytes[from + at] === letter.charCodeAt(0))
  )?.[0];
  if (found !== undefined && Object.hasOwn(decoders, found)) return found as PictureFormat;
  const [last, ...others] = Object.keys(decoders).reverse();
  const formats = `${others.reverse().join(", ")} or ${last}`;
  throw new DecodeError(
    name,
    bytes.length === 0 ? "it is empty" : `it is no ${formats}${found === undefined ? "" : `, but ${found}`}`,
    `Give a ${formats} file, or leave it out`,
  );
}

/**
 * Decodes a picture.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @returns height × width × 3, RGB, as Pillow's `convert("RGB")`: alpha is dropped, gray repeated, a palette applied.
 * @throws {DecodeError} If it is no picture, or damaged, or of a kind that is not decoded.
 */
export async function decodePicture(
  bytes: Uint8Array,
  name: string,
  { orientation = "stored", range }: PictureOptions = {},
): Promise<Picture> {
  const image = await decodeStored(bytes, name), turns = orientation === "upright" && image.orientation > 1;
  const { width, height, data: stored } = image, isRgb = image.channels === 3 && image.bits === 8;
  // The stored values, RGB where these are not, and once more where it is turned.
  assertImageSize(
    width,
    height,
    stored.byteLength / (width * height) + (isRgb ? 0 : 3) + (turns ? 3 : 0),
    name,
  );
  const values = image.bits > 8 && typeof range === "function" ? await range() : range;
  const data = toRgb(image, typeof values === "function" ? undefined : values);
  const picture = { width, height, channels: 3, data, orientation: image.orientation, bits: image.bits };
  const { channels: _, ...pixels } = turns ? upright(picture) : picture;
  return pixels;
}

/**
 * Decodes a file to its values as they are stored, as a mask's labels are: nothing is scaled, converted or dropped.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @param orientation Whether pixels are turned as the file says.
 * @throws {DecodeError} As {@linkcode decodePicture}.
 */
export async function decodeStored(
  bytes: Uint8Array,
  name: string,
  orientation: Turning = "stored",
): Promise<StoredImage> {
  const image: StoredImage = await decoders[pictureFormat(bytes, name)](bytes, name);
  return orientation === "upright" ? upright(image) : image;
}
