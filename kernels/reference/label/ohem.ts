/**
 * CPU twin of `ops/label/ohem_*.wgsl`, in f64, by sorting.
 *
 * @returns The labels that are left, each pixel's probability of its label (1 where it is ignored) and the limit.
 */
export function ohemLabels(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  { threshold, minKept, ignore = 255 }: { threshold: number; minKept: number; ignore?: number },
): { labels: number[]; probabilities: number[]; limit: number } {
  const valid = Array.from(labels, (label) => label !== ignore && label < classes);
  const probabilities = Array.from(labels, (label, pixel) => {
    if (!valid[pixel]) return 1;
    const row = Array.from({ length: classes }, (_, c) => logits[pixel * classes + c]!);
    const peak = Math.max(...row);
    return Math.exp(row[label]! - peak) / row.reduce((sum, logit) => sum + Math.exp(logit - peak), 0);
  });
  if (minKept === 0 || valid.filter(Boolean).length < minKept) {
    return { labels: Array.from(labels), probabilities, limit: Infinity };
  }
  const sorted = probabilities.toSorted((a, b) => a - b);
  const limit = Math.max(threshold, sorted[Math.min(labels.length, minKept) - 1]!);
  return {
    labels: Array.from(labels, (label, pixel) => probabilities[pixel]! > limit ? ignore : label),
    probabilities,
    limit,
  };
}
