/** Gradients that were derived by hand, held by what they are gradients of. @module */

/** Arrays by name. */
export type Arrays = Readonly<Record<string, Float64Array>>;

/** A function of arrays, in f64, with its gradients. */
export interface Differentiated {
  /** What comes out; of a loss, one number. */
  readonly y: ArrayLike<number>;
  /** The gradients by each input, given that of {@linkcode Differentiated.y}. */
  gradients(dy: Float64Array): Arrays;
}

/**
 * Asserts that the derivative of Σ dy · y by each element of each input is its central difference, (f(x + h) − f(x − h)) / 2h, up to
 * 1e-7 of the input's largest derivative, or of 1.
 *
 * @param step h: small against the distance of the inputs from the kinks of f.
 */
export function assertGradients(
  run: (inputs: Arrays) => Differentiated,
  inputs: Arrays,
  outputGradient: (length: number) => Float64Array,
  step = 1e-5,
): void {
  const { y, gradients } = run(inputs), dy = outputGradient(y.length), found = gradients(dy);
  const missed = Object.keys(inputs).filter((name) => found[name]?.length !== inputs[name]!.length);
  if (missed.length > 0) {
    throw new Error(`There are no gradients by ${missed.join(", ")}, of the length of the input`);
  }
  for (const [name, x] of Object.entries(inputs)) {
    const at = (i: number, change: number) => {
      const moved = run({ ...inputs, [name]: x.with(i, x[i]! + change) }).y;
      return dy.reduce((sum, weight, k) => sum + weight * moved[k]!, 0);
    };
    const expected = x.map((_, i) => (at(i, step) - at(i, -step)) / (2 * step));
    const tolerance = 1e-7 * expected.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    expected.forEach((value, i) => {
      const derived = found[name]![i]!;
      if (!(Math.abs(derived - value) <= tolerance)) {
        throw new Error(
          `The gradient by ${name}[${i}] is ${derived}, and its central difference is ${value}`,
        );
      }
    });
  }
}
