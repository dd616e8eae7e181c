/**
 * CPU twin of `ops/loss/cosine_*.wgsl`, in f64.
 *
 * @returns 1 + mean cosine of the rows of `channels` numbers, and half of its gradient by each input.
 */
export function cosineDiscrepancy(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  channels: number,
  epsilon = 1e-6,
): { value: number; gradientA: Float64Array; gradientB: Float64Array } {
  const gradientA = new Float64Array(a.length), gradientB = new Float64Array(b.length);
  const rows = a.length / channels;
  let sum = 0;
  for (let first = 0; first < a.length; first += channels) {
    let dot = 0, squareA = 0, squareB = 0;
    for (let i = first; i < first + channels; i++) {
      dot += a[i]! * b[i]!;
      squareA += a[i]! ** 2;
      squareB += b[i]! ** 2;
    }
    if (squareA === 0 || squareB === 0) continue;
    const normA = Math.sqrt(squareA), normB = Math.sqrt(squareB);
    const product = Math.max(normA, epsilon) * Math.max(normB, epsilon);
    const cosine = dot / product;
    sum += cosine;
    for (let i = first; i < first + channels; i++) {
      const radialA = normA > epsilon ? cosine * a[i]! / squareA : 0;
      const radialB = normB > epsilon ? cosine * b[i]! / squareB : 0;
      gradientA[i] = 0.5 * (b[i]! / product - radialA) / rows;
      gradientB[i] = 0.5 * (a[i]! / product - radialB) / rows;
    }
  }
  return { value: 1 + sum / rows, gradientA, gradientB };
}
