/** CPU twin of `ops/label/mask_weights.wgsl`. */
export function maskWeights(weight: number | ArrayLike<number>, validity: ArrayLike<number>): number[] {
  return Array.from(
    validity,
    (valid, i) => valid === 0 ? 0 : typeof weight === "number" ? weight : weight[i]!,
  );
}
