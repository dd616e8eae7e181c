/**
 * Reads TIFF, sample for sample: the first picture of a file, in strips or tiles.
 * Pillow's pixels are the measure. Written here, as of npm's readers `tiff` takes tiles of several samples apart wrongly, `utif2`
 * fills what is missing with zeros, and `geotiff` brings eight packages.
 */
import { assertImageSize, DecodeError, type StoredImage } from "./image.ts";
import { orientationOf, orientationTag } from "./orientation.ts";
import { compressionProblem, decompress, isPredicted, jpegCompression } from "./tiff_compression.ts";
import { readTiffDirectory, type TiffDirectory } from "./tiff_directory.ts";
import { decodeJpegChunk } from "./tiff_jpeg.ts";

const tags = {
  subfile: 254,
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  fillOrder: 266,
  stripOffsets: 273,
  orientation: orientationTag,
  samples: 277,
  rowsPerStrip: 278,
  stripLengths: 279,
  planes: 284,
  predictor: 317,
  colorMap: 320,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
  tileLengths: 325,
  extraSamples: 338,
  sampleFormat: 339,
  jpegTables: 347,
} as const;

/** What samples that are not read are, by the field PhotometricInterpretation. */
const photometrics: Readonly<Record<number, string>> = {
  4: "a transparency mask",
  5: "CMYK",
  6: "YCbCr",
  8: "CIE L*a*b*",
  9: "ICC L*a*b*",
  10: "ITU L*a*b*",
};
const whiteIsZero = 0, blackIsZero = 1, rgb = 2, palettized = 3, ycbcr = 6;

/** A grid of strips or tiles over one plane of samples or all. */
interface Chunks {
  readonly width: number;
  readonly height: number;
  readonly across: number;
  readonly down: number;
  readonly offsets: readonly number[];
  readonly lengths: readonly number[];
}

const remedy = "Save it as an 8 or 16-bit gray or RGB TIFF, or as PNG";

/**
 * Decodes the first picture of a TIFF file: gray, palette or RGB of 1, 2, 4, 8 or 16 bits, with alpha or without, uncompressed
 * or by LZW, Deflate, PackBits, or JPEG of 8 bits, which is lossy. Samples beyond alpha are dropped; color that alpha was multiplied into is divided again.
 *
 * @param bytes The whole file.
 * @param name The file's name, for errors.
 * @throws {DecodeError} If the file is cut short or damaged, claims a size out of bounds, or is of a kind that is not decoded.
 * @see TIFF revision 6.0.
 */
export async function decodeTiff(bytes: Uint8Array, name: string): Promise<StoredImage> {
  const directory = readTiffDirectory(bytes, Object.values(tags));
  if (directory === undefined) {
    throw new DecodeError(name, "it is a BigTIFF, or its header is damaged; TIFF is read", remedy);
  }
  const layout = readLayout(directory, name);
  const { width, height, bits, samples, channels, planes } = layout;
  const chunks = readChunks(directory, layout, bytes.length, name);
  const data = new (bits > 8 ? Uint16Array : Uint8Array)(width * height * channels);
  const perPlane = chunks.across * chunks.down, stride = planes ? 1 : samples;
  for (let plane = 0; plane < (planes ? channels : 1); plane++) {
    for (let chunk = 0; chunk < perPlane; chunk++) {
      const place = {
        x: (chunk % chunks.across) * chunks.width,
        y: Math.floor(chunk / chunks.across) * chunks.height,
        plane,
      };
      const read = layout.isJpeg ? readJpegChunk : readChunk;
      const content = await read(bytes, layout, chunks, plane * perPlane + chunk, name);
      unpack(content, layout, { ...place, width: chunks.width, height: chunks.height, stride }, data);
    }
  }
  finish(data, layout);
  const palette = layout.colorMap === undefined ? {} : { palette: layout.colorMap };
  const lossy = layout.isJpeg ? { lossy: "TIFF compressed by JPEG" } : {};
  return { width, height, channels, bits, data, ...palette, ...lossy, orientation: layout.orientation };
}

function readLayout({ fields, problem: damage, littleEndian }: TiffDirectory, name: string) {
  const numbers = (tag: keyof typeof tags) => fields.get(tags[tag]);
  const number = (tag: keyof typeof tags, fallback: number) => numbers(tag)?.[0] ?? fallback;
  const refuse = (reason: string) => new DecodeError(name, reason, remedy);
  if (damage !== undefined) throw new DecodeError(name, `it is damaged or cut short: ${damage}`);
  // Of a camera's raw file the first picture is a small one, to look at.
  if ((number("subfile", 0) & 1) !== 0) {
    throw new DecodeError(
      name,
      "its first picture is a thumbnail of another, as in cameras' raw files",
      "Develop or save it as a TIFF of one picture",
    );
  }
  const photometric = number("photometric", -1), compression = number("compression", 1);
  if (photometric < 0) throw new DecodeError(name, "its directory does not say what its samples are");
  const problem = compressionProblem(compression);
  if (problem !== undefined) throw refuse(problem);
  const isJpeg = compression === jpegCompression;
  if (photometric > palettized && !(isJpeg && photometric === ycbcr)) {
    throw refuse(`its samples are ${photometrics[photometric] ?? `of the kind ${photometric}`}`);
  }
  const samples = number("samples", 1), allBits = numbers("bits") ?? [1], bits = allBits[0]!;
  const formats = numbers("sampleFormat") ?? [];
  if (formats.some((format) => format === 2 || format === 3)) {
    throw refuse(`its samples are ${formats.includes(3) ? "floating-point" : "signed"} numbers`);
  }
  if (![1, 2, 4, 8, 16].includes(bits) || allBits.some((other) => other !== bits)) {
    throw refuse(`it has ${allBits.join(", ")} bits per sample; 1, 2, 4, 8 or 16 in all are read`);
  }
  const colors = photometric === rgb || photometric === ycbcr ? 3 : 1;
  const planes = number("planes", 1) === 2 && samples > 1;
  if (
    isJpeg && (bits !== 8 || samples !== colors || planes || ![blackIsZero, rgb, ycbcr].includes(photometric))
  ) {
    throw refuse("it is compressed by JPEG, and is not gray, RGB or YCbCr of 8 bits alone");
  }
  if (samples < colors || samples > (colors === 3 ? 64 : 2) || (photometric === palettized && bits > 8)) {
    throw refuse(`it has ${samples} samples of ${bits} bits a pixel, of which ${colors} would be color`);
  }
  // A second sample of a palette image is no index.
  const channels = Math.min(samples, photometric === palettized ? 1 : colors + 1) as 1 | 2 | 3 | 4;
  const predictor = isPredicted(compression) ? number("predictor", 1) : 1;
  if (predictor !== 1 && (predictor !== 2 || bits < 8)) {
    throw refuse(`its predictor (${predictor}) over ${bits} bits is not read`);
  }
  const multiplied = samples > colors && number("extraSamples", 0) === 1;
  // Pillow divides the upper 8 bits, which is another color than the upper 8 bits of the quotient.
  if (multiplied && bits > 8) throw refuse(`its colors of ${bits} bits are multiplied by alpha`);
  const width = number("width", 0), height = number("height", 0);
  // A strip may be the whole picture: decompressed twice, its samples, and the picture's RGB.
  assertImageSize(width, height, 2 * samples * bits / 8 + channels * Math.ceil(bits / 8) + 3, name);
  const map = photometric === palettized ? numbers("colorMap") ?? [] : undefined;
  if (map !== undefined && map.length !== 3 * 2 ** bits) {
    throw new DecodeError(name, `its color map has ${map.length} numbers; ${3 * 2 ** bits} are needed`);
  }
  return {
    littleEndian,
    width,
    height,
    bits,
    samples,
    channels,
    compression,
    predictor,
    planes,
    isTiled: fields.has(tags.tileWidth) || fields.has(tags.tileOffsets),
    isJpeg,
    isYcbcr: photometric === ycbcr,
    jpegTables: numbers("jpegTables"),
    lowBitFirst: number("fillOrder", 1) === 2,
    inverted: photometric === whiteIsZero,
    multiplied,
    // One channel after the other, of which the upper 8 of 16 bits are kept.
    colorMap: map === undefined ? undefined : Uint8Array.from(
      map,
      (_, i) => map[(i % 3) * 2 ** bits + Math.floor(i / 3)]! >> 8,
    ),
    orientation: orientationOf(numbers("orientation")),
  };
}

type Layout = ReturnType<typeof readLayout>;

/** Finds the strips or tiles, each within the file. */
function readChunks({ fields }: TiffDirectory, layout: Layout, fileLength: number, name: string): Chunks {
  const { width, height, samples, planes, bits, compression, isTiled: tiled } = layout;
  const chunkWidth = tiled ? fields.get(tags.tileWidth)?.[0] ?? 0 : width;
  const chunkHeight = tiled
    ? fields.get(tags.tileHeight)?.[0] ?? 0
    : Math.min(height, fields.get(tags.rowsPerStrip)?.[0] ?? height);
  assertImageSize(chunkWidth, chunkHeight, 2 * samples * bits / 8, name);
  const across = Math.ceil(width / chunkWidth), down = Math.ceil(height / chunkHeight);
  const count = across * down * (planes ? samples : 1);
  const offsets = fields.get(tiled ? tags.tileOffsets : tags.stripOffsets) ?? [];
  const lengths = fields.get(tiled ? tags.tileLengths : tags.stripLengths) ??
    // Some writers of one uncompressed strip leave its length out.
    (count === 1 && compression === 1 && offsets.length === 1 ? [fileLength - offsets[0]!] : []);
  if (offsets.length < count || lengths.length < count) {
    throw new DecodeError(
      name,
      `it lists ${offsets.length} offsets and ${lengths.length} lengths of strips or tiles; its size needs ${count}`,
    );
  }
  for (let chunk = 0; chunk < count; chunk++) {
    const end = offsets[chunk]! + lengths[chunk]!;
    if (end <= fileLength) continue;
    throw new DecodeError(
      name,
      `it is cut short: strip or tile ${chunk} ends at byte ${end} of ${fileLength}`,
    );
  }
  return { width: chunkWidth, height: chunkHeight, across, down, offsets, lengths };
}

/** The bytes of one strip or tile, as they are stored, and the rows that it must have. */
function chunkOf(bytes: Uint8Array, { height, isTiled }: Layout, chunks: Chunks, index: number) {
  const at = chunks.offsets[index]!, content = bytes.subarray(at, at + chunks.lengths[index]!);
  // A tile is whole, even beyond the picture's edge; a strip's rows beyond it may be left out.
  const top = Math.floor((index % (chunks.across * chunks.down)) / chunks.across) * chunks.height;
  return { content, rows: isTiled ? chunks.height : Math.min(chunks.height, height - top) };
}

/** One strip or tile, decoded. */
async function readJpegChunk(
  bytes: Uint8Array,
  layout: Layout,
  chunks: Chunks,
  index: number,
  name: string,
): Promise<Uint8Array> {
  const { content, rows } = chunkOf(bytes, layout, chunks, index);
  const { samples, isYcbcr, jpegTables: tables } = layout;
  return await decodeJpegChunk(content, { width: chunks.width, rows, samples, isYcbcr, tables }, name);
}

/** The bytes of one strip or tile, decompressed. */
function readChunk(
  bytes: Uint8Array,
  layout: Layout,
  chunks: Chunks,
  index: number,
  name: string,
): Uint8Array {
  const { bits, samples, planes, compression, lowBitFirst } = layout;
  const { content: stored, rows } = chunkOf(bytes, layout, chunks, index);
  const content = lowBitFirst ? stored.map(reverseBits) : stored;
  const rowBytes = Math.ceil(chunks.width * (planes ? 1 : samples) * bits / 8);
  const out = decompress(content, compression, rows * rowBytes, chunks.height * rowBytes);
  if (typeof out !== "string") return out;
  throw new DecodeError(name, `its strip or tile ${index} is damaged: ${out}`);
}

function reverseBits(byte: number): number {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
}

/** Puts the samples of a strip or tile where they belong. */
function unpack(
  content: Uint8Array,
  layout: Layout,
  chunk: { x: number; y: number; width: number; height: number; plane: number; stride: number },
  data: Uint8Array | Uint16Array,
): void {
  const { width, height, bits, channels, littleEndian, predictor } = layout, { stride, plane } = chunk;
  const perRow = chunk.width * stride, rowBytes = Math.ceil(perRow * bits / 8), most = 2 ** bits - 1;
  const columns = Math.min(chunk.width, width - chunk.x), rows = Math.min(chunk.height, height - chunk.y);
  const kept = Math.min(stride, channels), row = new Uint16Array(perRow);
  for (let y = 0; y < rows; y++) {
    const from = y * rowBytes;
    if (bits === 16) {
      const [low, high] = littleEndian ? [0, 1] : [1, 0];
      for (let i = 0; i < perRow; i++) {
        row[i] = content[from + 2 * i + low]! | (content[from + 2 * i + high]! << 8);
      }
    } else if (bits === 8) row.set(content.subarray(from, from + perRow));
    else {
      for (let i = 0; i < perRow; i++) {
        const bit = i * bits;
        row[i] = (content[from + (bit >> 3)]! >> (8 - bits - (bit & 7))) & most;
      }
    }
    if (predictor === 2) {
      for (let i = stride; i < perRow; i++) row[i] = (row[i]! + row[i - stride]!) & most;
    }
    let to = ((chunk.y + y) * width + chunk.x) * channels + plane;
    for (let column = 0; column < columns; column++, to += channels) {
      for (let sample = 0; sample < kept; sample++) data[to + sample] = row[column * stride + sample]!;
    }
  }
}

/** Makes light of ink, and takes alpha out of color. */
function finish(data: Uint8Array | Uint16Array, { inverted, multiplied, channels, bits }: Layout): void {
  const most = 2 ** bits - 1;
  if (inverted) { for (let i = 0; i < data.length; i += channels) data[i] = most - data[i]!; }
  if (!multiplied) return;
  for (let i = 0; i < data.length; i += channels) {
    const alpha = data[i + channels - 1]!;
    for (let channel = 0; channel < channels - 1; channel++) {
      data[i + channel] = alpha === 0 ? 0 : Math.min(most, Math.trunc(data[i + channel]! * most / alpha));
    }
  }
}
