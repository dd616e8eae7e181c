/** Writes PNG: masks with a palette, and RGB pictures. The same pixels always give the same bytes. */
import { crc32, deflateSync } from "node:zlib";
import { filterAdaptively } from "./png_filter.ts";

/**
 * Encodes class indices as an 8-bit palette image.
 *
 * @param indices width × height values, row by row.
 * @param palette RGB triples, 1 to 256 of them; every index must have one.
 * @throws {RangeError} If the lengths do not fit the size, or an index has no color.
 */
export function encodePalettePng(
  indices: Uint8Array,
  width: number,
  height: number,
  palette: Uint8Array,
): Uint8Array {
  assertLength("indices", indices, width, height, 1);
  if (palette.length % 3 !== 0 || palette.length < 3 || palette.length > 768) {
    throw new RangeError(
      `Cannot encode a palette PNG: the palette has ${palette.length} bytes; it needs 1 to 256 RGB triples`,
    );
  }
  const highest = indices.reduce((most, index) => Math.max(most, index), 0);
  if (highest >= palette.length / 3) {
    throw new RangeError(
      `Cannot encode a palette PNG: index ${highest} has no color; the palette has ${palette.length / 3}`,
    );
  }
  // No filter: neighboring indices are no gradient, and deflate finds the runs by itself.
  const raw = new Uint8Array(height * (width + 1));
  for (let row = 0; row < height; row++) {
    raw.set(indices.subarray(row * width, (row + 1) * width), row * (width + 1) + 1);
  }
  return assemble(width, height, 3, raw, palette);
}

/**
 * Encodes an 8-bit RGB image.
 *
 * @param pixels height × width × 3.
 * @throws {RangeError} If the length does not fit the size.
 */
export function encodeRgbPng(pixels: Uint8Array, width: number, height: number): Uint8Array {
  assertLength("pixels", pixels, width, height, 3);
  return assemble(width, height, 2, filterAdaptively(pixels, height, width * 3, 3));
}

function assertLength(what: string, data: Uint8Array, width: number, height: number, channels: number): void {
  if (width < 1 || height < 1 || data.length !== width * height * channels) {
    throw new RangeError(
      `Cannot encode a PNG of ${width} × ${height}: ${what} has ${data.length} bytes; ${
        width * height * channels
      } are needed`,
    );
  }
}

function assemble(
  width: number,
  height: number,
  colorType: number,
  raw: Uint8Array,
  palette?: Uint8Array,
): Uint8Array {
  const header = new Uint8Array(13);
  new DataView(header.buffer).setUint32(0, width);
  new DataView(header.buffer).setUint32(4, height);
  header.set([8, colorType, 0, 0, 0], 8);
  const chunks = [chunk("IHDR", header)];
  if (palette !== undefined) chunks.push(chunk("PLTE", palette));
  chunks.push(chunk("IDAT", deflateSync(raw, { level: 9 })), chunk("IEND", new Uint8Array()));
  const file = new Uint8Array(chunks.reduce((sum, part) => sum + part.length, 8));
  file.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  let at = 8;
  for (const part of chunks) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

function chunk(type: string, content: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(content.length + 12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, content.length);
  bytes.set(new TextEncoder().encode(type), 4);
  bytes.set(content, 8);
  view.setUint32(content.length + 8, crc32(bytes.subarray(4, content.length + 8)));
  return bytes;
}
