/** Uniform numbers in [low, high) from a fixed integer hash. */
export function uniform(seed: number, length: number, low = -1, high = 1): Float64Array {
  return Float64Array.from({ length }, (_, i) => {
    let x = Math.imul(i + 1, 0x9e3779b1) ^ Math.imul(seed + 1, 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d);
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b);
    // Rounded to f32, so that the twin sees what the device sees.
    return Math.fround(low + (high - low) * (((x ^ (x >>> 16)) >>> 0) / 2 ** 32));
  });
}
