/** CPU twin of `ops/update/moving_average.wgsl`, in f64: one step, in place. */
export function movingAverage(average: Float64Array, source: ArrayLike<number>, share: number): void {
  for (let i = 0; i < average.length; i++) {
    average[i] = share === 1 ? source[i]! : average[i]! + share * (source[i]! - average[i]!);
  }
}
