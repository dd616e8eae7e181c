/** CPU twin of `ops/map/class_weights.wgsl`. */
export function classWeights(labels: ArrayLike<number>, table: readonly number[]): number[] {
  return Array.from(labels, (label) => table[label] ?? 0);
}
