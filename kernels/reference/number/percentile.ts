/**
 * CPU twin of `ops/number/percentile_*.wgsl`, in f64, by sorting; the percentage is the f32 that the device has, in whole
 * units of 2⁻²⁵.
 *
 * @param mask What is 0 takes no part; all do unless told.
 * @returns 0 where nothing takes part.
 */
export function percentile(
  values: ArrayLike<number>,
  percentage: number,
  mask?: ArrayLike<number>,
): number {
  const sorted = Array.from(values).filter((_, i) => mask === undefined || mask[i] !== 0)
    .sort((a, b) => (Number.isNaN(a) ? Infinity : a) - (Number.isNaN(b) ? Infinity : b));
  if (sorted.length === 0) return 0;
  const place = Math.floor(Math.fround(percentage) * 2 ** 25) / 2 ** 25 * (sorted.length - 1) / 100;
  const below = Math.floor(place), above = Math.min(below + 1, sorted.length - 1);
  const low = sorted[below]!, high = sorted[above]!;
  return low === high || place === below ? low : low + (place - below) * (high - low);
}
