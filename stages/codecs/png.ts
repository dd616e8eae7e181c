/** Reads PNG into 8-bit samples, with palette indices kept raw. Pillow's pixels are the measure. */
import { crc32, inflateSync } from "node:zlib";
import { assertImageSize, type DecodedImage, DecodeError } from "./image.ts";
import { unfilter } from "./png_filter.ts";

/** What a PNG file holds. */
export interface DecodedPng extends DecodedImage {
  /** Bits per sample in the file: 1, 2, 4, 8 or 16. */
  readonly bitDepth: number;
  /** RGB triples, only for a palette image; `data` then holds the indices as they are in the file. */
  readonly palette?: Uint8Array;
}

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
 * Palette indices are never scaled. Transparency chunks are ignored; an alpha channel is returned as it is.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @param gray `"light"`, of pictures: grayscale below 8 bits is scaled to 0–255, and of 16 bits the upper 8 are kept, as
 *   Pillow does for "L" and "RGB". `"labels"`, of masks: the samples as they are in the file, at every bit depth.
 * @throws {DecodeError} If the file is no PNG, is cut short, fails a checksum, or claims a size out of bounds, or a label
 *   of 16 bits is above 255. Memory for pixels is taken only after the claimed size was held against the compressed bytes.
 */
export function decodePng(bytes: Uint8Array, name: string, gray: "light" | "labels" = "light"): DecodedPng {
  const { header, palette, compressed } = readChunks(bytes, name);
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

  const data = new Uint8Array(width * height * channels);
  const labels = gray === "labels" && channels === 1;
  const scale = labels || colorType === palettized ? 1 : 255 / (2 ** Math.min(bitDepth, 8) - 1);
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
    if (bitDepth === 8 && !interlaced) return done(lines);
    for (let row = 0; row < rows; row++) {
      const line = lines.subarray(row * rowBytes, (row + 1) * rowBytes);
      for (let column = 0; column < columns; column++) {
        const to = ((y + row * dy) * width + x + column * dx) * channels;
        if (labels && bitDepth === 16) {
          data[to] = narrowLabel(line, column, y + row * dy, x + column * dx, name);
          continue;
        }
        for (let channel = 0; channel < channels; channel++) {
          data[to + channel] = sampleAt(line, column * channels + channel, bitDepth) * scale;
        }
      }
    }
  }
  return done(data);

  function done(data: Uint8Array): DecodedPng {
    return {
      width,
      height,
      channels,
      data,
      bitDepth,
      ...(colorType === palettized ? { palette: palette! } : {}),
    };
  }
}

/** Sample `index` of a line, in its upper 8 bits at most. */
function sampleAt(line: Uint8Array, index: number, bitDepth: number): number {
  if (bitDepth === 8) return line[index]!;
  if (bitDepth === 16) return line[2 * index]!;
  const bit = index * bitDepth;
  return (line[bit >> 3]! >> (8 - bitDepth - (bit & 7))) & ((1 << bitDepth) - 1);
}

/** A label of 16 bits, which must fit into 8. */
function narrowLabel(line: Uint8Array, index: number, row: number, column: number, name: string): number {
  const value = (line[2 * index]! << 8) | line[2 * index + 1]!;
  if (value <= 255) return value;
  throw new DecodeError(
    name,
    `it holds the value ${value} at row ${row}, column ${column}; labels are 0 to 255`,
    "Convert the masks to this data set's labels",
  );
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
  const parts: Uint8Array[] = [];
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
    else if (type === "PLTE") palette = content.slice();
    else if (type === "IDAT") parts.push(content);
    else if (type === "IEND") break;
    else if ((type.charCodeAt(0) & 0x20) === 0) {
      throw new DecodeError(name, `critical chunk ${JSON.stringify(type)} at byte ${at} is unknown`);
    }
    at += 12 + length;
  }
  if (header.colorType === palettized && palette === undefined) {
    throw new DecodeError(name, "it is a palette image without a palette (PLTE chunk)");
  }
  return { header, palette, compressed: parts.length === 1 ? parts[0]! : concatenate(parts) };
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
  // Lines with their filters and without, and the samples where these are not bytes in order already.
  const raw = colorTypes[colorType]!.channels * bitDepth / 8;
  const unpacked = bitDepth === 8 && interlace === 0 ? 0 : colorTypes[colorType]!.channels;
  assertImageSize(width, height, 2 * raw + unpacked, name);
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
