/** CPU twin of `ops/loss/reverse_cross_entropy.wgsl` and `ops/loss/finish_loss.wgsl`, in f64: by the sum over all classes. */
export function reverseCrossEntropy(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  weights: ArrayLike<number>,
): { value: number; gradient: Float64Array } {
  const gradient = new Float64Array(labels.length * classes);
  let sum = 0;
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel]!;
    if (label >= classes) continue;
    const row = Array.from({ length: classes }, (_, c) => logits[pixel * classes + c]!);
    const peak = Math.max(...row);
    const powers = row.map((logit) => Math.exp(logit - peak));
    const total = powers.reduce((before, power) => before + power, 0);
    const costs = row.map((_, c) => -Math.log(Math.max(c === label ? 1 : 0, 1e-4)));
    const softmax = powers.map((power) => power / total);
    const expected = softmax.reduce((before, p, c) => before + p * costs[c]!, 0);
    sum += weights[pixel]! * expected;
    softmax.forEach((p, c) => {
      gradient[pixel * classes + c] = weights[pixel]! * p * (costs[c]! - expected) / labels.length;
    });
  }
  return { value: sum / labels.length, gradient };
}
