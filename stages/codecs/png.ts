/** Reads PNG, sample for sample. Pillow's pixels are the measure. */
import { crc32, inflateSync } from "node:zlib";
import { assertImageSize, DecodeError, type StoredImage } from "./image.ts";
import { unfilter } from "./png_filter.ts";
import { noteTypes, type PngNote, pngOrientation } from "./png_orientation.ts";

interface Header {
  readonly width: number;
  readonly height: number;
  readonly bitDepth: number;
  readonly colorType: number;
  readonly interlaced: boolean;
}

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
const palettized = 3;

/** PNG specification (third edition), table 7: color type → samples per pixel and the bit depths allowed. */
const colorTypes: Readonly<Record<number, { channels: 1 | 2 | 3 | 4; depths: readonly number[] }>> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** Adam7: [first column, first row, column step, row step] of the seven passes (PNG specification, §8.2). */
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/**
 * Decodes a PNG file.
 *
 * Transparency chunks are ignored; an alpha channel is returned as it is.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @throws {DecodeError} If the file is no PNG, is cut short, fails a checksum, or claims a size out of bounds. Memory for
 *   pixels is taken only after the claimed size was held against the compressed bytes.
 */
export function decodePng(bytes: Uint8Array, name: string): StoredImage {
  const { header, palette, notes, compressed } = readChunks(bytes, name);
  const { width, height, bitDepth, colorType, interlaced } = header;
  const { channels } = colorTypes[colorType]!;
  const passes = (interlaced ? adam7 : [[0, 0, 1, 1] as const]).map(([x, y, dx, dy]) => {
    const columns = Math.ceil((width - x) / dx), rows = Math.ceil((height - y) / dy);
    return {
      x,
      y,
      dx,
      dy,
      columns,
      rows: columns > 0 ? rows : 0,
      rowBytes: Math.ceil(columns * channels * bitDepth / 8),
    };
  }).filter((pass) => pass.rows > 0);
  const rawLength = passes.reduce((sum, pass) => sum + pass.rows * (1 + pass.rowBytes), 0);
  const raw = inflate(compressed, rawLength, name);

  const whole = bitDepth >= 8 && !interlaced;
  const data = whole
    ? undefined
    : new (bitDepth === 16 ? Uint16Array : Uint8Array)(width * height * channels);
  let offset = 0;
  for (const { x, y, dx, dy, columns, rows, rowBytes } of passes) {
    const end = offset + rows * (1 + rowBytes);
    const lines = unfilter(
      raw.subarray(offset, end),
      rows,
      rowBytes,
      Math.max(1, channels * bitDepth / 8),
      name,
    );
    offset = end;
    if (data === undefined) return done(bitDepth === 16 ? wordsOf(lines) : lines);
    for (let row = 0; row < rows; row++) {
      const line = lines.subarray(row * rowBytes, (row + 1) * rowBytes);
      for (let column = 0; column < columns; column++) {
        const to = ((y + row * dy) * width + x + column * dx) * channels;
        for (let channel = 0; channel < channels; channel++) {
          data[to + channel] = sampleAt(line, column * channels + channel, bitDepth);
        }
      }
    }
  }
  return done(data!);

  function done(data: Uint8Array | Uint16Array): StoredImage {
    return {
      width,
      height,
      channels,
      bits: bitDepth,
      data,
      ...(colorType === palettized ? { palette: palette! } : {}),
      orientation: pngOrientation(notes),
    };
  }
}

/** Sample `index` of a line. */
function sampleAt(line: Uint8Array, index: number, bitDepth: number): number {
  if (bitDepth === 8) return line[index]!;
  if (bitDepth === 16) return (line[2 * index]! << 8) | line[2 * index + 1]!;
  const bit = index * bitDepth;
  return (line[bit >> 3]! >> (8 - bitDepth - (bit & 7))) & ((1 << bitDepth) - 1);
}

/** Samples of 16 bits, in the memory of their big-endian bytes. */
function wordsOf(lines: Uint8Array): Uint16Array {
  const words = new Uint16Array(lines.buffer, 0, lines.length / 2);
  for (let i = 0; i < words.length; i++) words[i] = (lines[2 * i]! << 8) | lines[2 * i + 1]!;
  return words;
}

function readChunks(bytes: Uint8Array, name: string) {
  if (signature.some((byte, index) => bytes[index] !== byte)) {
    throw new DecodeError(
      name,
      "it does not begin with the PNG signature",
      "Give a PNG file, or correct the id list",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let header: Header | undefined, palette: Uint8Array | undefined;
  const parts: Uint8Array[] = [], notes: PngNote[] = [];
  for (let at = 8;;) {
    if (at + 12 > bytes.length) {
      throw cutShort(name, `the file ends at byte ${bytes.length}, before its IEND chunk`);
    }
    const length = view.getUint32(at);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) {
      throw cutShort(
        name,
        `chunk ${JSON.stringify(type)} at byte ${at} claims ${length} bytes, ${
          bytes.length - at - 12
        } are left`,
      );
    }
    const content = bytes.subarray(at + 8, at + 8 + length);
    const expected = view.getUint32(at + 8 + length);
    if (crc32(bytes.subarray(at + 4, at + 8 + length)) !== expected) {
      throw new DecodeError(name, `chunk ${JSON.stringify(type)} at byte ${at} fails its checksum (CRC-32)`);
    }
    if (header === undefined) header = readHeader(type, content, name);
    else if (type === "PLTE") {
      // Of other images it is a suggestion.
      if (header.colorType === palettized) palette = readPalette(content, parts.length > 0);
    } else if (type === "IDAT") parts.push(content);
    else if (noteTypes.includes(type)) notes.push({ type, content });
    else if (type === "IEND") break;
    else if ((type.charCodeAt(0) & 0x20) === 0) {
      throw new DecodeError(name, `critical chunk ${JSON.stringify(type)} at byte ${at} is unknown`);
    }
    at += 12 + length;
  }
  if (header.colorType === palettized && palette === undefined) {
    throw new DecodeError(name, "it is a palette image without a palette (PLTE chunk)");
  }
  return { header, palette, notes, compressed: parts.length === 1 ? parts[0]! : concatenate(parts) };

  /** Behind the pixels it is a palette that others do not look at. */
  function readPalette(content: Uint8Array, isLate: boolean): Uint8Array {
    if (!isLate && content.length > 0 && content.length <= 768 && content.length % 3 === 0) {
      return content.slice();
    }
    throw new DecodeError(
      name,
      isLate
        ? "its palette (PLTE chunk) comes behind its pixels"
        : `its palette (PLTE chunk) has ${content.length} bytes; 1 to 256 colors have three each`,
    );
  }
}

function readHeader(type: string, content: Uint8Array, name: string): Header {
  if (type !== "IHDR" || content.length !== 13) {
    throw new DecodeError(
      name,
      `its first chunk is ${JSON.stringify(type)} of ${content.length} bytes; it must be IHDR of 13`,
    );
  }
  const view = new DataView(content.buffer, content.byteOffset, 13);
  const [bitDepth, colorType, compression, filter, interlace] = content.subarray(8) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  if (!colorTypes[colorType]?.depths.includes(bitDepth)) {
    throw new DecodeError(name, `color type ${colorType} with ${bitDepth} bits is no PNG format`);
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) {
    throw new DecodeError(
      name,
      `compression ${compression}, filter ${filter}, interlace ${interlace}: only 0, 0, 0 or 1 exist`,
    );
  }
  const width = view.getUint32(0), height = view.getUint32(4);
  // Lines with their filters and without, and the samples where these are not in order already.
  const { channels } = colorTypes[colorType]!, raw = channels * bitDepth / 8;
  const unpacked = bitDepth >= 8 && interlace === 0 ? 0 : channels * Math.ceil(bitDepth / 8);
  // And the picture's RGB, while those are not gone yet.
  const rgb = colorType === 2 && bitDepth === 8 ? 0 : 3;
  assertImageSize(width, height, 2 * raw + unpacked + rgb, name);
  return { width, height, bitDepth, colorType, interlaced: interlace === 1 };
}

function inflate(compressed: Uint8Array, rawLength: number, name: string): Uint8Array {
  // Deflate cannot shrink by more than 1032 : 1, so a claimed size beyond that is a lie found out for free.
  if (rawLength > compressed.length * 1032 + 64) {
    throw cutShort(
      name,
      `${compressed.length} compressed bytes cannot hold the ${rawLength} that its size claims`,
    );
  }
  let raw: Uint8Array;
  try {
    // One chunk: the default's many small ones would lie beside the whole that they are put together to.
    raw = inflateSync(compressed, { maxOutputLength: rawLength, chunkSize: Math.max(64, rawLength + 1) });
  } catch (cause) {
    const code = (cause as { code?: string }).code;
    if (code === "Z_BUF_ERROR") throw cutShort(name, "its compressed pixels end early");
    if (code === "ERR_BUFFER_TOO_LARGE") {
      throw new DecodeError(
        name,
        `its compressed pixels hold more than the ${rawLength} bytes that its size claims`,
      );
    }
    throw new DecodeError(name, `its compressed pixels are damaged (${(cause as Error).message})`);
  }
  if (raw.length !== rawLength) {
    throw cutShort(name, `its pixels are ${raw.length} bytes, its size claims ${rawLength}`);
  }
  return raw;
}

function cutShort(name: string, what: string): DecodeError {
  return new DecodeError(name, `it is cut short: ${what}`);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
