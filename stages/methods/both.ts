/** Pairs of branches, for methods that have two. @module */
import { conflictWeights } from "../../kernels/ops/label/conflict_weights.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { minedLabels, type MiningOptions } from "./mining.ts";
import { type Labeling, type Scores, share, supervise } from "./parts.ts";
import type { Step, Term, Terms } from "./step.ts";

/** One value for each of two branches. */
export type Pair<T> = readonly [T, T];

/** Applies `make` to both branches; `other` is the index of the one that looks on. */
export function forBoth<T>(make: (own: 0 | 1, other: 0 | 1) => T): Pair<T> {
  return [make(0, 1), make(1, 0)];
}

/** A term for each branch, in order, by its name. */
export function termsForBoth(
  name: (own: 0 | 1) => string,
  make: (own: 0 | 1, other: 0 | 1, name: string) => Term,
): Terms {
  return Object.fromEntries(forBoth((own, other) => [name(own), make(own, other, name(own))] as const));
}

/**
 * Tells the share of pixels, `conflict`, that the branches label differently.
 *
 * @param mask Gives a u32 map [N, H, W]: a pixel of 0 takes no part.
 */
export function tellConflict(step: Step, [one, other]: Pair<Labeling>, mask: () => Tensor): void {
  const weights = { agreeConfident: 0, agreeUnconfident: 0, conflictConfident: 1, conflictUnconfident: 1 };
  step.tell("conflict", () => {
    const maps = { ...one, otherLabels: other.labels };
    return share(step, conflictWeights(step.graph, maps, { threshold: 0, weights }), { mask: mask() });
  });
}

/**
 * Cross-entropy of each branch with the labels, `ce1` and `ce2`.
 *
 * @param weight Of each.
 * @param mining With it, only the pixels that are hard for the branch may take part.
 */
export function supervisedTerms(
  step: Step,
  seen: Pair<Scores>,
  labels: Tensor,
  weight: number,
  mining?: MiningOptions,
): Terms {
  return termsForBoth((own) => `ce${own + 1}`, (own, _, name) => {
    const learned = mining ? minedLabels(step, seen[own], labels, mining) : labels;
    return { loss: supervise(step, name, seen[own], learned), weight };
  });
}
