/** CPU twin of `ops/map/fill_void.wgsl`. */
export function fillVoid(labels: ArrayLike<number>, validity: ArrayLike<number>, value: number): number[] {
  return Array.from(labels, (label, i) => label === 255 && validity[i] !== 0 ? value : label);
}
