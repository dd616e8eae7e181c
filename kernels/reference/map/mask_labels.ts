/** CPU twin of `ops/map/mask_labels.wgsl`. */
export function maskLabels(labels: ArrayLike<number>, validity: ArrayLike<number>, other = 255): number[] {
  return Array.from(labels, (label, i) => validity[i] === 0 ? other : label);
}
