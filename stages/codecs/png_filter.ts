/** PNG's five line filters, both ways (PNG specification, third edition, §9). */
import { DecodeError } from "./image.ts";

/** The neighbor (left, above, above left) nearest to left + above − above left; ties in that order. */
function paeth(left: number, above: number, aboveLeft: number): number {
  const estimate = left + above - aboveLeft;
  const toLeft = Math.abs(estimate - left), toAbove = Math.abs(estimate - above);
  const toAboveLeft = Math.abs(estimate - aboveLeft);
  return toLeft <= toAbove && toLeft <= toAboveLeft ? left : toAbove <= toAboveLeft ? above : aboveLeft;
}

/**
 * Undoes the filters.
 *
 * @param raw `rows` × (1 filter byte + `rowBytes`).
 * @param step Bytes from one pixel to the next, at least 1.
 * @returns `rows` × `rowBytes`, without the filter bytes.
 * @throws {DecodeError} If a filter byte is above 4.
 */
export function unfilter(
  raw: Uint8Array,
  rows: number,
  rowBytes: number,
  step: number,
  name: string,
): Uint8Array {
  const lines = new Uint8Array(rows * rowBytes);
  for (let row = 0; row < rows; row++) {
    const from = row * (rowBytes + 1) + 1, to = row * rowBytes, up = to - rowBytes;
    const filter = raw[from - 1]!;
    lines.set(raw.subarray(from, from + rowBytes), to);
    if (filter === 0) continue;
    if (filter > 4) throw new DecodeError(name, `line ${row} has the filter ${filter}; only 0 to 4 exist`);
    if (filter === 1) {
      for (let i = step; i < rowBytes; i++) lines[to + i]! += lines[to + i - step]!;
    } else if (filter === 2) {
      if (row > 0) { for (let i = 0; i < rowBytes; i++) lines[to + i]! += lines[up + i]!; }
    } else if (filter === 3) {
      for (let i = 0; i < rowBytes; i++) {
        const left = i >= step ? lines[to + i - step]! : 0;
        lines[to + i]! += (left + (row > 0 ? lines[up + i]! : 0)) >> 1;
      }
    } else {
      for (let i = 0; i < rowBytes; i++) {
        const left = i >= step ? lines[to + i - step]! : 0;
        const above = row > 0 ? lines[up + i]! : 0;
        lines[to + i]! += paeth(left, above, row > 0 && i >= step ? lines[up + i - step]! : 0);
      }
    }
  }
  return lines;
}

/**
 * Filters each line with the one of the five whose bytes, read as signed, have the least sum of magnitudes (the
 * specification's heuristic, §12.7).
 *
 * @param lines `rows` × `rowBytes`.
 * @returns `rows` × (1 filter byte + `rowBytes`).
 */
export function filterAdaptively(
  lines: Uint8Array,
  rows: number,
  rowBytes: number,
  step: number,
): Uint8Array {
  const raw = new Uint8Array(rows * (rowBytes + 1));
  const candidate = new Uint8Array(rowBytes);
  for (let row = 0; row < rows; row++) {
    const from = row * rowBytes, up = from - rowBytes, to = row * (rowBytes + 1);
    let least = Infinity;
    for (let filter = 0; filter <= 4; filter++) {
      let cost = 0;
      for (let i = 0; i < rowBytes; i++) {
        const left = i >= step ? lines[from + i - step]! : 0;
        const above = row > 0 ? lines[up + i]! : 0;
        const aboveLeft = row > 0 && i >= step ? lines[up + i - step]! : 0;
        const guess = filter === 0
          ? 0
          : filter === 1
          ? left
          : filter === 2
          ? above
          : filter === 3
          ? (left + above) >> 1
          : paeth(left, above, aboveLeft);
        const value = (lines[from + i]! - guess) & 255;
        candidate[i] = value;
        cost += value < 128 ? value : 256 - value;
      }
      if (cost < least) {
        least = cost;
        raw[to] = filter;
        raw.set(candidate, to + 1);
      }
    }
  }
  return raw;
}
