/** Which values of deep samples are black and white: counted over the pictures of a data set. @module */
import type { Range, StoredImage } from "./image.ts";

/** All values that 16 bits can have. */
export const fullRange: Range = [0, 65535];

/** Shares of a data set's samples that become black, and white, at least: what few pixels hold does not set the range. */
const tails = [0.001, 0.001] as const;

/** Counts samples by their value. */
export class ValueCounts {
  readonly #counts = new Float64Array(1 << 16);

  /** Counts a picture's samples, if they have more than 8 bits; alpha is none. */
  add({ data, channels, bits }: StoredImage): void {
    if (bits <= 8) return;
    const colors = channels - (channels % 2 === 0 ? 1 : 0);
    for (let at = 0; at < data.length; at += channels) {
      for (let channel = 0; channel < colors; channel++) this.#counts[data[at + channel]!]!++;
    }
  }

  /**
   * The values between which all samples lie but a thousandth of them at either end; undefined where nothing was counted.
   *
   * @returns Two different values, each of which occurs, but where all are one.
   */
  range(): Range | undefined {
    const counts = this.#counts, total = counts.reduce((sum, count) => sum + count, 0);
    if (total === 0) return undefined;
    const low = first(counts, tails[0] * total);
    const high = counts.length - 1 - first(counts.toReversed(), tails[1] * total);
    // An even picture is black, and none is divided by zero.
    return [low, Math.max(high, low + 1)];
  }
}

/** The first value with which more than so many samples are counted. */
function first(counts: Float64Array, many: number): number {
  let sum = 0;
  return counts.findIndex((count) => (sum += count) > many);
}

/** Whether two ranges are one. */
export function equalRanges(one: Range | undefined, other: Range | undefined): boolean {
  return one?.[0] === other?.[0] && one?.[1] === other?.[1];
}
