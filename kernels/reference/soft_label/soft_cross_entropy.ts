/** CPU twin of `ops/soft_label/soft_cross_entropy.ts`, in f64: pixels of `classes` logits, dense. */
export function softCrossEntropy(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  classes: number,
  { weights, counted }: { readonly weights: ArrayLike<number>; readonly counted: ArrayLike<number> },
): { value: number; gradient: Float64Array } {
  const gradient = new Float64Array(logits.length);
  const count = Array.from(counted).filter((value) => value !== 0).length;
  if (count === 0) return { value: 0, gradient };
  let value = 0;
  for (let pixel = 0; pixel < weights.length; pixel++) {
    const own = Array.from({ length: classes }, (_, c) => logits[pixel * classes + c]!),
      peak = Math.max(...own);
    const log = Math.log(own.reduce((sum, logit) => sum + Math.exp(logit - peak), 0)) + peak;
    const weight = weights[pixel]! / count;
    own.forEach((logit, c) => {
      const target = targets[pixel * classes + c]!;
      value += weight * target * (log - logit);
      gradient[pixel * classes + c] = weight * (Math.exp(logit - log) - target);
    });
  }
  return { value, gradient };
}
