/** The bits of a JPEG's scans, and the codes that they are cut into, without what they stand for. */

/** A scan ends before its blocks do, or holds a code that does not exist. */
export class ScanError extends Error {
  override readonly name = "ScanError";
}

/** A Huffman table. */
export interface HuffmanTable {
  /** As in its file: how many codes there are of each length from 1 to 16 bits, and their symbols. */
  readonly definition: Uint8Array;
  /** For the next 16 bits of a scan, the length of the code that begins them << 8 | its symbol; 0 where there is none. */
  readonly codes: Uint16Array;
}

/**
 * The tables of a segment, by class << 4 | number.
 *
 * @throws {ScanError} If the segment ends within a table, or has more codes than their lengths allow.
 * @see ITU-T T.81, annex C.
 */
export function* huffmanTables(content: Uint8Array): Generator<[key: number, table: HuffmanTable]> {
  for (let at = 0; at < content.length;) {
    const counts = content.subarray(at + 1, at + 17);
    const symbols = content.subarray(at + 17, at + 17 + counts.reduce((sum, count) => sum + count, 0));
    const definition = content.subarray(at + 1, at + 17 + symbols.length), codes = new Uint16Array(1 << 16);
    let next = 0, index = 0;
    for (let length = 1; length <= 16; length++) {
      const span = 1 << (16 - length);
      for (let count = counts[length - 1] ?? 0; count > 0; count--) {
        if (next + span > codes.length) throw new ScanError("a Huffman table has too many codes");
        codes.fill((length << 8) | symbols[index++]!, next, next += span);
      }
    }
    if (counts.length < 16 || index > symbols.length) throw new ScanError("a Huffman table ends early");
    yield [content[at]!, { definition, codes }];
    at += 17 + symbols.length;
  }
}

/** Reads the bits of a scan. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #held = 0;
  #holding = 0;
  /** Bits held that are beyond the data. */
  #beyond = 0;

  /** @param end Where the data end: a marker that is no restart. */
  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** The next bits, which stay; zeros beyond the data. */
  #peek(count: number): number {
    while (this.#holding < count) {
      let byte = this.#at < this.#end ? this.#bytes[this.#at]! : -1;
      if (byte === 0xff && this.#bytes[this.#at + 1] !== 0) byte = -1; // A restart.
      if (byte < 0) this.#beyond += 8;
      else this.#at += byte === 0xff ? 2 : 1;
      this.#held = ((this.#held & 0xffff) << 8) | Math.max(0, byte);
      this.#holding += 8;
    }
    return (this.#held >> (this.#holding - count)) & ((1 << count) - 1);
  }

  #drop(count: number): void {
    this.#holding -= count;
    if (this.#holding < this.#beyond) throw new ScanError("a scan ends early");
  }

  /** Copies up to 16 bits. */
  copyBits(count: number, to: BitWriter): void {
    if (count === 0) return;
    to.bits(this.#peek(count), count);
    this.#drop(count);
  }

  /** Copies a code; returns its symbol. */
  copyCode({ codes }: HuffmanTable, to: BitWriter): number {
    const ahead = this.#peek(16), found = codes[ahead]!, length = found >> 8;
    if (length === 0) throw new ScanError("a scan holds a code that does not exist");
    to.bits(ahead >> (16 - length), length);
    this.#drop(length);
    return found & 255;
  }

  /** Goes on behind the restart marker of a number, which must be next. */
  restart(number: number): void {
    const rest = this.#holding - this.#beyond;
    if (rest > 7 || this.#bytes[this.#at] !== 0xff || this.#bytes[this.#at + 1] !== 0xd0 + number) {
      throw new ScanError("a restart marker of a scan is not where it should be");
    }
    this.#at += 2;
    this.#held = this.#holding = this.#beyond = 0;
  }

  /** Whether nothing is left but the last byte's own padding, and `most` zeros. */
  isDone(most: number): boolean {
    const whole = Math.max(0, (this.#holding - this.#beyond) >> 3),
      left = this.#bytes.subarray(this.#at, this.#end);
    const held = this.#held >> this.#beyond & ((1 << 8 * whole) - 1);
    return held === 0 && whole + left.length <= most && left.every((byte) => byte === 0);
  }
}

/** Writes a JPEG: bytes of its headers, and bits of its scans. */
export class BitWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;
  #held = 0;
  #holding = 0;

  #push(byte: number): void {
    if (this.#length === this.#bytes.length) {
      const larger = new Uint8Array(2 * this.#length);
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#bytes[this.#length++] = byte;
  }

  /** Bytes as they are. */
  bytes(...bytes: readonly number[]): void {
    for (const byte of bytes) this.#push(byte);
  }

  /** Many bytes as they are. */
  copy(bytes: Uint8Array): void {
    for (const byte of bytes) this.#push(byte);
  }

  /** Up to 16 bits of a scan. */
  bits(value: number, count: number): void {
    this.#held = ((this.#held << count) | value) & 0xffffff;
    this.#holding += count;
    while (this.#holding >= 8) {
      this.#holding -= 8;
      const byte = (this.#held >> this.#holding) & 255;
      this.#push(byte);
      if (byte === 255) this.#push(0);
    }
  }

  /** Fills the last byte of a scan by ones. */
  align(): void {
    if (this.#holding > 0) this.bits((1 << (8 - this.#holding)) - 1, 8 - this.#holding);
  }

  /** The file. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
