/** One number of a parity case against what is recorded. @module */

/** Kinds of quantities; each has its own tolerance. */
export type QuantityKind =
  | "loss"
  | "rate"
  | "share"
  | "count"
  | "value"
  | "logits"
  | "map"
  | "gradient norms"
  | "gradient norm"
  | "gradient samples"
  | "evaluation logits"
  | "running statistics"
  | "parameters"
  | "parameter changes"
  | "update norms"
  | "update norm";

/** One quantity, compared. */
export interface Quantity {
  readonly name: string;
  readonly kind: QuantityKind;
  /** How far ours is off; what it is relative to is in the kind's rule. */
  readonly error: number;
  readonly tolerance: number;
  /** Gradient samples: how the error was met or the tolerance widened, where it is not that of the plain run. */
  readonly remark?: string;
  readonly within: boolean;
  /** Of single numbers. */
  readonly expected?: number;
  /** Of single numbers. */
  readonly found?: number;
}

/** Error in units of the tolerance; a number that is none is the worst. */
export function badness({ error, tolerance }: Quantity): number {
  if (Number.isNaN(error)) return Infinity;
  return error === 0 ? 0 : error / tolerance;
}

/** A quantity with its verdict. */
export function quantity(
  name: string,
  kind: QuantityKind,
  error: number,
  tolerance: number,
  values: { expected?: number; found?: number; remark?: string } = {},
): Quantity {
  return { name, kind, error, tolerance, within: error <= tolerance, ...values };
}

/** |found − expected| as a share of |expected|; of a zero, as it is. */
export function relative(found: number, expected: number): number {
  return expected === 0 ? Math.abs(found) : Math.abs(found - expected) / Math.abs(expected);
}

/** The largest difference as a share of the largest wanted value, which counts at least `floor`. */
export function ofLargest(found: readonly number[], wanted: readonly number[], floor = 0): number {
  const largest = Math.max(floor, ...wanted.map(Math.abs));
  const errors = wanted.map((value, k) => Math.abs(found[k]! - value));
  return largest === 0 ? Math.max(...errors) : Math.max(...errors) / largest;
}

/** L2 norm. */
export function norm(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum);
}

/** The middle one of them in order, 0 of none. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** The value that such a share of them do not exceed, 0 of none; a number that is none counts as the largest. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) =>
    (Number.isNaN(a) ? Infinity : a) - (Number.isNaN(b) ? Infinity : b)
  );
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}
