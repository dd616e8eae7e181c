/** CPU twin of `ops/map/sampled_weights.wgsl`: labels and confidence [images, pixels], draws [classes, pixels]. */
export function sampledWeights(
  confidence: ArrayLike<number>,
  power: number,
  sampling?: { labels: ArrayLike<number>; rates: ArrayLike<number>; draws: ArrayLike<number> },
): number[] {
  return Array.from(confidence, (sure, i) => {
    if (sampling === undefined) return sure ** power;
    const { labels, rates, draws } = sampling, label = labels[i]!;
    if (label >= rates.length) return 0;
    const pixels = draws.length / rates.length;
    return draws[label * pixels + i % pixels]! > 1 - rates[label]! ? sure ** power : 0;
  });
}
