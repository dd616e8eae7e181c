/** What the losses came to since they were last read, and whether a training can go on from there. @module */
import type { Device } from "../../kernels/device.ts";
import { readBack, upload } from "../../kernels/memory.ts";
import { type MeterReading, readMeter } from "../../kernels/ops/loss/meter.ts";
import { type GuardReading, guardStart, readGuard } from "../../kernels/ops/update/guard_update.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { StateDict } from "../../models/state_dict.ts";
import { UserError } from "../../pipeline/mod.ts";

/** A number of the training went out of bounds. */
export class DivergenceError extends UserError {
  override readonly name = "DivergenceError";
}

/** Steps in a row whose gradients overflow f16 before a training is given up: single ones are left out, and counted. */
export const MOST_SKIPPED = 10;

/** Where steps note their losses. */
export interface LossTensors {
  /** f32 maps [1, 1, 4] (kernels/ops/loss/meter.ts), one for each term and share that a method may have. */
  readonly meters: readonly Tensor[];
  /** In f16: which updates were left out (kernels/ops/update/guard_update.ts). */
  readonly guard?: Tensor;
}

/** What a meter has noted, by its name. */
export interface Metered extends MeterReading {
  readonly name: string;
}

/** What was noted. */
export interface LossReadings {
  readonly terms: readonly Metered[];
  readonly shares: readonly Metered[];
  /** In f16. */
  readonly overflow?: GuardReading;
}

/** Waits for all steps so far, and reads what they noted. */
export async function readLosses(
  device: Device,
  { meters, guard }: LossTensors,
  { terms, shares }: {
    readonly terms: readonly { readonly name: string }[];
    readonly shares: readonly string[];
  },
): Promise<LossReadings> {
  const used = meters.slice(0, terms.length + shares.length);
  const read = await readBack(device, guard ? [...used, guard] : used);
  const metered = (name: string, i: number): Metered => ({ name, ...readMeter(read[i]!) });
  return {
    terms: terms.map(({ name }, i) => metered(name, i)),
    shares: shares.map((name, i) => metered(name, terms.length + i)),
    ...(guard && { overflow: readGuard(read.at(-1)!) }),
  };
}

/** Lets the steps note anew; overflows in a row go on being counted. */
export function clearLosses(
  device: Device,
  { meters, guard }: LossTensors,
  { terms, shares, overflow }: LossReadings,
  lossScale: number,
): void {
  for (const meter of meters.slice(0, terms.length + shares.length)) {
    upload(device, meter, new Float32Array(4));
  }
  if (guard && overflow) upload(device, guard, guardStart(lossScale, overflow.inARow));
}

/** What messages say of a training. */
export interface TrainingNames {
  /** A step, counted from 0: its number, from 1, and its images. */
  readonly step: (step: number) => string;
  /** Of the last step so far. */
  readonly last: number;
  readonly lossScale: number;
}

/**
 * Holds losses to what can be gone on from.
 *
 * @throws {DivergenceError} If a term was NaN or infinite, naming it and the first such step; or if gradients overflowed f16 in
 *   {@linkcode MOST_SKIPPED} steps in a row.
 */
export function checkLosses({ terms, overflow }: LossReadings, names: TrainingNames): void {
  const first = Math.min(...terms.map(({ firstBadStep = Infinity }) => firstBadStep));
  if (first < Infinity) {
    const [bad, ...also] = terms.filter(({ firstBadStep }) => firstBadStep === first);
    throw new DivergenceError(
      `Cannot go on training: loss term "${bad!.name}"${
        also.length ? ` (and ${also.map(({ name }) => name).join(", ")})` : ""
      } was NaN or infinite at ${
        names.step(first)
      }. Lower the learning rate (co-train.baseRate) or the weights of the ` +
        `method's terms${
          overflow
            ? ", or train in f32 (co-train.precision=f32, co-train.exchange=f32): f16 holds nothing beyond 65504"
            : ""
        }`,
    );
  }
  if (overflow && overflow.inARow >= MOST_SKIPPED) {
    throw new DivergenceError(
      `Cannot go on training: in ${overflow.inARow} steps in a row, up to ${
        names.step(names.last)
      }, gradients ` +
        "overflowed f16, which holds nothing beyond 65504, and the steps were left out. Lower " +
        `co-train.lossScale from ${names.lossScale}, or train in f32 (co-train.precision=f32, co-train.exchange=f32)`,
    );
  }
}

/**
 * Holds weights to what can be kept: no loss is read after the last update.
 *
 * @throws {DivergenceError} If one is NaN or infinite.
 */
export function checkWeights(state: StateDict, names: TrainingNames): void {
  for (const [name, { values }] of state) {
    if (values.every(Number.isFinite)) continue;
    throw new DivergenceError(
      `Cannot keep these weights: "${name}" holds NaN or infinity after ${
        names.step(names.last)
      }. Lower the learning ` +
        "rate (co-train.baseRate) or the weights of the method's terms",
    );
  }
}
