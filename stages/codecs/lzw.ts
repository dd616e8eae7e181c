/**
 * The dictionary coding of GIF and TIFF. Written here, as the readers of npm fill what a damaged file lacks with zeros, or give
 * colors instead of values.
 */

/** How codes are laid out. */
export interface LzwLayout {
  /** Bits of a literal: 8 in TIFF, 2 to 8 in GIF. */
  readonly literalBits: number;
  /** Whether codes begin at a byte's high bit, as in TIFF, and grow by a bit one code early. */
  readonly highBitFirst: boolean;
}

/** Most bits of a code. */
const maximumBits = 12;

/**
 * Decodes until `length` bytes are there, or the end code.
 *
 * @param length Bytes that are wanted; what follows them is not looked at.
 * @returns Undefined if the codes end early, or one stands for nothing.
 * @see GIF89a, appendix F; TIFF revision 6.0, section 13.
 */
export function decodeLzw(bytes: Uint8Array, length: number, layout: LzwLayout): Uint8Array | undefined {
  const { literalBits, highBitFirst } = layout;
  const clear = 1 << literalBits, end = clear + 1, early = highBitFirst ? 1 : 0;
  // A code is the string of another code, and one byte more: where that string lies in the output, and its length.
  const starts = new Int32Array(1 << maximumBits), lengths = new Int32Array(1 << maximumBits);
  const out = new Uint8Array(length);
  let to = 0, from = 0, held = 0, holding = 0;
  let width = literalBits + 1, next = end + 1, previousStart = -1, previousLength = 0;
  while (to < length) {
    while (holding < width) {
      if (from >= bytes.length) return undefined;
      const byte = bytes[from++]!;
      held = highBitFirst ? ((held << 8) | byte) & 0xffffff : held | (byte << holding);
      holding += 8;
    }
    holding -= width;
    const mask = (1 << width) - 1;
    const code = highBitFirst ? (held >> holding) & mask : held & mask;
    if (!highBitFirst) held >>>= width;
    if (code === clear) {
      width = literalBits + 1;
      next = end + 1;
      previousStart = -1;
      continue;
    }
    if (code === end) return undefined;
    const start = to;
    if (code < clear) out[to++] = code;
    else if (code < next) {
      const first = starts[code]!, count = Math.min(lengths[code]!, length - to);
      for (let i = 0; i < count; i++) out[to++] = out[first + i]!;
    } else if (code === next && previousStart >= 0 && next < 1 << maximumBits) {
      const count = Math.min(previousLength, length - to);
      for (let i = 0; i < count; i++) out[to++] = out[previousStart + i]!;
      if (to < length) out[to++] = out[previousStart]!;
    } else return undefined;
    if (previousStart >= 0 && next < 1 << maximumBits) {
      // The previous string and the first byte of this one lie side by side in the output.
      starts[next] = previousStart;
      lengths[next] = previousLength + 1;
      next++;
    }
    if (next + early >= 1 << width && width < maximumBits) width++;
    previousStart = start;
    previousLength = to - start;
  }
  return out;
}
