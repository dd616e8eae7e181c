/** CPU twin of `ops/soft_label/calibrated_fusion.ts`, in f64: pixels of `classes` logits, dense. */
export function calibratedFusion(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  classes: number,
  { calibrated, temperature }: { readonly calibrated: boolean; readonly temperature: number | "hard" },
): { fused: Float64Array; targets: Float64Array; confidence: Float64Array } {
  const all = [...Array.from(a), ...Array.from(b)];
  const ratio = calibrated ? 1 / Math.sqrt(all.reduce((sum, x) => sum + x * x, 0) / all.length + 1e-8) : 1;
  const fused = new Float64Array(a.length), targets = new Float64Array(a.length);
  const softmax = (logits: ArrayLike<number>, first: number) => {
    const own = Array.from({ length: classes }, (_, c) => ratio * logits[first + c]!),
      peak = Math.max(...own);
    const powers = own.map((logit) => Math.exp(logit - peak)), total = powers.reduce((x, y) => x + y, 0);
    return powers.map((power) => power / total);
  };
  const confidence = Float64Array.from({ length: a.length / classes }, (_, pixel) => {
    const first = pixel * classes, one = softmax(a, first), other = softmax(b, first);
    const p = one.map((value, c) => (value + other[c]!) / 2), largest = Math.max(...p);
    fused.set(p, first);
    if (temperature === "hard") {
      targets[first + p.indexOf(largest)] = 1;
      return largest;
    }
    const powers = p.map((value) => (value / largest) ** (1 / temperature)),
      total = powers.reduce((x, y) => x + y, 0);
    const sharpened = powers.map((power) => power / total);
    targets.set(sharpened, first);
    return Math.max(...sharpened);
  });
  return { fused, targets, confidence };
}
