/** CPU twin of `ops/soft_label/sigmoid_cross_entropy.ts`, in f64; dense. */
export function sigmoidCrossEntropy(
  scores: ArrayLike<number>,
  targets: ArrayLike<number>,
): { value: number; gradient: Float64Array } {
  const { length } = scores, gradient = new Float64Array(length);
  let value = 0;
  for (let i = 0; i < length; i++) {
    const s = scores[i]!, t = targets[i]!;
    value += (t * Math.log1p(Math.exp(-Math.abs(s))) + (1 - t) * Math.log1p(Math.exp(-Math.abs(s))) +
      (s > 0 ? (1 - t) * s : -t * s)) / length;
    gradient[i] = (1 / (1 + Math.exp(-s)) - t) / length;
  }
  return { value, gradient };
}
