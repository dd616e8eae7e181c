/** How learning rates fall over a run. @module */

/**
 * Polynomial decay, by default with the published lag of one step: the rate is set after a step, so steps 0 and 1 both run at
 * the full rate.
 *
 * @param step Optimizer steps taken before this one, an integer in [0, steps).
 * @param steps Steps of the whole run.
 * @param power 0.9 is customary.
 * @param lag Steps by which the decay comes late: 1 as published, 0 for none.
 * @returns Factor of the base rate for this step, in (0, 1].
 * @throws {RangeError} If `step` lies outside [0, steps).
 * @see CCVC §3.4; Chen et al., DeepLab, TPAMI 2018, §4.1
 */
export function polyFactor(step: number, steps: number, power: number, lag = 1): number {
  if (!(step >= 0 && step < steps)) {
    throw new RangeError(`Cannot decay the learning rate: step ${step} must lie in [0, ${steps})`);
  }
  return (1 - Math.max(0, step - lag) / steps) ** power;
}
