/** Decodes JPEG to RGB, equal to Pillow's pixels: both use libjpeg's accurate integer transform and fancy upsampling. */
import decode, { init } from "@jsquash/jpeg/decode.js";
import { assertImageSize, type DecodedImage, DecodeError } from "./image.ts";
import { type JpegStructure, readJpegStructure } from "./jpeg_structure.ts";

/** What libjpeg says of damage; its other warnings (stray bytes between segments, odd JFIF versions) leave the pixels whole. */
const damage =
  /premature end|bad huffman|bad progression|inconsistent progression|restart marker|corrupt jpeg data: (?!\d+ extraneous)/i;

let initialized: Promise<void> | undefined;
let turn: Promise<unknown> = Promise.resolve();
let messages: string[] = [];

/** Loads the decoder's WebAssembly, from the package's own file: read permission is enough. */
function initialize(): Promise<void> {
  const options = { print: () => {}, printErr: (line: string) => messages.push(line) };
  return init(options as Parameters<typeof init>[0]);
}

/**
 * Decodes a JPEG file, gray or color, baseline or progressive. An orientation in EXIF is not applied, as the masks of
 * the field's data sets are drawn on the stored pixels.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @returns 3 channels, RGB; gray is repeated.
 * @throws {DecodeError} If the file is cut short or damaged, or is CMYK, 12-bit, arithmetic or lossless. There is never
 *   a half-decoded image.
 */
export async function decodeJpeg(
  bytes: Uint8Array,
  name: string,
): Promise<DecodedImage & { readonly channels: 3 }> {
  const structure = readJpegStructure(bytes, name);
  const { width, height } = structure;
  assertPlausible(structure, bytes.length, name);
  // One at a time: the module is single-threaded anyway, and each warning then belongs to one file.
  const result = turn.then(() => decodeAlone(bytes, width, height, name));
  turn = result.catch(() => {});
  return await result;
}

/** Most pixels that all scans together may pass over: a file of a few kilobytes could otherwise keep a processor for hours. */
const maximumWork = 2 ** 30;

/** Holds what a file claims against its own length, before memory and time are taken. */
function assertPlausible(structure: JpegStructure, length: number, name: string): void {
  const { width, height, components, progressive, scans } = structure;
  // RGBA in the decoder and outside of it; files of several scans keep all coefficients, 16 bits for each sample.
  assertImageSize(width, height, 8.5 + (progressive || scans > 1 ? 2 * components : 0), name);
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

async function decodeAlone(bytes: Uint8Array, width: number, height: number, name: string) {
  await (initialized ??= initialize());
  messages = [];
  let image: ImageData;
  try {
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
    image = await decode(whole as ArrayBuffer);
  } catch (cause) {
    initialized = undefined; // libjpeg ended the module's program; the next file gets a fresh one.
    if (!endedByFile(cause)) {
      throw new Error(`Cannot run the JPEG decoder (WebAssembly of @jsquash/jpeg) on "${name}": ${cause}`, {
        cause,
      });
    }
    throw new DecodeError(name, `it is damaged (${messages.join("; ") || "the decoder gave up"})`);
  }
  const damaged = messages.find((message) => damage.test(message));
  if (damaged !== undefined) throw new DecodeError(name, `it is damaged (${damaged})`);
  if (image.width !== width || image.height !== height) {
    throw new DecodeError(
      name,
      `it decodes to ${image.width} × ${image.height}, its header says ${width} × ${height}`,
    );
  }
  // In place: three bytes never reach beyond the four that they come from.
  const { buffer, byteOffset } = image.data;
  const rgba = new Uint8Array(buffer, byteOffset, width * height * 4);
  const data = rgba.subarray(0, width * height * 3);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    data[to] = rgba[from]!;
    data[to + 1] = rgba[from + 1]!;
    data[to + 2] = rgba[from + 2]!;
  }
  return { width, height, channels: 3 as const, data };
}

/** Whether the file made the decoder stop (its exit, no image, a trap), and not the environment (say, no read permission). */
function endedByFile(cause: unknown): boolean {
  const { name, message } = cause as { name?: string; message?: string };
  return name === "ExitStatus" || message === "Decoding error" || cause instanceof WebAssembly.RuntimeError;
}
