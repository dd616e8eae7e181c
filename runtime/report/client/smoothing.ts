/** Curves made smoother: an exponential moving average that begins without a bias to 0. @module */

/**
 * Mean of a value and those before it, each counting `factor` times as much as the next.
 *
 * @param values Null where there is none; these stay null.
 * @param factor From 0, which changes nothing, to below 1.
 */
export function smoothed(values: readonly (number | null)[], factor: number): (number | null)[] {
  let sum = 0, weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = factor * sum + value;
    weight = factor * weight + 1;
    return sum / weight;
  });
}
