/** CPU twin of `ops/label/map_mean.wgsl`, in f64. */
export function mapMean(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
}
