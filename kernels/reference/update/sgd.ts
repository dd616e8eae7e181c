/** How a step of the twin goes. */
export interface SgdStep {
  readonly rate: number;
  readonly momentum: number;
  readonly weightDecay: number;
  readonly nesterov?: boolean;
  /** Where weight decay pulls to; 0 unless given. */
  readonly start?: ArrayLike<number>;
}

/** CPU twin of `ops/update/sgd.wgsl`, in f64: one step, in place. */
export function sgd(
  parameters: Float64Array,
  gradients: ArrayLike<number>,
  momenta: Float64Array,
  { rate, momentum, weightDecay, nesterov = false, start }: SgdStep,
): void {
  for (let i = 0; i < parameters.length; i++) {
    const gradient = gradients[i]! + weightDecay * (parameters[i]! - (start?.[i] ?? 0));
    momenta[i] = momentum * momenta[i]! + gradient;
    parameters[i]! -= rate * (nesterov ? gradient + momentum * momenta[i]! : momenta[i]!);
  }
}
