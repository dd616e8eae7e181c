/** Reads the first picture of a GIF file, index for index. Pillow's pixels are the measure. */
import { assertImageSize, DecodeError, type StoredImage } from "./image.ts";
import { decodeLzw } from "./lzw.ts";

const imageMark = 0x2c, extensionMark = 0x21, graphicControl = 0xf9;
/** First row and step of the passes of an interlaced picture. */
const passes = [[0, 8], [4, 8], [2, 4], [1, 2]] as const;

/**
 * Decodes the first picture of a GIF file. Where it leaves the screen uncovered, that has the index that is transparent, or 0.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @returns Palette indices; gray where there is no palette.
 * @throws {DecodeError} If the file is cut short or damaged, holds no picture, or claims a size out of bounds.
 * @see GIF89a.
 */
export function decodeGif(bytes: Uint8Array, name: string): StoredImage {
  const cutShort = (where: string) =>
    new DecodeError(name, `it is cut short: the file ends at byte ${bytes.length}, ${where}`);
  if (bytes.length < 13) throw cutShort("within its header");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const screen = { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  let at = 13, transparent = 0;
  let palette = paletteAt(bytes[10]!);
  for (;;) {
    const mark = bytes[at++];
    if (mark === extensionMark) {
      if (bytes[at] === graphicControl && (bytes[at + 2]! & 1) !== 0) transparent = bytes[at + 5] ?? 0;
      at++;
      subBlocks();
    } else if (mark === imageMark) break;
    else if (mark === undefined) throw cutShort("before its first picture");
    else {throw new DecodeError(
        name,
        mark === 0x3b ? "it holds no picture" : `byte ${at - 1} begins no block`,
      );}
  }
  if (at + 10 > bytes.length) throw cutShort("within the header of its first picture");
  const [left, top, width, height] = [0, 2, 4, 6].map((offset) => view.getUint16(at + offset, true)) as [
    number,
    number,
    number,
    number,
  ];
  const flags = bytes[at + 8]!;
  at += 9;
  palette = paletteAt(flags) ?? palette;
  const literalBits = bytes[at++]!;
  const [wholeWidth, wholeHeight] = [
    Math.max(screen.width, left + width),
    Math.max(screen.height, top + height),
  ];
  assertImageSize(wholeWidth, wholeHeight, 3, name);
  if (width < 1 || height < 1 || literalBits < 1 || literalBits > 8) {
    throw new DecodeError(name, `its first picture is ${width} × ${height} in codes of ${literalBits} bits`);
  }
  const compressed = subBlocks();
  // A code stands for no more indices than the table of 12 bits has entries: a larger picture is a lie found out for free.
  const plausible = width * height <= compressed.length * 2 ** 12;
  const indices = plausible
    ? decodeLzw(compressed, width * height, { literalBits, highBitFirst: false })
    : undefined;
  if (indices === undefined) {
    throw new DecodeError(
      name,
      "it is damaged: the codes of its first picture end early, or stand for nothing",
    );
  }
  const data = new Uint8Array(wholeWidth * wholeHeight).fill(transparent);
  rowsOf(height, (flags & 0x40) !== 0).forEach((row, i) =>
    data.set(indices.subarray(i * width, (i + 1) * width), (top + row) * wholeWidth + left)
  );
  return {
    width: wholeWidth,
    height: wholeHeight,
    channels: 1,
    bits: 8,
    data,
    ...(palette === undefined ? {} : { palette }),
    orientation: 1,
  };

  /** The color table that comes next, if the flags say that one does. */
  function paletteAt(flags: number): Uint8Array | undefined {
    if ((flags & 0x80) === 0) return undefined;
    const length = 3 * 2 ** ((flags & 7) + 1);
    if (at + length > bytes.length) throw cutShort("within a color table");
    at += length;
    return bytes.slice(at - length, at);
  }

  /** The bytes up to an empty block. */
  function subBlocks(): Uint8Array {
    const parts: Uint8Array[] = [];
    for (;;) {
      const length = bytes[at++];
      if (length === undefined || at + length > bytes.length) throw cutShort("within a block");
      if (length === 0) break;
      parts.push(bytes.subarray(at, at += length));
    }
    const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
    let to = 0;
    for (const part of parts) {
      all.set(part, to);
      to += part.length;
    }
    return all;
  }
}

/** The rows of a picture in the order in which they are stored. */
function rowsOf(height: number, isInterlaced: boolean): number[] {
  const rows = Array.from({ length: height }, (_, row) => row);
  return isInterlaced ? passes.flatMap(([first, step]) => rows.filter((row) => row % step === first)) : rows;
}
