/** Eight tables of 256: table k holds what a byte adds to the checksum k bytes later. */
const tables = new Uint32Array(8 * 256);
for (let i = 0; i < 256; i++) {
  let value = i;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? value >>> 1 ^ 0xedb88320 : value >>> 1;
  tables[i] = value;
}
for (let i = 256; i < tables.length; i++) {
  const before = tables[i - 256]!;
  tables[i] = before >>> 8 ^ tables[before & 255]!;
}

/**
 * CRC-32 as in zip archives (ITU-T V.42), eight bytes at a time. Not that of node:zlib: what is here runs in a web page, too.
 */
export function crc32(data: Uint8Array): number {
  let crc = ~0;
  let i = 0;
  for (const end = data.length - 7; i < end; i += 8) {
    const a = crc ^ (data[i]! | data[i + 1]! << 8 | data[i + 2]! << 16 | data[i + 3]! << 24);
    crc = tables[0x700 | a & 255]! ^ tables[0x600 | a >>> 8 & 255]! ^ tables[0x500 | a >>> 16 & 255]! ^
      tables[0x400 | a >>> 24]! ^ tables[0x300 | data[i + 4]!]! ^ tables[0x200 | data[i + 5]!]! ^
      tables[0x100 | data[i + 6]!]! ^ tables[data[i + 7]!]!;
  }
  for (; i < data.length; i++) crc = crc >>> 8 ^ tables[(crc ^ data[i]!) & 255]!;
  return ~crc >>> 0;
}
