/** CPU twin of `ops/map/sampled_weights.wgsl`: labels and confidence [images, pixels], draws [classes, pixels]. */
export function sampledWeights(
  labels: ArrayLike<number>,
  confidence: ArrayLike<number>,
  rates: ArrayLike<number>,
  draws: ArrayLike<number>,
  power: number,
): number[] {
  const classes = rates.length, pixels = draws.length / classes;
  return Array.from(labels, (label, i) => {
    if (label >= classes) return 0;
    return draws[label * pixels + i % pixels]! > 1 - rates[label]! ? confidence[i]! ** power : 0;
  });
}
