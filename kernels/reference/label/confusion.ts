/** CPU twin of `ops/label/confusion.wgsl`: pixels by truth (rows) and prediction (columns). */
export function confusion(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  classes: number,
  ignore = 255,
): number[] {
  const matrix = new Array<number>(classes * classes).fill(0);
  for (let pixel = 0; pixel < labels.length; pixel++) {
    const truth = labels[pixel]!, guess = predictions[pixel]!;
    if (truth === ignore || truth >= classes || guess >= classes) continue;
    matrix[truth * classes + guess]!++;
  }
  return matrix;
}
