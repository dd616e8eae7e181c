/** How a step of the twin goes; `t` counts from 1. */
export interface AdamStep {
  readonly rate: number;
  readonly t: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
  readonly decoupled: boolean;
  /** Where weight decay pulls to; 0 unless given. */
  readonly start?: ArrayLike<number>;
}

/** CPU twin of `ops/update/adam.wgsl`, in f64: one step, in place. */
export function adam(
  parameters: Float64Array,
  gradients: ArrayLike<number>,
  { first, second }: { readonly first: Float64Array; readonly second: Float64Array },
  { rate, t, beta1, beta2, epsilon, weightDecay, decoupled, start }: AdamStep,
): void {
  for (let i = 0; i < parameters.length; i++) {
    const away = parameters[i]! - (start?.[i] ?? 0);
    const gradient = gradients[i]! + (decoupled ? 0 : weightDecay * away);
    if (decoupled) parameters[i]! -= rate * weightDecay * away;
    first[i] = beta1 * first[i]! + (1 - beta1) * gradient;
    second[i] = beta2 * second[i]! + (1 - beta2) * gradient ** 2;
    const root = Math.sqrt(second[i]!) / Math.sqrt(1 - beta2 ** t) + epsilon;
    parameters[i]! -= rate / (1 - beta1 ** t) * first[i]! / root;
  }
}
