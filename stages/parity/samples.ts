/** The four recorded entries of each gradient. @module */
import type { ParityCase } from "./case.ts";
import { norm, ofLargest, type Quantity, quantity } from "./quantity.ts";
import type { CaseRun, Gradient, ParityEvents } from "./run.ts";

const SAMPLE_TOLERANCE = 5e-2;
/** Runs with neighboring weights at most. */
const NEIGHBORS = 3;
/** Multiple of what a gradient's entries move by, in root mean square, that a sample may be off by where no run meets it. */
const NOISES = 5;
function sampleError(
  { float64 }: ParityCase,
  { name, samples, values }: Gradient,
): { error: number; largest: number } {
  const wanted = float64.grad_sample[name]!;
  // Four samples may all lie where the gradient is small or zero; then its own magnitude is the measure.
  const largest = Math.max(...wanted.map(Math.abs), float64.grad_norm[name]! / Math.sqrt(values.length));
  return { error: ofLargest(samples, wanted, largest), largest };
}

/** Samples of the plain run. */
export function compareSamples(parity: ParityCase, gradients: readonly Gradient[]): Quantity[] {
  return gradients.map((gradient) =>
    quantity(gradient.name, "gradient samples", sampleError(parity, gradient).error, SAMPLE_TOLERANCE)
  );
}

/**
 * Looks closer at samples that are out: takes the first step again with weights that single precision hardly tells apart.
 *
 * A rounding error of 1e-7 in an activation that lies that close to zero opens or closes its ReLU, which passes the whole
 * gradient or none: a sample jumps, by more than 5e-2 in a sixth of the tensors of the published cases with PyTorch's own single
 * precision. A sample that jumps back when weights move by one unit in the last place was no mistake. Where none of the runs
 * meets all four samples, what the runs differ by says how far the tensor is known at all.
 */
export async function examineSamples(
  parity: ParityCase,
  run: CaseRun,
  plain: readonly Gradient[],
  { onPhase, signal }: ParityEvents & { readonly signal?: AbortSignal },
): Promise<Map<string, Quantity>> {
  const met = new Map<string, Quantity>();
  const noise = new Map<string, number>();
  let left = plain;
  for (let variant = 1; variant <= NEIGHBORS && left.length > 0; variant++) {
    signal?.throwIfAborted();
    onPhase?.("neighboring weights");
    const moved = await run.neighboringGradients(variant, left.map(({ name }) => name));
    left = left.filter((gradient, i) => {
      const { name, values } = gradient, neighbor = moved[i]!;
      const { error } = sampleError(parity, neighbor);
      const apart = norm(values.map((value, k) => value - neighbor.values[k]!)) / Math.sqrt(values.length);
      noise.set(name, Math.max(noise.get(name) ?? 0, apart));
      if (!(error <= SAMPLE_TOLERANCE)) return true;
      const remark = `${sampleError(parity, gradient).error.toExponential(2)} but for weights ±1 ulp`;
      met.set(name, quantity(name, "gradient samples", error, SAMPLE_TOLERANCE, { remark }));
      return false;
    });
  }
  for (const gradient of left) {
    const { error, largest } = sampleError(parity, gradient), stray = noise.get(gradient.name)! / largest;
    const tolerance = Math.max(SAMPLE_TOLERANCE, NOISES * stray);
    const remark = `moves by ${stray.toExponential(2)} for weights ±1 ulp`;
    met.set(gradient.name, quantity(gradient.name, "gradient samples", error, tolerance, { remark }));
  }
  return met;
}
