/**
 * CPU twin of `ops/label/add_probabilities.wgsl`, in f64: adds softmax(scale · logits) of a window to `totals`, pixel by pixel.
 *
 * @param logits [N, h, w, C].
 * @param totals [N, H, W, C]; changed.
 * @param window Column and row of the totals that the window's corner falls on, and the logits' factor.
 */
export function addProbabilities(
  logits: { readonly shape: readonly number[]; readonly values: ArrayLike<number> },
  totals: { readonly shape: readonly number[]; readonly values: Float64Array },
  { x, y, scale = 1 }: { x: number; y: number; scale?: number },
): void {
  const [batch = 0, height = 0, width = 0, classes = 0] = logits.shape;
  const [, toHeight = 0, toWidth = 0] = totals.shape;
  for (let n = 0; n < batch; n++) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        const toRow = y + row, toColumn = x + column;
        if (toRow < 0 || toRow >= toHeight || toColumn < 0 || toColumn >= toWidth) continue;
        const from = ((n * height + row) * width + column) * classes;
        const to = ((n * toHeight + toRow) * toWidth + toColumn) * classes;
        const scaled = Array.from({ length: classes }, (_, c) => scale * logits.values[from + c]!);
        const peak = Math.max(...scaled);
        const powers = scaled.map((logit) => Math.exp(logit - peak));
        const sum = powers.reduce((a, b) => a + b, 0);
        powers.forEach((power, c) => totals.values[to + c]! += power / sum);
      }
    }
  }
}
