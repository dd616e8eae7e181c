/** CPU twin of `wgsl/sgd.wgsl`, in f64: one step, in place. */
export function sgd(
  parameters: Float64Array,
  gradients: ArrayLike<number>,
  momenta: Float64Array,
  { rate, momentum, weightDecay }: { rate: number; momentum: number; weightDecay: number },
): void {
  for (let i = 0; i < parameters.length; i++) {
    const gradient = gradients[i]! + weightDecay * parameters[i]!;
    momenta[i] = momentum * momenta[i]! + gradient;
    parameters[i] = parameters[i]! - rate * momenta[i]!;
  }
}
