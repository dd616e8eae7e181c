/** CPU twin of `ops/label/entropy.wgsl`, in f64: of the softmax of each pixel's scaled logits, in nats. */
export function entropy(logits: ArrayLike<number>, classes: number, scale = 1): number[] {
  return Array.from({ length: logits.length / classes }, (_, pixel) => {
    const row = Array.from({ length: classes }, (_, c) => scale * logits[pixel * classes + c]!);
    const peak = Math.max(...row);
    const total = row.reduce((sum, logit) => sum + Math.exp(logit - peak), 0);
    const probabilities = row.map((logit) => Math.exp(logit - peak) / total);
    return probabilities.reduce((sum, p) => p > 0 ? sum - p * Math.log(p) : sum, 0);
  });
}
