/** CPU twin of `ops/loss/meter.wgsl`: the state after one more value. */
export function meter(
  [sum, count, , bad]: readonly [number, number, number, number],
  value: number,
  step: number,
): [number, number, number, number] {
  return [sum + value, count + 1, value, bad === 0 && !Number.isFinite(value) ? step + 1 : bad];
}
