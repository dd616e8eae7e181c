/** What moves a sample: see `StepAlong` of the op. */
export interface Step {
  readonly length: number;
  readonly epsilon: number;
  readonly origin?: number;
}

/** CPU twin of `ops/perturbation/sample_norms.wgsl`, in f64: √Σ (x − origin)² of each of `batch` equal parts. */
export function sampleNorms(x: ArrayLike<number>, batch: number, origin = 0): Float64Array {
  const length = x.length / batch;
  return Float64Array.from({ length: batch }, (_, n) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += (x[n * length + i]! - origin) ** 2;
    return Math.sqrt(sum);
  });
}

/** CPU twin of `ops/perturbation/step_along.wgsl`, in f64. */
export function stepAlong(
  x: ArrayLike<number>,
  direction: ArrayLike<number>,
  batch: number,
  { length, epsilon, origin = 0 }: Step,
): Float64Array {
  const norms = sampleNorms(direction, batch, origin), size = x.length / batch;
  return Float64Array.from({ length: x.length }, (_, i) => {
    const own = (direction[i]! - origin) / (norms[Math.floor(i / size)]! + epsilon);
    return x[i]! + length * own;
  });
}
