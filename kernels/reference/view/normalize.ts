/** CPU twin of `ops/view/normalize.wgsl`, in f64: bytes, channels interleaved, to (x / 255 − mean) / std. */
export function normalize(
  bytes: Uint8Array,
  mean: readonly number[],
  std: readonly number[],
): Float64Array {
  return Float64Array.from(bytes, (value, i) => (value / 255 - mean[i % 3]!) / std[i % 3]!);
}
