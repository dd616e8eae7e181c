/** CPU twin of `ops/map/at_least.wgsl`; the threshold is compared as the f32 that the device has. */
export function atLeast(values: ArrayLike<number>, threshold: number): number[] {
  return Array.from(values, (value) => value >= Math.fround(threshold) ? 1 : 0);
}

/** The same for what lies below. */
export function below(values: ArrayLike<number>, threshold: number): number[] {
  return Array.from(values, (value) => value < Math.fround(threshold) ? 1 : 0);
}
