/** CPU twin of `ops/loss/consistency_loss.wgsl` and `ops/loss/finish_loss.wgsl`, in f64. */
import type { Distance } from "../../ops/loss/consistency_loss.ts";

/** A pixel's distance, and its derivative by the logits. */
interface Compared {
  readonly value: number;
  readonly slope: readonly number[];
}

const EPSILON = 1e-6;

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

/** By the logits, of what is known by the probabilities. */
function throughSoftmax(p: readonly number[], slope: readonly number[]): number[] {
  const inner = sum(p.map((share, k) => share * slope[k]!));
  return p.map((share, k) => share * (slope[k]! - inner));
}

const compare: Readonly<Record<Distance, (z: readonly number[], t: readonly number[]) => Compared>> = {
  probabilities(z, t) {
    const p = softmax(z), q = softmax(t), d = p.map((share, k) => share - q[k]!);
    return { value: sum(d.map((d) => d * d)), slope: throughSoftmax(p, d.map((d) => 2 * d)) };
  },
  logits(z, t) {
    const d = z.map((logit, k) => logit - t[k]!), root = Math.sqrt(z.length);
    return { value: sum(d.map((d) => d * d)) / root, slope: d.map((d) => 2 * d / root) };
  },
  "smooth-l1"(z, t) {
    const d = z.map((logit, k) => logit - t[k]!), root = Math.sqrt(z.length);
    const value = sum(d.map((d) => Math.abs(d) < 1 ? d * d / 2 : Math.abs(d) - 0.5)) / root;
    return { value, slope: d.map((d) => Math.max(-1, Math.min(1, d)) / root) };
  },
  "binary-cross-entropy"(z, t) {
    const p = softmax(z), q = softmax(t);
    const value = -sum(
      p.map((p, k) => q[k]! * Math.log(p + EPSILON) + (1 - q[k]!) * Math.log(1 - p + EPSILON)),
    );
    const slope = p.map((p, k) => (1 - q[k]!) / (1 - p + EPSILON) - q[k]! / (p + EPSILON));
    return { value, slope: throughSoftmax(p, slope) };
  },
  "kl-divergence"(z, t) {
    const p = logSoftmax(z), q = logSoftmax(t);
    const value = sum(q.map((q, k) => Math.exp(q) * (q - p[k]!)));
    return { value, slope: p.map((p, k) => Math.exp(p) - Math.exp(q[k]!)) };
  },
};

function logSoftmax(logits: readonly number[]): number[] {
  const peak = Math.max(...logits), total = sum(logits.map((logit) => Math.exp(logit - peak)));
  return logits.map((logit) => logit - peak - Math.log(total));
}

function softmax(logits: readonly number[]): number[] {
  return logSoftmax(logits).map(Math.exp);
}

/**
 * The loss, and its gradient by the logits of every pixel.
 *
 * @param logits Of every pixel, dense [N·H·W, C]; the same for `targets`.
 * @param options.denominator The number of pixels unless told.
 */
export function consistencyLoss(
  logits: ArrayLike<number>,
  targets: ArrayLike<number>,
  classes: number,
  { distance, weights, denominator = weights.length }: {
    distance: Distance;
    weights: ArrayLike<number>;
    denominator?: number;
  },
): { value: number; gradient: Float64Array } {
  const gradient = new Float64Array(logits.length), pixels = weights.length;
  let value = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const of = (all: ArrayLike<number>) =>
      Array.from({ length: classes }, (_, k) => all[pixel * classes + k]!);
    const found = compare[distance](of(logits), of(targets)), weight = weights[pixel]!;
    value += weight * found.value / denominator;
    found.slope.forEach((slope, k) => gradient[pixel * classes + k] = weight * slope / denominator);
  }
  return { value, gradient };
}
