/** CPU twin of `ops/label/at_least.wgsl`; the threshold is compared as the f32 that the device has. */
export function atLeast(values: ArrayLike<number>, threshold: number): number[] {
  return Array.from(values, (value) => value >= Math.fround(threshold) ? 1 : 0);
}
