/**
 * Reads BMP, sample for sample: all depths, palettes, bit fields and runs. Written here, as the readers of npm give colors instead
 * of values, or know few of its kinds. Pillow's pixels are the measure.
 */
import { assertImageSize, DecodeError, type StoredImage } from "./image.ts";

/** What the header says. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly isDownward: boolean;
  readonly bits: number;
  readonly compression: number;
  /** RGB triples, of 8 bits a pixel and less. */
  readonly palette: Uint8Array | undefined;
  /** Where red, green, blue and alpha lie in a pixel of more than 8 bits. */
  readonly masks: readonly number[];
  /** Where the pixels begin. */
  readonly start: number;
}

const uncompressed = 0, runs8 = 1, runs4 = 2, fields = 3, fieldsWithAlpha = 6;
const remedy = "Save it as PNG, or as an uncompressed BMP";

/**
 * Decodes a BMP file.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @returns Palette indices; or RGB of 8 bits, to which fewer bits are spread, with alpha where a bit field names it.
 * @throws {DecodeError} If the file is cut short or damaged, claims a size out of bounds, or is of a kind that is not decoded:
 *   JPEG or PNG within BMP, or runs that leave pixels out.
 */
export function decodeBmp(bytes: Uint8Array, name: string): StoredImage {
  const header = readHeader(bytes, name), { width, height, bits, palette, compression } = header;
  const content = bytes.subarray(header.start);
  const isRuns = compression === runs8 || compression === runs4;
  const rowBytes = Math.ceil(width * bits / 8), stride = Math.ceil(rowBytes / 4) * 4;
  if (!isRuns && content.length < stride * (height - 1) + rowBytes) {
    throw new DecodeError(
      name,
      `it is cut short: ${content.length} bytes cannot hold the ${width} × ${height} pixels that it claims`,
    );
  }
  const rows = isRuns ? unpackRuns(content, header, name) : undefined;
  const channels = palette !== undefined ? 1 : header.masks[3]! > 0 ? 4 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let row = 0; row < height; row++) {
    const place = header.isDownward ? row : height - 1 - row;
    const to = data.subarray(place * width * channels, (place + 1) * width * channels);
    if (rows !== undefined) to.set(rows.subarray(row * width, (row + 1) * width));
    else {
      const line = content.subarray(row * stride, row * stride + rowBytes);
      if (palette !== undefined) unpackIndices(line, bits, to);
      else unpackColors(line, header, channels, to);
    }
  }
  return {
    width,
    height,
    channels,
    bits: 8,
    data,
    ...(palette === undefined ? {} : { palette }),
    orientation: 1,
  };
}

function readHeader(bytes: Uint8Array, name: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = bytes.length >= 18 ? view.getUint32(14, true) : 0;
  if (bytes.length < 26 || bytes.length < 14 + size) {
    throw new DecodeError(name, `it is cut short: the file ends at byte ${bytes.length}, within its header`);
  }
  const isCore = size === 12;
  if (!isCore && size < 40) {
    throw new DecodeError(name, `its header has ${size} bytes; 12 or 40 are the least`);
  }
  const width = isCore ? view.getUint16(18, true) : view.getInt32(18, true);
  const lines = isCore ? view.getUint16(20, true) : view.getInt32(22, true);
  const bits = view.getUint16(isCore ? 24 : 28, true);
  const compression = isCore ? uncompressed : view.getUint32(30, true);
  const isKnown = [uncompressed, fields, fieldsWithAlpha].includes(compression) ||
    (compression === runs8 && bits === 8) || (compression === runs4 && bits === 4);
  if (![1, 4, 8, 16, 24, 32].includes(bits) || !isKnown || (size === 64 && compression > runs4)) {
    throw new DecodeError(
      name,
      `its pixels of ${bits} bits in compression ${compression} are not read`,
      remedy,
    );
  }
  const height = Math.abs(lines);
  // Indices or colors, and once more of runs.
  assertImageSize(width, height, bits > 8 ? 4 : 2, name);
  let at = 14 + size, masks: number[] = [];
  if (bits > 8) {
    masks = bits === 16 ? [0x7c00, 0x3e0, 0x1f, 0] : [0xff0000, 0xff00, 0xff, 0];
    if (compression !== uncompressed) {
      // In a header of 40 bytes they follow it, in a longer one they are its own.
      const count = size >= 56 || compression === fieldsWithAlpha ? 4 : 3;
      if (bytes.length < 54 + 4 * count) {
        throw new DecodeError(name, "it is cut short: the file ends within its bit fields");
      }
      masks = Array.from({ length: count }, (_, i) => view.getUint32(54 + 4 * i, true)).concat(
        count === 3 ? 0 : [],
      );
      if (size === 40) at += 4 * count;
      if (masks.slice(0, 3).includes(0)) {
        throw new DecodeError(name, "its bit fields leave out a color", remedy);
      }
    }
  }
  let start = view.getUint32(10, true);
  const entry = isCore ? 3 : 4, used = isCore ? 0 : view.getUint32(46, true);
  const colors = Math.min(used === 0 ? 2 ** bits : used, 256);
  // Some writers forget the palette where they say where the pixels begin.
  if (start === at && bits <= 8) start += entry * colors;
  const palette = bits > 8 ? undefined : readPalette(bytes.subarray(at), entry, colors);
  return { width, height, isDownward: lines < 0, bits, compression, palette, masks, start };
}

/** Blue, green, red, and a byte that says nothing; what the file has of them. */
function readPalette(content: Uint8Array, entry: number, colors: number): Uint8Array {
  const count = Math.min(colors, Math.floor(content.length / entry));
  return Uint8Array.from(
    { length: 3 * count },
    (_, i) => content[Math.floor(i / 3) * entry + 2 - i % 3]!,
  );
}

function unpackIndices(line: Uint8Array, bits: number, to: Uint8Array): void {
  const most = 2 ** bits - 1;
  for (let column = 0; column < to.length; column++) {
    const bit = column * bits;
    to[column] = (line[bit >> 3]! >> (8 - bits - (bit & 7))) & most;
  }
}

function unpackColors(line: Uint8Array, { bits, masks }: Header, channels: number, to: Uint8Array): void {
  const places = masks.slice(0, channels).map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    return { shift, most: mask >>> shift };
  });
  const width = bits / 8;
  for (let from = 0, at = 0; from + width <= line.length; from += width, at += channels) {
    let pixel = 0;
    for (let byte = width - 1; byte >= 0; byte--) pixel = pixel * 256 + line[from + byte]!;
    for (let channel = 0; channel < channels; channel++) {
      const { shift, most } = places[channel]!, value = (pixel >>> shift) & most;
      to[at + channel] = most === 255 ? value : most === 0 ? 0 : Math.trunc((value >>> 0) * 255 / most);
    }
  }
}

/** Runs of one index, or of two in turn, and indices as they are; rows end where the picture's do. */
function unpackRuns(content: Uint8Array, { width, height, bits }: Header, name: string): Uint8Array {
  const out = new Uint8Array(width * height), perByte = 8 / bits;
  let to = 0, from = 0, row = 0;
  const damaged = (why: string) =>
    new DecodeError(name, `its runs are damaged, or of an unusual kind: ${why}`, remedy);
  while (row < height) {
    if (from + 2 > content.length) throw damaged(`they end in row ${row} of ${height}`);
    const count = content[from]!, value = content[from + 1]!, end = (row + 1) * width;
    from += 2;
    if (count === 0 && value === 0) {
      if (to < end) throw damaged(`row ${row} ends at column ${to - row * width} of ${width}`);
      row++;
    } else if (count === 0 && value === 1) {
      // The last row needs no end of its own.
      if (to < out.length) throw damaged(`they end in row ${row} of ${height}`);
      return out;
    } else if (count === 0 && value === 2) throw damaged("they jump over pixels");
    else {
      const pixels = count === 0 ? value : count, length = Math.ceil(pixels / perByte);
      if (to + pixels > end) throw damaged(`row ${row} has more than ${width} pixels`);
      if (count === 0 && from + length > content.length) throw damaged(`they end in row ${row} of ${height}`);
      for (let pixel = 0; pixel < pixels; pixel++) {
        const byte = count === 0 ? content[from + Math.floor(pixel / perByte)]! : value;
        out[to++] = bits === 8 ? byte : pixel % 2 === 0 ? byte >> 4 : byte & 15;
      }
      if (count === 0) from += length + length % 2;
    }
  }
  return out;
}
