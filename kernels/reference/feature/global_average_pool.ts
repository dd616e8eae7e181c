/** CPU twin of `ops/feature/global_average_pool.ts`, in f64: x [batch, pixels, channels], dense. */
export function globalAveragePool(
  x: Float64Array,
  batch: number,
  channels: number,
): { y: Float64Array; gradient: (dy: Float64Array) => Float64Array } {
  const pixels = x.length / batch / channels;
  const y = new Float64Array(batch * channels);
  const target = (i: number) => Math.floor(i / (pixels * channels)) * channels + (i % channels);
  x.forEach((value, i) => y[target(i)]! += value / pixels);
  return { y, gradient: (dy) => x.map((_, i) => dy[target(i)]! / pixels) };
}
