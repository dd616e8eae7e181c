/**
 * CPU twin of `ops/label/assisted_mean.wgsl`, in f64: pixels of `classes` logits, dense.
 *
 * @param core Which prediction is assisted.
 */
export function assistedMean(
  core: ArrayLike<number>,
  assist: ArrayLike<number>,
  classes: number,
  kept: number,
): Float64Array {
  const mean = new Float64Array(core.length);
  for (let first = 0; first < core.length; first += classes) {
    const order = Array.from({ length: classes }, (_, c) => c).sort((a, b) =>
      assist[first + b]! - assist[first + a]! || a - b
    );
    const telling = new Set(order.slice(0, kept));
    for (let c = 0; c < classes; c++) {
      const own = core[first + c]!, other = assist[first + c]!;
      mean[first + c] = telling.has(c) && other !== 0 ? (own + other) / 2 : own;
    }
  }
  return mean;
}
