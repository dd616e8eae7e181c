/** Decodes JPEG to RGB, equal to Pillow's pixels: both use libjpeg's accurate integer transform and fancy upsampling. */
import decode, { init } from "@jsquash/jpeg/decode.js";
import { assertImageSize, type DecodedImage, DecodeError } from "./image.ts";
import { readJpegStructure } from "./jpeg_structure.ts";

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
  const { width, height } = readJpegStructure(bytes, name);
  assertImageSize(width, height, name);
  // One at a time: the module is single-threaded anyway, and each warning then belongs to one file.
  const result = turn.then(() => decodeAlone(bytes, width, height, name));
  turn = result.catch(() => {});
  return await result;
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
  const rgba = image.data as Uint8ClampedArray;
  const data = new Uint8Array(width * height * 3);
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
