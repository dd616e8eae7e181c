/** How recorded numbers are compared, and what a tolerance is at least. @module */
import { ofLargest, type QuantityKind, relative } from "./quantity.ts";

/** A number of a file, or lists of them, however deep. */
export type Recorded = number | readonly Recorded[];

/** What tolerances are at least, whatever PyTorch strayed by. */
export interface Floors {
  /** Losses of the first step, relative. */
  readonly losses: number;
  /** Of those behind a threshold. */
  readonly thresholded: number;
  /** Of later steps. */
  readonly laterLosses: number;
  /** Logits and maps, of the largest; and the multiple of what PyTorch strayed by. */
  readonly logits: number;
  readonly logitStrays: number;
  /** Logits after the last step, of the largest. */
  readonly evaluation: number;
  /** The median of the relative errors of gradients' norms, and each. */
  readonly norms: number;
  readonly norm: number;
  /** Four entries of a gradient, of the largest; and the multiple of what PyTorch strayed by. */
  readonly samples: number;
  readonly sampleStrays: number;
  /** Running statistics after the last step, of the largest entry. */
  readonly statistics: number;
  /** The median of the relative errors of updates' norms, and each; single ones say nothing where it is infinite. */
  readonly updates: number;
  readonly update: number;
}

/** Of cases of ResNet-50 and ResNet-101. */
export const publishedFloors: Floors = {
  losses: 1e-4,
  thresholded: 1e-3,
  laterLosses: 1e-3,
  logits: 3e-4,
  logitStrays: 3,
  evaluation: 1e-2,
  norms: 3e-3,
  norm: 3e-2,
  samples: 5e-2,
  sampleStrays: 5,
  statistics: 1e-2,
  updates: 1e-2,
  update: Infinity,
};

/** Of cases of `resnet14`, which stray by 1e-6 alone. */
export const smallFloors: Floors = {
  losses: 1e-5,
  thresholded: 1e-5,
  laterLosses: 1e-4,
  logits: 3e-5,
  logitStrays: 5,
  evaluation: 1e-3,
  norms: 3e-4,
  norm: 3e-3,
  samples: 5e-2,
  sampleStrays: 3,
  statistics: 1e-4,
  updates: 1e-3,
  update: 1e-3,
};

/** What PyTorch's single precision strayed by; `same` of counts that it met. */
export type Stray = number | "same";

/** What a tolerance depends on. */
export interface Compared {
  /** Whether it is of the first step. */
  readonly first: boolean;
  readonly stray: Stray;
  /** Numbers that the step records, and those that were found, by name. */
  readonly wanted: Readonly<Record<string, Recorded>>;
  readonly found: Readonly<Record<string, Recorded>>;
}

/** How far a number is off, and may be. */
export type Verdict = readonly [error: number, tolerance: number];

/** How a recorded number, or several, is compared. */
export interface Rule {
  readonly kind: QuantityKind;
  /** Undefined where it says nothing. */
  compare(found: Recorded, wanted: Recorded, at: Compared): Verdict | undefined;
}

/** Multiple of what PyTorch strayed by. */
const STRAYS = 5;

/** `same` is 0; counts stray up or down. */
export function strayed(stray: Stray): number {
  return stray === "same" ? 0 : Math.abs(stray);
}

/** Off by such a share of each recorded number, or by 5 times what PyTorch strayed by; later, where told, by another one. */
export function relativeWithin(first: number, later = first): Rule {
  return {
    kind: "value",
    compare: (found, wanted, at) => [worst(found, wanted, relative), atLeast(at.first ? first : later, at)],
  };
}

/** Off by such a share of the largest of all, or by 5 times what PyTorch strayed by. */
export function ofLargestWithin(first: number, later = first): Rule {
  return {
    kind: "value",
    compare: (found, wanted, at) => [
      sameForm(found, wanted) ? ofLargest(flat(found), flat(wanted)) : Infinity,
      atLeast(at.first ? first : later, at),
    ],
  };
}

/** Off by so much, whatever PyTorch strayed by. */
export function absoluteWithin(most: number): Rule {
  return { kind: "value", compare: (found, wanted) => [worst(found, wanted, difference), most] };
}

/** A share of a whole that pixels are flipped in or out of: 1, or how many there are. */
export function share(whole = 1): Rule {
  return {
    kind: "share",
    compare: (found, wanted, { first }) => [worst(found, wanted, difference) / whole, first ? 2e-3 : 5e-3],
  };
}

/** A number of the host's clock: a rate, a decay, a weight that rises. */
export const scheduled: Rule = {
  kind: "rate",
  compare: (found, wanted) => [worst(found, wanted, relative), 1e-9],
};

/** Counts, sums of labels, places; equal in the first step unless told. */
export function counted(
  { first = 0, later = first }: {
    /** Off by so many at most. */
    readonly first?: number;
    /**
     * In later steps: off by so many; by a share of the recorded count; equal where PyTorch's single precision met them, else
     * nothing is said; or nothing is.
     */
    readonly later?: number | { readonly share: number } | "same" | "unsaid";
  } = {},
): Rule {
  return {
    kind: "count",
    compare(found, wanted, at) {
      const off = worst(found, wanted, difference);
      if (at.first) return [off, first];
      if (typeof later === "number") return [off, later];
      if (typeof later === "object") return [worst(found, wanted, relative), later.share];
      return later === "same" && strayed(at.stray) === 0 ? [off, 0] : undefined;
    },
  };
}

/** A direction, whatever the length: 1 − cosine. */
export function directionWithin(most: number): Rule {
  return {
    kind: "map",
    compare(found, wanted) {
      if (!sameForm(found, wanted)) return [Infinity, most];
      const a = flat(found), b = flat(wanted);
      const cosine = a.reduce((sum, value, i) => sum + value * b[i]!, 0) /
        (Math.hypot(...a) * Math.hypot(...b));
      return [1 - cosine, most];
    },
  };
}

/** A rule where something else holds, as that counts are equal; else nothing is said. */
export function where(holds: (at: Compared) => boolean, rule: Rule): Rule {
  return { ...rule, compare: (found, wanted, at) => holds(at) ? rule.compare(found, wanted, at) : undefined };
}

const difference = (a: number, b: number) => Math.abs(a - b);

function atLeast(floor: number, { stray }: Compared): number {
  return Math.max(floor, STRAYS * strayed(stray));
}

/** All numbers, in their order. */
export function flat(value: Recorded): number[] {
  return typeof value === "number" ? [value] : value.flatMap(flat);
}

function sameForm(a: Recorded, b: Recorded): boolean {
  if (typeof a === "number" || typeof b === "number") return typeof a === typeof b;
  return a.length === b.length && a.every((inner, i) => sameForm(inner, b[i]!));
}

/** The largest error of all numbers; infinite where there are more or fewer of them, or in other lists. */
function worst(found: Recorded, wanted: Recorded, errorOf: (a: number, b: number) => number): number {
  if (!sameForm(found, wanted)) return Infinity;
  const expected = flat(wanted), errors = flat(found).map((value, i) => errorOf(value, expected[i]!));
  return errors.some(Number.isNaN) ? NaN : Math.max(0, ...errors);
}
