/**
 * CPU twin of `ops/label/conflict_weights.wgsl`.
 *
 * @param weights Agree-confident, agree-unconfident, conflict-confident, conflict-unconfident.
 */
export function conflictWeights(
  labels: ArrayLike<number>,
  otherLabels: ArrayLike<number>,
  confidence: ArrayLike<number>,
  threshold: number,
  weights: readonly [number, number, number, number],
): number[] {
  return Array.from(labels, (label, i) => {
    const agree = label === otherLabels[i], confident = confidence[i]! > threshold;
    return weights[(agree ? 0 : 2) + (confident ? 0 : 1)]!;
  });
}
