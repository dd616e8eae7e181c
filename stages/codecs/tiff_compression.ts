/** The compressions of TIFF, and how those are undone that keep values. */
import { inflateSync } from "node:zlib";
import { decodeLzw } from "./lzw.ts";

/** The compressions by their numbers in the file: of those that are read, and of others. */
const names: Readonly<Record<number, string>> = {
  1: "none",
  2: "CCITT runs",
  3: "CCITT group 3",
  4: "CCITT group 4",
  5: "LZW",
  6: "old JPEG",
  7: "JPEG",
  8: "Deflate",
  32773: "PackBits",
  32946: "Deflate",
  34925: "LZMA",
  50000: "Zstandard",
  50001: "WebP",
};
const none = 1, lzw = 5, deflate = [8, 32946], packBits = 32773;
/** The compression that changes values. */
export const jpegCompression = 7;
const read = [none, lzw, packBits, ...deflate, jpegCompression];

/** What keeps a compression from being read; undefined where nothing does. */
export function compressionProblem(compression: number): string | undefined {
  if (read.includes(compression)) return undefined;
  const known = [...new Set(read.map((number) => names[number]))].join(", ");
  return `its compression is ${names[compression] ?? `number ${compression}`}; these are read: ${known}`;
}

/** Whether a compression may have a predictor before it. */
export function isPredicted(compression: number): boolean {
  return compression === lzw || deflate.includes(compression);
}

/**
 * Decompresses one strip or tile.
 *
 * @param needed Bytes that must be there.
 * @param most Bytes that may be there.
 * @returns `needed` bytes at least, or what is wrong.
 */
export function decompress(
  bytes: Uint8Array,
  compression: number,
  needed: number,
  most: number,
): Uint8Array | string {
  const out = decompressed(bytes, compression, needed, most);
  if (typeof out === "string") return out;
  if (out === undefined) return "it ends early, or holds codes that do not exist";
  return out.length < needed ? `it has ${out.length} bytes, its size needs ${needed}` : out;
}

function decompressed(
  bytes: Uint8Array,
  compression: number,
  needed: number,
  most: number,
): Uint8Array | string | undefined {
  if (compression === none) return bytes;
  // No code of LZW stands for more than a table of 12 bits holds, no run of PackBits for more than 128 bytes, and Deflate
  // shrinks by 1032 : 1 at most: a claimed size beyond that is a lie found out before memory is taken.
  const ratio = compression === lzw ? 2 ** 12 : compression === packBits ? 64 : 1032;
  if (needed > bytes.length * ratio) {
    return `${bytes.length} bytes cannot hold the ${needed} that its size claims`;
  }
  if (compression === lzw) return decodeLzw(bytes, needed, { literalBits: 8, highBitFirst: true });
  if (compression === packBits) return unpackBits(bytes, needed);
  try {
    return inflateSync(bytes, { maxOutputLength: most, chunkSize: Math.max(64, most + 1) });
  } catch (cause) {
    return (cause as Error).message;
  }
}

/** Runs of equal bytes, and bytes as they are (TIFF revision 6.0, section 9). */
function unpackBits(bytes: Uint8Array, length: number): Uint8Array | undefined {
  const out = new Uint8Array(length);
  let to = 0, from = 0;
  while (to < length) {
    const head = bytes[from++];
    if (head === undefined) return undefined;
    if (head === 128) continue;
    const count = Math.min(head < 128 ? head + 1 : 257 - head, length - to);
    if (from + (head < 128 ? count : 1) > bytes.length) return undefined;
    if (head < 128) {
      out.set(bytes.subarray(from, from + count), to);
      from += head + 1;
    } else out.fill(bytes[from++]!, to, to + count);
    to += count;
  }
  return out;
}
