/** The small tensors by which host and steps talk, and what the host writes to them before a step. @module */
import type { Device } from "../../kernels/device.ts";
import { allocate } from "../../kernels/memory.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { BoundMethod, Phase } from "../methods/bound_method.ts";
import { MethodError } from "../methods/method.ts";
import type { At } from "../methods/schedule.ts";
import { DivergenceError, type LossTensors } from "./losses.ts";
import { type OptimizerSettings, ratesLength, SCHEDULES_FROM, updateNumbers } from "./update.ts";

/** On the device for as long as the training is. */
export interface Control extends LossTensors {
  /** u32 map [1, 1, 4]: seed, epoch, step, first sample of a micro-batch. */
  readonly counters: Tensor;
  /** f32 map [1, 1, {@linkcode ratesLength}]: {@linkcode stepNumbers}. */
  readonly rates: Tensor;
  /** f32 map [1, 1, C]: what each class weighs in a supervised loss; absent where all weigh the same. */
  readonly classWeights?: Tensor;
  readonly bytes: number;
  free(): void;
}

/** Most loss terms and shares that a method may have. */
const MOST_METERS = 32;

/**
 * Makes room for what a method's steps read and note.
 *
 * @param guarded Whether gradients may overflow f16.
 * @param weighed Classes whose weights are held; 0: none.
 */
export function allocateControl(
  device: Device,
  { schedules }: Pick<BoundMethod, "schedules">,
  guarded: boolean,
  weighed = 0,
): Control {
  const note = (label: string) => ({ label, shape: [1, 1, 4], layout: "map" }) as const;
  const { tensors, bytes, free } = allocate(device, "control", [
    { label: "counters", shape: [1, 1, 4], dtype: "u32", layout: "map" },
    { label: "rates", shape: [1, 1, ratesLength(schedules)], layout: "map" },
    ...(weighed > 0 ? [{ label: "class weights", shape: [1, 1, weighed], layout: "map" } as const] : []),
    ...Array.from({ length: MOST_METERS }, (_, i) => note(`meter ${i}`)),
    ...(guarded ? [note("guard")] : []),
  ]);
  const [counters, rates, ...others] = tensors as [Tensor, Tensor, ...Tensor[]];
  const classWeights = weighed > 0 ? others.shift() : undefined;
  const guard = others[MOST_METERS];
  return {
    counters,
    rates,
    ...(classWeights && { classWeights }),
    meters: others.slice(0, MOST_METERS),
    ...(guard && { guard }),
    bytes,
    free,
  };
}

/**
 * The meter of a term or share, by its position.
 *
 * @throws {MethodError} If a method has more of them than there are.
 */
export function meterOf({ meters }: Control, index: number): Tensor {
  const meter = meters[index];
  if (meter) return meter;
  throw new MethodError(`Cannot train by a method with more than ${MOST_METERS} loss terms and shares`);
}

/** Where a run is. */
export interface StepAddress {
  /** `method` unless told. */
  readonly phase?: Phase;
  readonly epoch: number;
  /** Steps taken before this one in the whole run. */
  readonly step: number;
  /** Base learning rate of this step. */
  readonly rate: number;
  /** The same for the method's schedules; where it starts unless told. */
  readonly at?: At;
}

/** Where a method starts. */
const START: At = { step: 0, steps: 1, epoch: 0, epochs: 1, stepsPerEpoch: 1 };

/**
 * What a step reads in {@linkcode Control.rates}: the optimizer's numbers, then the schedules'.
 *
 * @throws {DivergenceError} If one of a schedule is NaN or infinite.
 */
export function stepNumbers(
  { schedules }: Pick<BoundMethod, "schedules">,
  optimizer: OptimizerSettings,
  { phase = "method", step, rate, at = START }: StepAddress,
): Float32Array<ArrayBuffer> {
  const numbers = new Float32Array(ratesLength(schedules));
  numbers.set(updateNumbers(optimizer, { rate, step }));
  Object.entries(schedules).forEach(([name, schedule], i) => {
    const value = numbers[SCHEDULES_FROM + i] = schedule(at, phase);
    if (Number.isFinite(value)) return;
    throw new DivergenceError(`Cannot go on training: schedule "${name}" is ${value} at step ${step + 1}`);
  });
  return numbers;
}
