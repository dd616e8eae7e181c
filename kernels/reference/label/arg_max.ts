/** CPU twin of `ops/label/arg_max.wgsl`, in f64. */
export function argMax(
  logits: ArrayLike<number>,
  classes: number,
  scale = 1,
): { labels: number[]; logits: number[]; probabilities: number[] } {
  const labels: number[] = [], largest: number[] = [], probabilities: number[] = [];
  for (let first = 0; first < logits.length; first += classes) {
    const row = Array.from({ length: classes }, (_, c) => scale * logits[first + c]!);
    const peak = Math.max(...row);
    labels.push(row.indexOf(peak));
    largest.push(peak);
    probabilities.push(1 / row.reduce((sum, logit) => sum + Math.exp(logit - peak), 0));
  }
  return { labels, logits: largest, probabilities };
}
