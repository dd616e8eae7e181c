/** CPU twin of `ops/loss/softmax_cross_entropy*.wgsl` and `ops/loss/finish_loss.wgsl`, in f64. */
export function softmaxCrossEntropy(
  logits: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  options: {
    ignore?: number;
    weights?: ArrayLike<number>;
    denominator: "valid" | "weights" | "all weights" | "all";
  },
): { value: number; gradient: Float64Array } {
  const { ignore = 255, weights } = options;
  const gradient = new Float64Array(labels.length * classes);
  let sum = 0, weightSum = 0, allWeights = 0, valid = 0;
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const label = labels[pixel]!, weight = weights?.[pixel] ?? 1;
    allWeights += weight;
    if (label === ignore || label >= classes) continue;
    const row = Array.from({ length: classes }, (_, c) => logits[pixel * classes + c]!);
    const peak = Math.max(...row);
    const total = row.reduce((before, logit) => before + Math.exp(logit - peak), 0);
    sum += weight * (peak + Math.log(total) - row[label]!);
    weightSum += weight;
    valid++;
    row.forEach((logit, c) => {
      const softmax = Math.exp(logit - peak) / total;
      gradient[pixel * classes + c] = weight * (softmax - (c === label ? 1 : 0));
    });
  }
  const denominators = { valid, weights: weightSum, "all weights": allWeights, all: labels.length };
  const denominator = denominators[options.denominator];
  if (denominator === 0) return { value: 0, gradient: gradient.fill(0) };
  return { value: sum / denominator, gradient: gradient.map((entry) => entry / denominator) };
}
