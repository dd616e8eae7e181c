/** JPEG within TIFF: each strip or tile is a file, but for the tables that all of them share. */
import { DecodeError } from "./image.ts";
import { decodeJpeg } from "./jpeg.ts";

/** Samples of pixels one by one: 1 gray, 3 RGB, which YCbCr becomes. */
export interface JpegChunk {
  readonly width: number;
  /** Rows that are needed; the chunk may have more. */
  readonly rows: number;
  readonly samples: number;
  readonly isYcbcr: boolean;
  /** The field JPEGTables, if there is one. */
  readonly tables: readonly number[] | undefined;
}

/** Start and end of an image. */
const start = [0xff, 0xd8], end = [0xff, 0xd9];

/**
 * Decodes a strip or tile.
 *
 * @param content Its bytes.
 * @param name The TIFF's name, for errors.
 * @returns Rows × width × samples at least.
 * @throws {DecodeError} If it is no JPEG that is decoded, or of another size.
 * @see TIFF technical note 2, 1995.
 */
export async function decodeJpegChunk(
  content: Uint8Array,
  chunk: JpegChunk,
  name: string,
): Promise<Uint8Array> {
  const { width, rows, samples, isYcbcr, tables = [] } = chunk;
  if (content[0] !== start[0] || content[1] !== start[1]) {
    throw new DecodeError(name, "one of its strips or tiles is no JPEG");
  }
  // The TIFF says whether colors are RGB; a JPEG would be taken for YCbCr.
  const adobe = samples === 1
    ? []
    : [0xff, 0xee, 0, 14, ...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0];
  if (samples > 1) adobe.push(isYcbcr ? 1 : 0);
  const shared = tables.slice(start.length, tables.length - end.length);
  const file = new Uint8Array(start.length + adobe.length + shared.length + content.length - start.length);
  file.set([...start, ...adobe, ...shared]);
  file.set(content.subarray(start.length), start.length + adobe.length + shared.length);
  const image = await decodeJpeg(file, name);
  if (image.width !== width || image.height < rows) {
    throw new DecodeError(
      name,
      `one of its strips or tiles is ${image.width} × ${image.height}, it should be ${width} × ${rows}`,
    );
  }
  return samples === 1 ? image.data.filter((_, i) => i % 3 === 0) : image.data;
}
