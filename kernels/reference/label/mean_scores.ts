/** CPU twin of `ops/label/mean_scores.wgsl`, in f64: (a + b) / 2, of which each has half of the gradient. */
export function meanScores(a: ArrayLike<number>, b: ArrayLike<number>): Float64Array {
  return Float64Array.from(a, (value, i) => (value + b[i]!) / 2);
}
