/** CPU twin of `ops/label/mask_labels.wgsl`. */
export function maskLabels(labels: ArrayLike<number>, validity: ArrayLike<number>): number[] {
  return Array.from(labels, (label, i) => validity[i] === 0 ? 255 : label);
}
