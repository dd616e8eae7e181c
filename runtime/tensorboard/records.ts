/**
 * TFRecord files: records one behind the other, each as its length (u64), the length's checksum (u32), its bytes and their
 * checksum, little-endian.
 *
 * @module
 */
import { crc32c } from "./crc32c.ts";

/** Bytes before a record's own. */
const HEAD = 12;
/** Bytes behind them. */
const TAIL = 4;
/** Longest record that is read: none that is written comes near. */
const LONGEST = 1 << 28;

/** A checksum as it is stored: rotated and moved, since checksums of what holds checksums are weak. */
export function maskedChecksum(bytes: Uint8Array): number {
  const sum = crc32c(bytes);
  return (sum >>> 15 | sum << 17) + 0xa282ead8 >>> 0;
}

/** A record with its frame. */
export function frame(record: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD + record.length + TAIL), view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(record.length), true);
  view.setUint32(8, maskedChecksum(bytes.subarray(0, 8)), true);
  bytes.set(record, HEAD);
  view.setUint32(HEAD + record.length, maskedChecksum(record), true);
  return bytes;
}

/**
 * The records of a file, up to its end or to the first that is damaged or not whole: a process that was killed may have left
 * half of one, and nothing behind it can be found.
 */
export function* readRecords(file: Deno.FsFile): Generator<Uint8Array<ArrayBuffer>> {
  for (;;) {
    const head = readWhole(file, HEAD);
    if (head === undefined) return;
    const view = new DataView(head.buffer), length = Number(view.getBigUint64(0, true));
    if (view.getUint32(8, true) !== maskedChecksum(head.subarray(0, 8)) || length > LONGEST) return;
    const rest = readWhole(file, length + TAIL);
    if (rest === undefined) return;
    const record = rest.subarray(0, length);
    if (new DataView(rest.buffer).getUint32(length, true) !== maskedChecksum(record)) return;
    yield record;
  }
}

/** So many bytes; undefined if the file ends before. */
function readWhole(file: Deno.FsFile, length: number): Uint8Array<ArrayBuffer> | undefined {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const read = file.readSync(bytes.subarray(at));
    if (read === null) return undefined;
    at += read;
  }
  return bytes;
}
