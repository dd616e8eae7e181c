/** Zip archives written field by field, lies included. */
import { deflateRawSync } from "node:zlib";
import { crc32 } from "../../../models/pytorch/crc32.ts";
import { join } from "./bytes.ts";

/** A file of an archive, and what is claimed of it. */
export interface TestEntry {
  readonly name: string;
  readonly data: Uint8Array;
  /** Deflate it. */
  readonly deflate?: boolean;
  /** Claimed in the directory in place of the truth. */
  readonly claim?: {
    readonly size?: number;
    readonly packed?: number;
    readonly crc?: number;
    readonly local?: number;
    readonly method?: number;
    readonly flags?: number;
    readonly name?: string;
  };
  /** Write sizes and position as zip64 does. */
  readonly wide?: boolean;
}

/** Writes an archive. */
export function zipFile(
  entries: readonly TestEntry[],
  { comment = "", wide = false }: { comment?: string; wide?: boolean } = {},
): Uint8Array<ArrayBuffer> {
  const out: ArrayLike<number>[] = [];
  const directory: number[][] = [];
  const encode = (text: string) => [...new TextEncoder().encode(text)];
  let at = 0;
  const push = (bytes: ArrayLike<number>) => {
    out.push(bytes);
    at += bytes.length;
  };
  for (const { name, data, deflate = false, claim = {}, wide: isWide = false } of entries) {
    const packed = deflate ? deflateRawSync(data) : data;
    const method = claim.method ?? (deflate ? 8 : 0);
    const size = claim.size ?? data.length, packedSize = claim.packed ?? packed.length;
    const crc = claim.crc ?? crc32(data);
    const start = at;
    const sizes = [...u32(crc), ...u32(isWide ? 0xffffffff : packedSize), ...u32(isWide ? 0xffffffff : size)];
    const head = [...u16(claim.flags ?? 0), ...u16(method), ...u32(0), ...sizes];
    const localName = encode(name), listedName = encode(claim.name ?? name);
    push([...u32(0x04034b50), ...u16(20), ...head, ...u16(localName.length), ...u16(0), ...localName]);
    push(packed);
    const local = claim.local ?? start;
    const extra = isWide ? [...u16(1), ...u16(24), ...u64(size), ...u64(packedSize), ...u64(local)] : [];
    directory.push([
      ...u32(0x02014b50),
      ...u16(20),
      ...u16(20),
      ...head,
      ...u16(listedName.length),
      ...u16(extra.length),
      ...u16(0),
      ...u16(0),
      ...u16(0),
      ...u32(0),
      ...u32(isWide ? 0xffffffff : local),
      ...listedName,
      ...extra,
    ]);
  }
  const start = at;
  for (const record of directory) push(record);
  const length = at - start, count = entries.length;
  if (wide) {
    const record = at;
    push([
      ...u32(0x06064b50),
      ...u64(44),
      ...u16(45),
      ...u16(45),
      ...u32(0),
      ...u32(0),
      ...u64(count),
      ...u64(count),
      ...u64(length),
      ...u64(start),
    ]);
    push([...u32(0x07064b50), ...u32(0), ...u64(record), ...u32(1)]);
  }
  const counts = wide
    ? [...u16(0xffff), ...u16(0xffff), ...u32(0xffffffff), ...u32(0xffffffff)]
    : [...u16(count), ...u16(count), ...u32(length), ...u32(start)];
  push([...u32(0x06054b50), ...u16(0), ...u16(0), ...counts, ...u16(comment.length), ...encode(comment)]);
  return join(out);
}

const u16 = (value: number) => [value & 255, value >>> 8 & 255];
const u32 = (value: number) => [...u16(value & 0xffff), ...u16(value / 0x10000)];
const u64 = (value: number) => [...u32(value % 2 ** 32), ...u32(Math.floor(value / 2 ** 32))];

/** An archive as torch.save writes it: a pickle, and storages by key. */
export function torchArchive(
  pickled: Uint8Array,
  storages: Readonly<Record<string, Uint8Array>>,
  { root = "archive/", deflate = false, more = [] }: {
    root?: string;
    deflate?: boolean;
    more?: readonly TestEntry[];
  } = {},
): Uint8Array<ArrayBuffer> {
  return zipFile([
    { name: `${root}data.pkl`, data: pickled, deflate },
    ...Object.entries(storages).map(([key, data]) => ({ name: `${root}data/${key}`, data, deflate })),
    { name: `${root}version`, data: new TextEncoder().encode("3\n"), deflate },
    ...more,
  ]);
}

/** The bytes of numbers as they lie in memory. */
export function bytesOf(
  values: { readonly buffer: ArrayBuffer; readonly byteOffset: number; readonly byteLength: number },
): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
