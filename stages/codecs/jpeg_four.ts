/**
 * Takes a JPEG of four components apart into two of three, which the WebAssembly of libjpeg-turbo decodes: that knows no CMYK, and
 * what does on npm has pixels of its own. No coefficient is decoded: blocks keep their bits, and go to one file or the other.
 *
 * @see ITU-T T.81, annexes B, F.2 and G.2.
 */
import { BitReader, BitWriter, type HuffmanTable, huffmanTables, ScanError } from "./jpeg_bits.ts";

/** The two files. */
export interface TakenApart {
  /** The first three components. */
  readonly colors: Uint8Array;
  /** The fourth, as the first of three; the others are empty. */
  readonly black: Uint8Array;
}

interface Component {
  readonly id: number;
  /** Blocks of a unit, across and down. */
  readonly across: number;
  readonly down: number;
  readonly quantization: number;
}

interface Frame {
  readonly isProgressive: boolean;
  readonly components: readonly Component[];
  /** Units of the picture, which a scan of all components goes through one by one. */
  readonly units: number;
}

interface Scan {
  readonly frame: Frame;
  /** Units between restart markers; 0: there are none. */
  readonly interval: number;
  /** The components, with the tables of their first and of their other coefficients. */
  readonly parts: readonly { readonly index: number; readonly dc: number; readonly ac: number }[];
  /** First and last coefficient, and approximation. */
  readonly band: readonly [first: number, last: number, approximation: number];
}

type Tables = ReadonlyMap<number, HuffmanTable>;

/** Marks the class of a table in its number: of the coefficients behind the first. */
const others = 0x10;
/** The number of the table of empty blocks: a code of one bit, `0`, for no difference and for the end of a block. */
const emptyNumber = 1, emptyTable = Uint8Array.of(1, ...Array<number>(15).fill(0), 0);
/** Most zeros behind the last unit of a scan that are taken for an encoder's padding. */
const mostPadding = 16;

/**
 * Takes a file apart.
 *
 * @param bytes A file whose segments were walked through, without stray bytes before the first scan.
 * @param isYcc Whether the first three components are Y, Cb and Cr, which decoding makes RGB of.
 * @throws {ScanError} If a scan is damaged, or components are sampled or scanned as is not read.
 */
export function takeApart(bytes: Uint8Array, isYcc: boolean): TakenApart {
  const colors = new BitWriter(), black = new BitWriter(), both = [colors, black];
  const adobe = (transform: number) => [...new TextEncoder().encode("Adobe"), 0, 100, 0, 0, 0, 0, transform];
  colors.bytes(0xff, 0xd8, 0xff, 0xee, 0, 14, ...adobe(isYcc ? 1 : 0));
  black.bytes(0xff, 0xd8, 0xff, 0xee, 0, 14, ...adobe(0));
  const tables = new Map<number, HuffmanTable>();
  let frame: Frame | undefined, interval = 0;
  for (let at = bytes.indexOf(0xff, 2); bytes[at + 1] !== 0xd9; at = bytes.indexOf(0xff, at)) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff || marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    const end = at + 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!), content = bytes.subarray(at + 4, end);
    if (marker === 0xdb || marker === 0xdd) { for (const file of both) file.copy(bytes.subarray(at, end)); }
    if (marker === 0xdd) interval = (content[0]! << 8) | content[1]!;
    if (marker === 0xc4) { for (const [key, table] of huffmanTables(content)) tables.set(key, table); }
    if (marker >= 0xc0 && marker <= 0xc2) {
      frame = readFrame(content, marker === 0xc2);
      writeFrames(frame, [0xff, marker, 0, 17, ...content.subarray(0, 5), 3], colors, black);
    }
    at = end;
    if (marker === 0xda) {
      if (frame === undefined) throw new ScanError("a scan comes before the frame header");
      at = endOfData(bytes, end);
      const scan = readScan(content, frame, interval), data = bytes.subarray(0, at);
      if (scan.parts.length === 1) copyScan(data.subarray(end), scan, tables, colors, black);
      else divideScan(new BitReader(data, end, at), scan, tables, colors, black);
    }
  }
  for (const file of both) file.bytes(0xff, 0xd9);
  return { colors: colors.finish(), black: black.finish() };
}

function readFrame(content: Uint8Array, isProgressive: boolean): Frame {
  const components = Array.from({ length: 4 }, (_, i): Component => {
    const [id = 0, factors = 0, quantization = 0] = content.subarray(6 + 3 * i, 9 + 3 * i);
    return { id, across: factors >> 4, down: factors & 15, quantization };
  });
  const across = Math.max(...components.map((each) => each.across));
  const down = Math.max(...components.map((each) => each.down));
  // A component of fewer samples than both files' largest would be scaled up in one of them only.
  for (const each of [components[0]!, components[3]!]) {
    if (each.across === across && each.down === down && across > 0 && down > 0) continue;
    throw new ScanError("its first or its fourth component is not sampled at every pixel");
  }
  const height = (content[1]! << 8) | content[2]!, width = (content[3]! << 8) | content[4]!;
  const units = Math.ceil(width / (8 * across)) * Math.ceil(height / (8 * down));
  return { isProgressive, components, units };
}

function writeFrames({ components }: Frame, header: number[], colors: BitWriter, black: BitWriter): void {
  const last = components[3]!, empty = { ...last, across: 1, down: 1 };
  for (const [file, three] of [[colors, components.slice(0, 3)], [black, [last, empty, empty]]] as const) {
    file.bytes(...header);
    three.forEach(({ across, down, quantization }, i) =>
      file.bytes(i + 1, (across << 4) | down, quantization)
    );
  }
}

function readScan(header: Uint8Array, frame: Frame, interval: number): Scan {
  const count = header[0] ?? 0;
  const parts = Array.from({ length: count }, (_, i) => {
    const [id, numbers = 0] = header.subarray(1 + 2 * i, 3 + 2 * i);
    const index = frame.components.findIndex((component) => component.id === id);
    return { index, dc: numbers >> 4, ac: others | (numbers & 15) };
  });
  if ((count !== 1 && count !== 4) || parts.some(({ index }) => index < 0)) {
    throw new ScanError(`a scan has ${count} components; 1 of 4 or all are read`);
  }
  const [first = 0, last = 0, approximation = 0] = header.subarray(1 + 2 * count);
  return { frame, interval, parts, band: [first, last, approximation] };
}

/** Where the data of a scan end: at the first marker that is no restart. */
function endOfData(bytes: Uint8Array, from: number): number {
  for (let at = bytes.indexOf(0xff, from);; at = bytes.indexOf(0xff, at + 2)) {
    const marker = bytes[at + 1]!;
    if (marker !== 0 && (marker < 0xd0 || marker > 0xd7)) return at;
  }
}

function writeTable(file: BitWriter, number: number, definition: Uint8Array | undefined): void {
  if (definition === undefined) return; // Not every scan needs both classes.
  file.bytes(0xff, 0xc4, 0, 3 + definition.length, number);
  file.copy(definition);
}

/** A scan of one component has no other's bits between its own. */
function copyScan(data: Uint8Array, scan: Scan, tables: Tables, colors: BitWriter, black: BitWriter): void {
  const { index, dc, ac } = scan.parts[0]!, file = index < 3 ? colors : black;
  writeTable(file, 0, tables.get(dc)?.definition);
  writeTable(file, others, tables.get(ac)?.definition);
  file.bytes(0xff, 0xda, 0, 8, 1, (index % 3) + 1, 0, ...scan.band);
  file.copy(data);
}

/** Divides a scan of all components, unit by unit. */
function divideScan(
  reader: BitReader,
  scan: Scan,
  tables: Tables,
  colors: BitWriter,
  black: BitWriter,
): void {
  const { frame: { isProgressive, components, units }, interval, parts, band } = scan;
  const [first, last, approximation] = band, isRefinement = approximation >> 4 > 0;
  if (isProgressive && (first > 0 || last > 0)) throw new ScanError("a scan's header is damaged");
  writeScanHeaders(scan, tables, colors, black);
  const blocks = parts.map(({ index, dc, ac }) => {
    const { across, down } = components[index]!, firsts = tables.get(dc), rest = tables.get(ac);
    const needed = isRefinement || (firsts !== undefined && (isProgressive || rest !== undefined));
    if (!needed) throw new ScanError("a scan names a Huffman table that is not there");
    return { count: across * down, file: index < 3 ? colors : black, firsts: firsts!, rest: rest! };
  });
  // Two blocks in the file of the fourth component, of which a sequential scan says that they end, too.
  const emptyBits = isProgressive ? 2 : 4;
  for (let unit = 0; unit < units; unit++) {
    if (interval > 0 && unit > 0 && unit % interval === 0) {
      const number = (unit / interval - 1) & 7;
      reader.restart(number);
      for (const file of [colors, black]) {
        file.align();
        file.bytes(0xff, 0xd0 + number);
      }
    }
    for (const { count, file, firsts, rest } of blocks) {
      for (let block = 0; block < count; block++) {
        if (isRefinement) reader.copyBits(1, file);
        else {
          reader.copyBits(reader.copyCode(firsts, file) & 15, file);
          if (!isProgressive) copyCoefficients(reader, rest, file);
        }
      }
    }
    black.bits(0, emptyBits);
  }
  if (!reader.isDone(mostPadding)) throw new ScanError("a scan leaves bytes over");
  for (const file of [colors, black]) file.align();
}

function writeScanHeaders(
  { parts, band }: Scan,
  tables: Tables,
  colors: BitWriter,
  black: BitWriter,
): void {
  const three = parts.filter(({ index }) => index < 3), { dc, ac } = parts.find(({ index }) => index === 3)!;
  for (const key of new Set(three.flatMap(({ dc, ac }) => [dc, ac]))) {
    writeTable(colors, key, tables.get(key)?.definition);
  }
  colors.bytes(0xff, 0xda, 0, 12, 3);
  for (const { index, dc, ac } of three) colors.bytes(index + 1, (dc << 4) | (ac & 15));
  colors.bytes(...band);
  writeTable(black, 0, tables.get(dc)?.definition);
  writeTable(black, others, tables.get(ac)?.definition);
  writeTable(black, emptyNumber, emptyTable);
  writeTable(black, others | emptyNumber, emptyTable);
  const empty = (emptyNumber << 4) | emptyNumber;
  black.bytes(0xff, 0xda, 0, 12, 3, 1, 0, 2, empty, 3, empty, ...band);
}

/** The coefficients of a block behind its first: runs of zeros, each with what ends it, to the last or to the end of the block. */
function copyCoefficients(reader: BitReader, table: HuffmanTable, file: BitWriter): void {
  for (let at = 1; at < 64;) {
    const symbol = reader.copyCode(table, file), zeros = symbol >> 4, size = symbol & 15;
    if (size === 0 && zeros !== 15) return;
    at += zeros + 1;
    reader.copyBits(size, file);
  }
}
