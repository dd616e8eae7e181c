/** Decodes WebP by libwebp, lossy and lossless: Pillow's pixels. */
import { assertImageSize, DecodeError, type Orientation, type StoredImage } from "./image.ts";
import { exifOrientation } from "./orientation.ts";

/** What the file's chunks say. */
interface Structure {
  readonly width: number;
  readonly height: number;
  readonly hasAlpha: boolean;
  readonly isLossy: boolean;
  readonly orientation: Orientation;
  /** A file of the first picture alone. */
  readonly still: Uint8Array;
}

interface Chunk {
  readonly type: string;
  readonly content: Uint8Array;
  /** With its header and its padding. */
  readonly whole: Uint8Array;
}

/**
 * Decodes a WebP file; of an animation the first picture.
 *
 * Each file has a decoder of its own: what a damaged one does to a decoder's memory, no other picture sees, and large pictures
 * leave no memory behind.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @returns 3 channels, or 4 where there is alpha.
 * @throws {DecodeError} If the file is cut short or damaged, claims a size out of bounds, or is an animation whose first picture
 *   does not cover it.
 */
export async function decodeWebp(bytes: Uint8Array, name: string): Promise<StoredImage> {
  const { width, height, hasAlpha, isLossy, orientation, still } = readStructure(bytes, name);
  const damaged = () => new DecodeError(name, "it is damaged: libwebp cannot decode it");
  const { default: createDecoder } = await import("@jsquash/webp/codec/dec/webp_dec.js");
  let image: { readonly width: number; readonly height: number; readonly data: Uint8ClampedArray } | null;
  try {
    // What it prints is about damage, which is told here.
    const decoder = await createDecoder({ noInitialRun: true, print: () => {}, printErr: () => {} });
    image = decoder.decode(still as BufferSource & Uint8Array);
  } catch (cause) {
    if (!(cause instanceof WebAssembly.RuntimeError)) {
      throw new Error(`Cannot run the WebP decoder (WebAssembly of libwebp) on "${name}": ${cause}`, {
        cause,
      });
    }
    throw damaged();
  }
  if (image === null || image.width !== width || image.height !== height) throw damaged();
  const rgba = new Uint8Array(image.data.buffer, image.data.byteOffset, image.data.length);
  return {
    width,
    height,
    channels: hasAlpha ? 4 : 3,
    bits: 8,
    data: hasAlpha ? rgba : withoutAlpha(rgba),
    orientation,
    ...(isLossy ? { lossy: "lossy WebP" } : {}),
  };
}

/** Drops every fourth byte, in place. */
function withoutAlpha(rgba: Uint8Array): Uint8Array {
  const length = rgba.length / 4 * 3;
  for (let to = 0, from = 0; to < length; to++, from++) {
    if (from % 4 === 3) from++;
    rgba[to] = rgba[from]!;
  }
  return rgba.subarray(0, length);
}

function readStructure(bytes: Uint8Array, name: string): Structure {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 20 || textAt(bytes, 8) !== "WEBP") {
    throw new DecodeError(name, "it is a RIFF file, but no WebP, or it is cut short");
  }
  const end = 8 + view.getUint32(4, true);
  if (end > bytes.length) {
    throw new DecodeError(name, `it is cut short: the file ends at byte ${bytes.length} of ${end}`);
  }
  const chunks = [...chunksOf(bytes.subarray(12, end), name)];
  const extended = chunks.find(({ type }) => type === "VP8X")?.content;
  const frame = chunks.find(({ type }) => type === "ANMF")?.content;
  const parts = frame === undefined ? chunks : [...chunksOf(frame.subarray(16), name)];
  const picture = parts.find(({ type }) => type === "VP8 " || type === "VP8L");
  const size = picture && sizeOf(picture);
  if (size === undefined) {
    throw new DecodeError(name, "it holds no picture, or the head of its picture is damaged");
  }
  const { width, height } = size;
  // RGBA within the decoder, twice, and outside of it, twice.
  assertImageSize(width, height, 16, name);
  const canvas = extended === undefined
    ? size
    : { width: 1 + threeAt(extended, 4), height: 1 + threeAt(extended, 7) };
  if (canvas.width !== width || canvas.height !== height) {
    throw new DecodeError(
      name,
      `its ${
        frame === undefined ? "" : "first "
      }picture is ${width} × ${height}, the whole ${canvas.width} × ${canvas.height}`,
      "Save it as a WebP of one picture, or as PNG",
    );
  }
  const alpha = parts.find(({ type }) => type === "ALPH"), isLossy = picture!.type === "VP8 ";
  const hasAlpha = isLossy ? alpha !== undefined : (picture!.content[4]! & 0x10) !== 0;
  const exif = chunks.find(({ type }) => type === "EXIF")?.content;
  return {
    width,
    height,
    hasAlpha,
    isLossy,
    orientation: (exif && exifOrientation(exif)) ?? 1,
    still: frame === undefined ? bytes : stillOf(width, height, alpha, picture!),
  };
}

function* chunksOf(bytes: Uint8Array, name: string): Generator<Chunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + 8 <= bytes.length;) {
    const length = view.getUint32(at + 4, true), end = at + 8 + length, type = textAt(bytes, at);
    if (end > bytes.length) {
      throw new DecodeError(name, `it is cut short within its chunk ${JSON.stringify(type)}`);
    }
    const next = Math.min(bytes.length, end + length % 2);
    yield { type, content: bytes.subarray(at + 8, end), whole: bytes.subarray(at, next) };
    at = next;
  }
}

/** The size that the head of a picture's own bytes names. */
function sizeOf({ type, content }: Chunk): { readonly width: number; readonly height: number } | undefined {
  if (type === "VP8L") {
    const packed = [1, 2, 3, 4].reduce((sum, at, i) => sum + (content[at] ?? 0) * 256 ** i, 0);
    if (content[0] !== 0x2f) return undefined;
    return { width: 1 + packed % 2 ** 14, height: 1 + Math.floor(packed / 2 ** 14) % 2 ** 14 };
  }
  if (content.length < 10 || content[3] !== 0x9d || content[4] !== 0x01 || content[5] !== 0x2a) {
    return undefined;
  }
  return {
    width: (content[6]! | (content[7]! << 8)) & 0x3fff,
    height: (content[8]! | (content[9]! << 8)) & 0x3fff,
  };
}

/** A WebP of one picture of an animation. */
function stillOf(width: number, height: number, alpha: Chunk | undefined, picture: Chunk): Uint8Array {
  const bytes = (value: number, count: number) =>
    Array.from({ length: count }, (_, i) => (value >> (8 * i)) & 255);
  const text = (value: string) => [...new TextEncoder().encode(value)];
  const head = alpha === undefined
    ? []
    : [...text("VP8X"), ...bytes(10, 4), 0x10, 0, 0, 0, ...bytes(width - 1, 3), ...bytes(height - 1, 3)];
  const parts = [Uint8Array.from(head), ...(alpha === undefined ? [] : [alpha.whole]), picture.whole];
  const length = 4 + parts.reduce((sum, part) => sum + part.length, 0);
  const all = new Uint8Array(8 + length);
  all.set([...text("RIFF"), ...bytes(length, 4), ...text("WEBP")]);
  let at = 12;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const textAt = (bytes: Uint8Array, at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
const threeAt = (bytes: Uint8Array, at: number) =>
  (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16);
