/** Zip archives as PyTorch writes them: stored, each file's data at a multiple of 64 bytes. @module */
import { WeightsError } from "../errors.ts";
import { crc32 } from "./crc32.ts";

/** A file to be written. */
export interface ZipFile {
  readonly name: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** PyTorch maps storages into memory, and wants them at such addresses. */
const ALIGNMENT = 64;
/** 1980-01-01, the first day zip knows: the same bytes whenever they are written. */
const DATE = 1 << 5 | 1;

/**
 * Writes an archive.
 *
 * @throws {WeightsError} If it would be of 4 GiB or more, or of 65,535 files.
 */
export function writeZip(files: readonly ZipFile[]): Uint8Array<ArrayBuffer> {
  let size = 0;
  const placed = files.map(({ name, data }) => {
    const encoded = new TextEncoder().encode(name);
    const start = size, head = start + 30 + encoded.length;
    // An extra field has four bytes of its own at least.
    const extra = 4 + (ALIGNMENT - (head + 4) % ALIGNMENT) % ALIGNMENT;
    size = head + extra + data.length;
    return { encoded, data, start, extra, crc: crc32(data) };
  });
  const directory = size;
  for (const { encoded } of placed) size += 46 + encoded.length;
  const end = size;
  size += 22;
  if (size >= 2 ** 32 || files.length >= 0xffff) {
    throw new WeightsError(
      `Cannot write a PyTorch file of ${size} bytes and ${files.length} parts: below 4 GiB and 65,535 parts is what is written. ` +
        "Write safetensors instead",
    );
  }
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  let at = directory;
  for (const { encoded, data, start, extra, crc } of placed) {
    const common = (to: number) => {
      view.setUint16(to, 20, true); // version needed
      view.setUint16(to + 2, 0x800, true); // names are UTF-8
      view.setUint32(to + 6, DATE << 16, true);
      view.setUint32(to + 10, crc, true);
      view.setUint32(to + 14, data.length, true);
      view.setUint32(to + 18, data.length, true);
      view.setUint16(to + 22, encoded.length, true);
    };
    view.setUint32(start, 0x04034b50, true);
    common(start + 4);
    view.setUint16(start + 28, extra, true);
    out.set(encoded, start + 30);
    // "FB", as PyTorch marks its padding.
    view.setUint32(start + 30 + encoded.length, 0x4246 | extra - 4 << 16, true);
    out.set(data, start + 30 + encoded.length + extra);
    view.setUint32(at, 0x02014b50, true);
    common(at + 6);
    view.setUint32(at + 42, start, true);
    out.set(encoded, at + 46);
    at += 46 + encoded.length;
  }
  view.setUint32(end, 0x06054b50, true);
  view.setUint16(end + 8, files.length, true);
  view.setUint16(end + 10, files.length, true);
  view.setUint32(end + 12, end - directory, true);
  view.setUint32(end + 16, directory, true);
  return out;
}
