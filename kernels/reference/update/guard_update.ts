/** CPU twin of `ops/update/find_overflow.wgsl` and `ops/update/guard_update.wgsl`: the guard after an update by these gradients. */
export function guardUpdate(gradients: readonly ArrayLike<number>[], before: readonly number[]): number[] {
  const [inverse = 1, , skipped = 0, inARow = 0] = before;
  const skip = gradients.every((values) => Array.from(values).every(Number.isFinite)) ? 0 : 1;
  return [inverse, skip, skipped + skip, skip * (inARow + 1)];
}
