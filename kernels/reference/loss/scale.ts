/** CPU twin of `ops/loss/scale.wgsl`; the factor is the f32 that the device has. */
export function scale(x: ArrayLike<number>, factor: number): number[] {
  return Array.from(x, (value) => value * Math.fround(factor));
}
