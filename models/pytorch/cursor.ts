import { WeightsError } from "../errors.ts";

/** Bytes of one line of an old pickle at most. */
const LONGEST_LINE = 1 << 20;

/** Reads a file from front to back; what it claims to hold is held against what is there. */
export class Cursor {
  readonly #view: DataView;

  /** @param at Where to start. */
  constructor(readonly bytes: Uint8Array<ArrayBuffer>, public at = 0) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * The next `count` bytes, not copied.
   *
   * @throws {WeightsError} If there are fewer.
   */
  take(count: number): Uint8Array<ArrayBuffer> {
    const start = this.#skip(count);
    return this.bytes.subarray(start, this.at);
  }

  /** The next byte. */
  byte(): number {
    return this.bytes[this.#skip(1)]!;
  }

  /** A little-endian u16. */
  uint16(): number {
    return this.#view.getUint16(this.#skip(2), true);
  }

  /** A little-endian i32. */
  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  /** A little-endian u32. */
  uint32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  /** A little-endian u64, as a number; beyond 2⁵³ it is larger than any file anyway. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  /** A big-endian f64. */
  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  /** Text up to the next line feed, which is taken as well. */
  line(): string {
    const end = this.bytes.indexOf(10, this.at);
    if (end - this.at > LONGEST_LINE) {
      throw new WeightsError(`it has a line of ${end - this.at} bytes at byte ${this.at}`);
    }
    if (end < 0) {
      throw new WeightsError(
        `it ends in the middle of a line that starts at byte ${this.at}: it was cut off`,
      );
    }
    const text = this.take(end - this.at);
    this.at++;
    return utf8(text);
  }

  #skip(count: number): number {
    const start = this.at;
    if (count > this.bytes.length - start) {
      throw new WeightsError(
        `it was cut off: ${count} bytes are to follow at byte ${start}, and ${
          this.bytes.length - start
        } are there`,
      );
    }
    this.at += count;
    return start;
  }
}

const decoder = new TextDecoder();

/** Bytes as text; what is no UTF-8 becomes replacement characters. */
export function utf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
