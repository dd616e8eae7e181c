/** Zip archives, read without trust: what an entry claims is held against the file before memory is taken. @module */
import { WeightsError } from "../errors.ts";
import { crc32 } from "./crc32.ts";

/** A file of an archive. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes once unpacked, as claimed. */
  readonly size: number;
  /** 0: stored; 8: deflated. */
  readonly method: number;
  /** As claimed; 0 where the writer left it out. */
  readonly crc: number;
  /** The packed bytes. */
  readonly packed: Uint8Array<ArrayBuffer>;
}

const LOCAL = 0x04034b50,
  CENTRAL = 0x02014b50,
  END = 0x06054b50,
  END_64 = 0x06064b50,
  LOCATOR_64 = 0x07064b50;
/** Far above what a file of weights has: a storage for each tensor. */
const MOST_ENTRIES = 100_000;

/** Whether bytes begin as a zip archive does. */
export function looksLikeZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b &&
    (bytes[2] === 3 && bytes[3] === 4 || bytes[2] === 5 && bytes[3] === 6);
}

/**
 * Reads an archive's directory; nothing is unpacked.
 *
 * @returns Entries by name.
 * @throws {WeightsError} If it was cut off, or is encrypted, split, or has entries that overlap, share a name, lie outside of
 *   the file, or are told otherwise where they lie.
 * @see https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function readZipDirectory(bytes: Uint8Array<ArrayBuffer>): Map<string, ZipEntry> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const directory = findDirectory(view);
  const entries = new Map<string, ZipEntry>();
  const spans: { name: string; from: number; to: number }[] = [];
  let at = directory.start;
  for (let i = 0; i < directory.entries; i++) {
    if (at + 46 > directory.end || view.getUint32(at, true) !== CENTRAL) {
      throw new WeightsError(`its directory is damaged at entry ${i} of ${directory.entries}`);
    }
    const { next, entry, span } = readEntry(bytes, view, at, directory);
    if (entries.has(entry.name)) throw new WeightsError(`its archive has two entries called "${entry.name}"`);
    entries.set(entry.name, entry);
    spans.push({ name: entry.name, ...span });
    at = next;
  }
  spans.sort((a, b) => a.from - b.from);
  spans.forEach(({ name, from }, i) => {
    const before = spans[i - 1];
    if (before && from < before.to) {
      throw new WeightsError(
        `its archive's entries "${before.name}" and "${name}" overlap, as in a zip bomb`,
      );
    }
  });
  return entries;
}

interface Directory {
  readonly start: number;
  readonly end: number;
  readonly entries: number;
}

function findDirectory(view: DataView): Directory {
  const size = view.byteLength;
  // The end record is last; only a comment of up to 65,535 bytes may follow.
  for (let at = size - 22; at >= Math.max(0, size - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) !== END || at + 22 + view.getUint16(at + 20, true) !== size) continue;
    let entries = view.getUint16(at + 10, true);
    let length = view.getUint32(at + 12, true), start = view.getUint32(at + 16, true), end = at;
    let disks = view.getUint16(at + 4, true) | view.getUint16(at + 6, true);
    const locator = at - 20;
    if (locator >= 0 && view.getUint32(locator, true) === LOCATOR_64) {
      const record = safe(view.getBigUint64(locator + 8, true));
      if (record + 56 > locator || view.getUint32(record, true) !== END_64) {
        throw new WeightsError("its archive's zip64 directory is not where the file says");
      }
      disks = view.getUint32(record + 16, true) | view.getUint32(record + 20, true);
      entries = safe(view.getBigUint64(record + 32, true));
      length = safe(view.getBigUint64(record + 40, true));
      start = safe(view.getBigUint64(record + 48, true));
      end = record;
    }
    if (disks) throw new WeightsError("its archive is one part of several");
    if (start + length > end || entries * 46 > length) {
      throw new WeightsError(
        `its archive claims a directory of ${entries} entries and ${length} bytes at byte ${start}, and the file has ${size}`,
      );
    }
    if (entries > MOST_ENTRIES) {
      throw new WeightsError(
        `its archive has ${entries} entries, and ${MOST_ENTRIES} is the most that is read`,
      );
    }
    return { start, end: start + length, entries };
  }
  throw new WeightsError(
    "it begins as a zip archive and has no directory at its end: it was cut off, or its download did not finish",
  );
}

function readEntry(bytes: Uint8Array<ArrayBuffer>, view: DataView, at: number, directory: Directory) {
  const flags = view.getUint16(at + 8, true), method = view.getUint16(at + 10, true);
  const crc = view.getUint32(at + 16, true);
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) =>
    view.getUint16(at + field, true)
  ) as [number, number, number];
  const next = at + 46 + nameLength + extraLength + commentLength;
  if (next > directory.end) throw new WeightsError("its directory is damaged: an entry ends outside of it");
  const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
  const wide = wideFields(view, at + 46 + nameLength, extraLength);
  const field = (offset: number) => {
    const value = view.getUint32(at + offset, true);
    return value === 0xffffffff ? wide(name) : value;
  };
  // In this order: so they lie in the zip64 field.
  const size = field(24), packedSize = field(20), local = field(42);
  if (flags & 1) throw new WeightsError(`its archive's entry "${name}" is encrypted`);
  const quoted = `its archive's entry "${name}"`;
  if (local + 30 > directory.start || view.getUint32(local, true) !== LOCAL) {
    throw new WeightsError(`${quoted} is not at byte ${local}, where the directory says`);
  }
  const localName = view.getUint16(local + 26, true);
  const data = local + 30 + localName + view.getUint16(local + 28, true);
  const same = localName === nameLength && view.getUint16(local + 8, true) === method &&
    bytes.subarray(local + 30, local + 30 + localName).every((byte, i) => byte === bytes[at + 46 + i]);
  if (!same) {
    throw new WeightsError(`${quoted} has another name or method at byte ${local} than in the directory`);
  }
  if (data + packedSize > directory.start) {
    throw new WeightsError(`${quoted} claims bytes ${data} to ${data + packedSize} of ${directory.start}`);
  }
  if (method !== 0 && method !== 8) {
    throw new WeightsError(
      `${quoted} is packed by method ${method}; only stored (0) and deflated (8) are read`,
    );
  }
  if (method === 0 && size !== packedSize) {
    throw new WeightsError(`${quoted} is stored in ${packedSize} bytes and claims ${size}`);
  }
  const entry: ZipEntry = { name, size, method, crc, packed: bytes.subarray(data, data + packedSize) };
  return { next, entry, span: { from: local, to: data + packedSize } };
}

/** Gives the zip64 field's numbers, one a call, for those that 32 bits cannot hold. */
function wideFields(view: DataView, start: number, length: number): (name: string) => number {
  const end = start + length;
  let at = end, stop = end;
  for (let field = start; field + 4 <= end; field += 4 + view.getUint16(field + 2, true)) {
    if (view.getUint16(field, true) !== 1) continue;
    at = field + 4;
    stop = Math.min(end, at + view.getUint16(field + 2, true));
    break;
  }
  return (name) => {
    if (at + 8 > stop) throw new WeightsError(`its archive's entry "${name}" lacks its zip64 sizes`);
    at += 8;
    return safe(view.getBigUint64(at - 8, true));
  };
}

function safe(value: bigint): number {
  if (value <= BigInt(Number.MAX_SAFE_INTEGER)) return Number(value);
  throw new WeightsError(`its archive claims a size of ${value} bytes`);
}

/** Bytes that are unpacked at once: all that they come to, a thousand times as many at worst, is held before any is counted. */
const PIECE = 1 << 14;

function inPieces(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.subarray(at, at += PIECE));
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

/**
 * Unpacks entries within one budget, so that a small file cannot take all memory.
 */
export class ZipReader {
  #inflated = 0;

  /** @param budget Bytes that all deflated entries together may unpack to. */
  constructor(private readonly budget: number) {}

  /**
   * The bytes of an entry; those of a stored one are not copied.
   *
   * @throws {WeightsError} If they are more or fewer than claimed, or beyond the budget, or their checksum differs.
   */
  async read(entry: ZipEntry): Promise<Uint8Array<ArrayBuffer>> {
    const data = entry.method === 0 ? entry.packed : await this.#inflate(entry);
    // Some writers leave the checksum out to save time, and put 0.
    if (entry.crc !== 0 && crc32(data) !== entry.crc) {
      throw new WeightsError(`its archive's entry "${entry.name}" is damaged: its checksum differs`);
    }
    return data;
  }

  async #inflate({ name, size, packed }: ZipEntry): Promise<Uint8Array<ArrayBuffer>> {
    this.#inflated += size;
    if (this.#inflated > this.budget) {
      throw new WeightsError(
        `its archive's entry "${name}" claims ${size} bytes from ${packed.length}: what is deflated may unpack to ` +
          `${this.budget} bytes in all for a file of this size`,
      );
    }
    const out = new Uint8Array(size);
    let at = 0;
    const stream = inPieces(packed).pipeThrough(new DecompressionStream("deflate-raw"));
    const reader = stream.getReader();
    try {
      for (let part; !(part = await reader.read()).done;) {
        if (at + part.value.length > size) {
          throw new WeightsError(
            `its archive's entry "${name}" unpacks to more than the ${size} bytes it claims`,
          );
        }
        out.set(part.value, at);
        at += part.value.length;
      }
    } catch (error) {
      if (error instanceof WeightsError) throw error;
      throw new WeightsError(
        `its archive's entry "${name}" cannot be unpacked: its deflated data is damaged`,
      );
    } finally {
      await reader.cancel().catch(() => {});
    }
    if (at < size) {
      throw new WeightsError(`its archive's entry "${name}" unpacks to ${at} bytes and claims ${size}`);
    }
    return out;
  }
}
