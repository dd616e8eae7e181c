/** Primitive "Phase": how far a run is, and what that changes. @module */

/**
 * Polynomial decay with the published lag of one step: the rate is set after a step, so steps 0 and 1 both run at the full
 * rate and the last one above 0.
 *
 * @param step Optimizer steps taken before this one, an integer in [0, steps).
 * @param steps Steps of the whole run.
 * @param power 0.9 is customary.
 * @returns Factor of the base rate for this step, in (0, 1].
 * @throws {RangeError} If `step` lies outside [0, steps).
 * @see spec §3.4; Chen et al., DeepLab, TPAMI 2018, §4.1
 */
export function polyFactor(step: number, steps: number, power: number): number {
  if (!(step >= 0 && step < steps)) {
    throw new RangeError(`Cannot decay the learning rate: step ${step} must lie in [0, ${steps})`);
  }
  return (1 - Math.max(0, step - 1) / steps) ** power;
}
