/** Writes what Label Studio's brush writes, for tests. @module */

/**
 * A mask as a brush: RGBA of which alpha is painted, words of 8 bits, sizes of 3, 4, 8 and 16.
 * @param repeats Whether equal values are written as one block, or each block has single ones.
 */
export function writeBrush(painted: readonly number[], repeats: boolean): number[] {
  const values = painted.flatMap((value) => [10, 20, 30, 255 * value]);
  let bits = number(values.length, 32) + number(7, 5) +
    [3, 4, 8, 16].map((size) => number(size - 1, 4)).join("");
  for (let at = 0; at < values.length;) {
    if (repeats) {
      bits += "1" + "00" + number(0, 3) + number(values[at++]!, 8);
    } else {
      const block = values.slice(at, at + 10);
      bits += "0" + "01" + number(block.length - 1, 4) + block.map((value) => number(value, 8)).join("");
      at += block.length;
    }
  }
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, "0");
  return Array.from({ length: padded.length / 8 }, (_, i) => parseInt(padded.slice(8 * i, 8 * i + 8), 2));
}

function number(value: number, digits: number): string {
  return value.toString(2).padStart(digits, "0");
}
