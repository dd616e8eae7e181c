/** How a step of the twin goes. */
export interface SgdStep {
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov?: boolean;
}

/** CPU twin of `ops/update/sgd.wgsl`, in f64: one step, in place. */
export function sgd(
  parameters: Float64Array,
  gradients: ArrayLike<number>,
  momenta: Float64Array,
  { rate, momentum, weightDecay, nesterov = false }: SgdStep,
): void {
  for (let i = 0; i < parameters.length; i++) {
    const gradient = gradients[i]! + weightDecay * parameters[i]!;
    momenta[i] = momentum * momenta[i]! + gradient;
    parameters[i]! -= rate * (nesterov ? gradient + momentum * momenta[i]! : momenta[i]!);
  }
}
