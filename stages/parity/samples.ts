/** The four recorded entries of each gradient. @module */
import type { ParityCase } from "./case.ts";
import { norm, ofLargest, type Quantity, quantity } from "./quantity.ts";
import type { Gradient } from "./run.ts";

/** Of the largest sample; and multiple of what PyTorch's samples strayed by at most. */
const TOLERANCE = 5e-2, STRAYS = 5;
/** Multiple of a gradient's noise that a sample may be off by. */
const NOISES = 5;

/** Compares samples with the recorded ones. */
export function compareSamples(parity: ParityCase, gradients: readonly Gradient[]): Quantity[] {
  return gradients.map((gradient) => {
    const { name, samples } = gradient;
    const error = ofLargest(samples, parity.float64.grad_sample[name]!, largestOf(parity, gradient));
    return quantity(name, "gradient samples", error, toleranceOf(parity));
  });
}

/**
 * Gives samples the tolerance that their gradient's noise calls for.
 *
 * @param noise Root mean square of what rounding moves the gradient's entries by.
 */
export function withinNoise(
  parity: ParityCase,
  gradient: Gradient,
  { name, kind, error }: Quantity,
  noise: number,
): Quantity {
  const largest = largestOf(parity, gradient);
  const stray = largest === 0 ? 0 : noise / largest;
  const remark = `moves by ${stray.toExponential(2)} for weights ±1 ulp`;
  return quantity(name, kind, error, Math.max(toleranceOf(parity), NOISES * stray), { remark });
}

function toleranceOf({ float32_deviation }: ParityCase): number {
  return Math.max(TOLERANCE, STRAYS * float32_deviation.grad_sample_max_rel);
}

/** The largest sample. Four may all lie where the gradient is small or zero; then its own magnitude is the measure. */
function largestOf({ float64 }: ParityCase, { name, values }: Gradient): number {
  const magnitude = float64.grad_norm[name]! / Math.sqrt(values.length);
  return Math.max(...float64.grad_sample[name]!.map(Math.abs), magnitude);
}

/** How far the entries of two vectors lie apart. */
export function rootMeanSquareDifference(a: Float32Array, b: Float32Array): number {
  return norm(a.map((value, i) => value - b[i]!)) / Math.sqrt(a.length);
}
