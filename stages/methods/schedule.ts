/** Primitive "Phase": numbers that move from step to step. @module */
import type { DeviceScalar } from "../../kernels/maps.ts";

export type { DeviceScalar };

/** Where a run is; all counts start at 0 and leave the warm-up out: in it, a run is where the method starts. */
export interface At {
  /** Optimizer steps of the method before this one. */
  readonly step: number;
  /** Optimizer steps of the method in all. */
  readonly steps: number;
  /** Epochs of the method before this one. */
  readonly epoch: number;
  /** Epochs of the method in all. */
  readonly epochs: number;
  /** Optimizer steps of an epoch. */
  readonly stepsPerEpoch: number;
  /** Epochs of the warm-up, which the other counts leave out; 0 unless told. */
  readonly warmUpEpochs?: number;
}

/** A number of each step; called on the host before it, with the same result whenever it is called. */
export type Schedule = (at: At) => number;

/** What a threshold or a weight may be; a plain number is a constant of the program. */
export type Scalar = number | DeviceScalar;

/**
 * The decay of an average that soon follows its source closely: at first the average of all steps so far, min(decay, 1 −
 * 1 / (step + 1)).
 *
 * @see Tarvainen, Valpola, NeurIPS 2017, and their published code.
 */
export function warmedUp(decay: number): Schedule {
  return ({ step }) => Math.min(decay, 1 - 1 / (step + 1));
}

/**
 * CCVC's self-paced threshold: after every epoch it rises by 0.01, and is held at 0.95, to which it falls if it started above.
 *
 * @param start The threshold of the first epoch.
 * @see CCVC §2.2
 */
export function selfPaced(start: number): Schedule {
  return ({ epoch }) => {
    let threshold = start;
    // Added one by one, as published: a product would round otherwise.
    for (let done = 0; done < epoch; done++) threshold = Math.min(threshold + 0.01, 0.95);
    return threshold;
  };
}

/**
 * A weight that rises to its value over the first epochs, by exp(−5 · (1 − epoch / epochs)²).
 *
 * @param value The weight from then on.
 * @param epochs Epochs in which it rises; 0 for none.
 * @see Laine, Aila, "Temporal ensembling for semi-supervised learning", ICLR 2017.
 */
export function sigmoidRamp(value: number, epochs: number): Schedule {
  return ({ epoch }) => epoch < epochs ? value * Math.exp(-5 * (1 - epoch / epochs) ** 2) : value;
}

/**
 * A weight that rises to its value step by step, by half a cosine: value · ½ (1 − cos(π · step / steps)), so that the first step
 * has weight 0.
 *
 * @param value The weight from then on.
 * @param epochs Epochs in which it rises; 0 for none.
 * @see PS-MT §3
 */
export function cosineRamp(value: number, epochs: number): Schedule {
  return ({ step, stepsPerEpoch }) => {
    const steps = epochs * stepsPerEpoch;
    return step < steps ? value * (1 - Math.cos(Math.PI * step / steps)) / 2 : value;
  };
}
