/** CPU twin of `ops/number/map_mean.wgsl`, in f64. */
export function mapMean(values: ArrayLike<number>, mask?: ArrayLike<number>): number {
  const taken = Array.from(values).filter((_, i) => mask === undefined || mask[i] !== 0);
  return taken.reduce((sum, value) => sum + value, 0) / Math.max(1, taken.length);
}
