/** Run lengths: of COCO, column by column, plain or as a text; and those of Label Studio's brush. @module */
import { maximumPixels } from "../codecs/image.ts";

/** Runs in turn outside and inside, the first outside. */
export type Runs = readonly number[];

/**
 * Reads COCO's text of run lengths (`rleFrString` of its maskApi): five bits a character, from "0" on; a sixth says that more
 * follow; the last five have the sign. From the fourth on, each is the difference to the one before the last.
 *
 * @throws {RangeError} If it is no such text; the message says what is wrong.
 */
export function parseRuns(text: string): number[] {
  const runs: number[] = [];
  for (let at = 0; at < text.length;) {
    let value = 0;
    for (let shift = 0;; shift += 5) {
      const bits = text.charCodeAt(at) - 48;
      if (at >= text.length) throw new RangeError("it ends within a number");
      if (!(bits >= 0 && bits < 64) || shift > 30) {
        throw new RangeError(`there is ${JSON.stringify(text[at])} at character ${at}`);
      }
      at++;
      value += (bits & 31) * 2 ** shift;
      if (bits & 32) continue;
      if (bits & 16) value -= 2 ** (shift + 5);
      break;
    }
    runs.push(runs.length > 2 ? value + runs[runs.length - 2]! : value);
  }
  return runs;
}

/**
 * Holds runs against the pixels that they are of.
 *
 * @throws {RangeError} If a run is no whole number or below 0, or they are not as many pixels, or too many; the message says what is wrong.
 */
export function checkRuns(runs: Runs, pixels: number): void {
  if (!(pixels <= maximumPixels)) {
    throw new RangeError(`they are of ${pixels} pixels; ${maximumPixels} are read`);
  }
  const wrong = runs.findIndex((run) => !Number.isInteger(run) || run < 0);
  if (wrong >= 0) throw new RangeError(`run ${wrong} is ${runs[wrong]}`);
  const sum = runs.reduce((sum, run) => sum + run, 0);
  if (sum !== pixels) throw new RangeError(`they are ${sum} pixels; ${pixels} are needed`);
}

/** The runs of a mask's pixels, of which `isInside` tells each by its index, in their order. */
export function runsOf(pixels: number, isInside: (index: number) => boolean): number[] {
  const runs: number[] = [];
  let inside = false, from = 0;
  for (let at = 0; at < pixels; at++) {
    if (isInside(at) === inside) continue;
    runs.push(at - from);
    [inside, from] = [!inside, at];
  }
  runs.push(pixels - from);
  return runs;
}

/**
 * Reads Label Studio's brush: 32 bits of length, 5 of the word's size, four sizes of 4 bits; then blocks, either a repeated
 * word or so many different ones (the package @thi.ng/rle-pack describes it). The words are RGBA, row by row; alpha tells what
 * is painted.
 *
 * @param bytes 0–255 each.
 * @returns Runs, row by row.
 * @throws {RangeError} If it is cut short, or not as many values as the picture has; the message says what is wrong.
 */
export function readBrush(bytes: readonly number[], width: number, height: number): number[] {
  let at = 0;
  const length = take(32), wordSize = take(5) + 1;
  const sizes = [0, 0, 0, 0].map(() => take(4) + 1);
  if (width * height > maximumPixels) throw new RangeError(`it is of more than ${maximumPixels} pixels`);
  if (length !== width * height * 4) {
    throw new RangeError(
      `it holds ${length} values; ${width * height * 4} are needed, RGBA of ${width} × ${height}`,
    );
  }
  const runs = [0];
  for (let value = 0; value < length;) {
    const isRepeated = take(1) === 1, end = value + take(sizes[take(2)]!) + 1;
    if (end > length) throw new RangeError(`a block ends at value ${end}, of ${length}`);
    for (let word = isRepeated ? take(wordSize) : 0; value < end; value++) {
      if (!isRepeated) word = take(wordSize);
      if (value % 4 !== 3) continue;
      // Even places are outside, odd ones inside.
      if (word > 0 === (runs.length % 2 === 1)) runs.push(0);
      runs[runs.length - 1]!++;
    }
  }
  return runs;

  function take(bits: number): number {
    if (at + bits > bytes.length * 8) {
      throw new RangeError(`it ends after ${bytes.length} bytes, within a block`);
    }
    let value = 0;
    for (; bits > 0; bits--, at++) value = value * 2 + ((bytes[at >> 3]! >> (7 - (at & 7))) & 1);
    return value;
  }
}
