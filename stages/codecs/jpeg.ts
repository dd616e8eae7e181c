/** Decodes JPEG to RGB, gray, color and CMYK, equal to Pillow's pixels: both use libjpeg-turbo's accurate integer transform and fancy upsampling. */
import createDecoder from "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs";
import { assertImageSize, DecodeError, type StoredImage, toRgb } from "./image.ts";
import { ScanError } from "./jpeg_bits.ts";
import { takeApart } from "./jpeg_four.ts";
import { type JpegStructure, readJpegStructure } from "./jpeg_structure.ts";
import { exifOrientation } from "./orientation.ts";

/** The part of the package's WebAssembly module that is used; it comes without types. */
interface DecoderModule {
  readonly JPEGDecoder: new () => {
    /** Memory of the module to write the file to. */
    getEncodedBuffer(length: number): Uint8Array;
    /** Throws a number on every error and every warning. */
    decode(): void;
    getFrameInfo(): { readonly width: number; readonly height: number };
    /** Memory of the module with the pixels, 1 or 3 channels; empty if the header could not be read. */
    getDecodedBuffer(): Uint8ClampedArray;
    delete(): void;
  };
}

let loading: Promise<DecoderModule> | undefined;

/** Loads the decoder's WebAssembly, from the package's own file: read permission is enough. */
function loadModule(): Promise<DecoderModule> {
  return createDecoder({ print: () => {}, printErr: () => {} }) as Promise<DecoderModule>;
}

/**
 * Decodes a JPEG file, gray, color, CMYK or YCCK, baseline or progressive. Ink is taken for stored inverted, as Adobe's programs
 * store it and as Pillow reads it, and becomes RGB as Pillow's `convert` makes it, without a color profile.
 *
 * A file of which libjpeg warns is refused, but for what leaves the pixels whole: stray bytes before the first scan, a
 * JFIF version or an Adobe transform that nobody knows, up to {@linkcode mostPadding} zeros after the last scan. Most
 * flipped bits within a scan change pixels and leave no signal at all, so that no decoder can tell.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @returns 3 channels, RGB; gray is repeated.
 * @throws {DecodeError} If the file is cut short or damaged, or is 12-bit, arithmetic or lossless, or its chroma is
 *   sampled in none of the usual ways. There is never a half-decoded image.
 */
export async function decodeJpeg(
  bytes: Uint8Array,
  name: string,
): Promise<StoredImage & { readonly data: Uint8Array }> {
  const structure = readJpegStructure(bytes, name), { width, height } = structure;
  assertPlausible(structure, bytes.length, name);
  const quiet = withoutOddities(bytes, structure);
  let data = structure.components === 4
    ? await decodeFour(quiet, structure, name)
    : await decodeWith(quiet, structure, name);
  if (data instanceof DecodeError) {
    const trimmed = withoutPadding(quiet, structure.end - (bytes.length - quiet.length));
    if (trimmed !== undefined && structure.components !== 4) {
      data = await decodeWith(trimmed, structure, name);
    }
  }
  if (data instanceof DecodeError) throw data;
  const orientation = (structure.exif && exifOrientation(structure.exif)) ?? 1;
  return { width, height, channels: 3, bits: 8, data, orientation, lossy: "JPEG" };
}

/** Most pixels that all scans together may pass over: a file of a few kilobytes could otherwise keep a processor for hours. */
const maximumWork = 2 ** 30;

/** Holds what a file claims against its own length, before memory and time are taken. */
function assertPlausible(structure: JpegStructure, length: number, name: string): void {
  const { width, height, components, progressive, scans } = structure;
  // RGB in the decoder, whose memory grows ahead of need, and outside of it, twice for four components; files of several
  // scans keep all coefficients, 16 bits for each sample.
  assertImageSize(
    width,
    height,
    8.5 + (components === 4 ? 3 : 0) + (progressive || scans > 1 ? 2 * components : 0),
    name,
  );
  // Each block of 8 × 8 pixels takes a bit at least, so a claimed size beyond that is a lie found out for free.
  if (width * height > length * 512) {
    throw new DecodeError(
      name,
      `it is cut short: ${length} bytes cannot hold the ${width} × ${height} pixels that it claims`,
    );
  }
  if (width * height * scans > maximumWork && scans > 1) {
    throw new DecodeError(
      name,
      `it has ${scans} scans over ${width} × ${height} pixels; ${maximumWork} pixels in all are read`,
      "Save it again as a baseline JPEG",
    );
  }
}

/** The file without what libjpeg would warn of though it changes no pixel, so that every warning is one of damage. */
function withoutOddities(bytes: Uint8Array, { strays, oddities }: JpegStructure): Uint8Array {
  if (strays.length === 0 && oddities.length === 0) return bytes;
  const copy = bytes.slice();
  for (const [at, value] of oddities) copy[at] = value;
  let to = 0, from = 0;
  for (const [begin, end] of [...strays, [bytes.length, bytes.length] as const]) {
    copy.copyWithin(to, from, begin);
    to += begin - from;
    from = end;
  }
  return copy.subarray(0, to);
}

/** Most zeros after the last scan that are taken for an encoder's padding; more of them, or other bytes, are pixels gone astray. */
export const mostPadding = 16;

/**
 * The file without the zeros between its last scan and the end-of-image marker, or undefined where there are none, or
 * more than {@linkcode mostPadding}. One zero stays: it may be the scan's own, and libjpeg does not mind one too many.
 */
function withoutPadding(bytes: Uint8Array, end: number): Uint8Array | undefined {
  let from = end;
  while (from > 0 && bytes[from - 1] === 0) from--;
  const zeros = end - from;
  if (zeros < 2 || zeros > mostPadding + 1) return undefined;
  const copy = bytes.slice();
  copy.copyWithin(from + 1, end);
  return copy.subarray(0, copy.length - zeros + 1);
}

/** The pixels, or what is wrong with the file. */
async function decodeWith(
  bytes: Uint8Array,
  structure: JpegStructure,
  name: string,
): Promise<Uint8Array | DecodeError> {
  let module: DecoderModule;
  try {
    module = await (loading ??= loadModule());
  } catch (cause) {
    loading = undefined;
    throw new Error(`Cannot load the JPEG decoder (WebAssembly of libjpeg-turbo): ${cause}`, { cause });
  }
  const decoder = new module.JPEGDecoder();
  try {
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const { width, height } = decoder.getFrameInfo();
    const pixels = decoder.getDecodedBuffer();
    const data = new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.length);
    const channels = data.length / (width * height) as 1 | 3;
    if (width !== structure.width || height !== structure.height || (channels !== 1 && channels !== 3)) {
      return new DecodeError(
        name,
        `it decodes to ${data.length} bytes for ${width} × ${height}, its header says ${structure.width} × ${structure.height}`,
      );
    }
    const rgb = channels === 3
      ? data.slice()
      : toRgb({ width, height, channels, bits: 8, data, orientation: 1 });
    decoder.delete();
    return rgb;
  } catch (cause) {
    loading = undefined; // What the failed program held in the module goes with it; the next file gets a fresh one.
    if (typeof cause !== "number" && !(cause instanceof WebAssembly.RuntimeError)) {
      throw new Error(`Cannot run the JPEG decoder (WebAssembly of libjpeg-turbo) on "${name}": ${cause}`, {
        cause,
      });
    }
    return failure(typeof cause === "number" && decoder.getDecodedBuffer().length === 0, structure, name);
  }
}

/** RGB of four components, of which three are decoded apart from the fourth. */
async function decodeFour(
  bytes: Uint8Array,
  structure: JpegStructure,
  name: string,
): Promise<Uint8Array | DecodeError> {
  const isYcck = (structure.adobeTransform ?? 0) !== 0;
  let parts;
  try {
    parts = takeApart(bytes, isYcck);
  } catch (cause) {
    if (!(cause instanceof ScanError)) throw cause;
    return new DecodeError(name, `it is damaged, or of an unusual kind of CMYK: ${cause.message}`);
  }
  const colors = await decodeWith(parts.colors, structure, name);
  if (colors instanceof DecodeError) return colors;
  const black = await decodeWith(parts.black, structure, name);
  if (black instanceof DecodeError) return black;
  for (let i = 0; i < colors.length; i += 3) {
    const light = black[i]!;
    for (let at = i; at < i + 3; at++) {
      const ink = isYcck ? colors[at]! : 255 - colors[at]!;
      // Ink × light / 255, rounded, as Pillow's MULDIV255.
      const product = ink * light + 128;
      colors[at] = light - ((product + (product >> 8)) >> 8);
    }
  }
  return colors;
}

function failure(inHeader: boolean, { sampling }: JpegStructure, name: string): DecodeError {
  if (!inHeader) {
    return new DecodeError(
      name,
      "it is damaged: libjpeg warns of its scan, which ends early, holds codes that do not exist, or leaves bytes over",
    );
  }
  return new DecodeError(
    name,
    `its header is damaged, or its sampling factors (${sampling}) are none of the usual ones (4:4:4, 4:4:0, 4:2:2, 4:2:0, ` +
      "4:1:1, 4:4:1)",
    "Copy or extract the file again, or save it with one of these samplings",
  );
}
