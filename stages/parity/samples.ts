/** The four recorded entries of each gradient. @module */
import type { Comparison } from "./compare_step.ts";
import { strayNamed } from "./deviation.ts";
import { norm, ofLargest, type Quantity, quantity } from "./quantity.ts";
import type { Gradient } from "./run.ts";

/** Multiple of a gradient's noise that a sample may be off by. */
const NOISES = 5;

/** Compares samples with the recorded ones. */
export function compareSamples(comparison: Comparison, gradients: readonly Gradient[]): Quantity[] {
  return gradients.map((gradient) => {
    const { name, samples } = gradient;
    const error = ofLargest(
      samples,
      comparison.parity.float64.grad_sample[name]!,
      largestOf(comparison, gradient),
    );
    return quantity(name, "gradient samples", error, toleranceOf(comparison));
  });
}

/**
 * Gives samples the tolerance that their gradient's noise calls for.
 *
 * @param noise Root mean square of what rounding moves the gradient's entries by.
 */
export function withinNoise(
  comparison: Comparison,
  gradient: Gradient,
  { name, kind, error }: Quantity,
  noise: number,
): Quantity {
  const largest = largestOf(comparison, gradient);
  const stray = largest === 0 ? 0 : noise / largest;
  const remark = `moves by ${stray.toExponential(2)} for weights ±1 ulp`;
  return quantity(name, kind, error, Math.max(toleranceOf(comparison), NOISES * stray), { remark });
}

function toleranceOf({ parity: { float32_deviation }, setup: { floors } }: Comparison): number {
  return Math.max(floors.samples, floors.sampleStrays * strayNamed(float32_deviation, "grad_sample_max_rel"));
}

/** The largest sample. Four may all lie where the gradient is small or zero; then its own magnitude is the measure. */
function largestOf({ parity: { float64 } }: Comparison, { name, values }: Gradient): number {
  const magnitude = float64.grad_norm[name]! / Math.sqrt(values.length);
  return Math.max(...float64.grad_sample[name]!.map(Math.abs), magnitude);
}

/** How far the entries of two vectors lie apart. */
export function rootMeanSquareDifference(a: Float32Array, b: Float32Array): number {
  return norm(a.map((value, i) => value - b[i]!)) / Math.sqrt(a.length);
}
