/** How learning rates fall over a run. @module */

/** What a rate falls by; see `optimizerLeaves`. */
export interface RateDecay {
  /** The law. */
  readonly rateDecay: "poly" | "cosine" | "steps";
  /** With `poly`: its exponent; 0: the rate stays as it is. */
  readonly power: number;
  /** With `poly`: steps by which it comes late. */
  readonly rateLag: 0 | 1;
  /** With `poly`: steps that the run counts as longer than it is. */
  readonly rateMargin: 0 | 1;
  /** With `steps`: shares of the run at which the rate falls, ascending, in (0, 1). */
  readonly rateDecayAt: readonly number[];
  /** With `steps`: what the rate is multiplied by each time. */
  readonly rateDecayBy: number;
  /** From when it falls: from the run's start; or from the warm-up's end, before which it is the base rate. */
  readonly rateDecayFrom: "start" | "method";
}

/**
 * Factor of the base rate for a step of a run with a warm-up: {@linkcode rateFactor} of the whole run, or of what follows the
 * warm-up.
 *
 * @param step Optimizer steps taken before this one, an integer in [0, steps).
 * @param steps Steps of the whole run.
 * @param warmUp How many of them are the warm-up's, the first ones.
 */
export function rateFactorAfter(law: RateDecay, step: number, steps: number, warmUp: number): number {
  if (law.rateDecayFrom === "start") return rateFactor(law, step, steps);
  return step < warmUp ? 1 : rateFactor(law, step - warmUp, steps - warmUp);
}

/**
 * Factor of the base rate for a step: of polynomial decay ({@linkcode polyFactor}); of half a cosine, ½ (1 + cos(π · step / steps)),
 * which comes near 0 in the last step; or of falls by a factor.
 *
 * @param step Optimizer steps taken before this one, an integer in [0, steps).
 * @param steps Steps of the whole run.
 * @returns In (0, 1], for a `rateDecayBy` in that range.
 * @throws {RangeError} If `step` lies outside [0, steps).
 * @see Loshchilov, Hutter, SGDR, ICLR 2017, equation 5, without restarts
 */
export function rateFactor(
  { rateDecay, ...law }: Omit<RateDecay, "rateDecayFrom">,
  step: number,
  steps: number,
): number {
  assertStep(step, steps);
  switch (rateDecay) {
    case "poly":
      return polyFactor(step, steps, law.power, law.rateLag, law.rateMargin);
    case "cosine":
      return (1 + Math.cos(Math.PI * step / steps)) / 2;
    case "steps":
      return law.rateDecayBy ** law.rateDecayAt.filter((share) => step >= share * steps).length;
  }
}

/**
 * Polynomial decay, by default with the published lag of one step: the rate is set after a step, so steps 0 and 1 both run at
 * the full rate.
 *
 * @param step Optimizer steps taken before this one, an integer in [0, steps).
 * @param steps Steps of the whole run.
 * @param power 0.9 is customary.
 * @param lag Steps by which the decay comes late: 1 as published, 0 for none.
 * @param margin Steps that the run counts as longer than it is: 1 as DeepLabv3Plus §1 has it, 0 for none.
 * @returns Factor of the base rate for this step, in (0, 1].
 * @throws {RangeError} If `step` lies outside [0, steps).
 * @see CCVC §3.4; Chen et al., DeepLab, TPAMI 2018, §4.1
 */
export function polyFactor(step: number, steps: number, power: number, lag = 1, margin = 0): number {
  assertStep(step, steps);
  return (1 - Math.max(0, step - lag) / (steps + margin)) ** power;
}

function assertStep(step: number, steps: number): void {
  if (step >= 0 && step < steps) return;
  throw new RangeError(`Cannot decay the learning rate: step ${step} must lie in [0, ${steps})`);
}
