/** What a training is given: its images, and what an earlier training has left. @module */
import type { ArtifactKind, Wire, Wires } from "../../pipeline/mod.ts";
import { policyKind, type ViewsKinds } from "../augment.ts";
import { type PseudoLabels, pseudoLabelsKind } from "../datasets/pseudo_labels.ts";
import { imagesKind, samplesKind } from "../datasets/samples.ts";
import { type Checkpoint, checkpointKind } from "../weights/checkpoint.ts";

/** What a training may be given of an earlier one. */
export interface Earlier {
  /** Labels of the unlabeled images. */
  readonly pseudoLabels?: PseudoLabels;
  /** Weights to start from. */
  readonly start?: Checkpoint;
}

/** What `coTrain` trains on, and what it starts from. */
export interface TrainingInputs extends Wires<{ readonly views: ViewsKinds }> {
  /** Labels of the unlabeled images, as `pseudoLabel` gives them; for a method that draws `pseudoLabeled` images. */
  readonly pseudoLabels?: Wire<PseudoLabels>;
  /** Weights of an earlier training, such as its `last`, to start from in place of fresh ones. */
  readonly start?: Wire<Checkpoint>;
}

/** Kinds of what every training is given. */
export const viewsInput: { readonly views: ViewsKinds } = {
  views: { labeled: samplesKind, unlabeled: imagesKind, validation: samplesKind, policy: policyKind },
};

/** Kinds of what a training may be given besides. */
export const earlierInputs: { readonly [K in keyof Earlier]-?: ArtifactKind<NonNullable<Earlier[K]>> } = {
  pseudoLabels: pseudoLabelsKind,
  start: checkpointKind,
};

/** Names of those that are given. */
export function earlierNames(given: { readonly [K in keyof Earlier]?: unknown }): (keyof Earlier)[] {
  return (Object.keys(earlierInputs) as (keyof Earlier)[]).filter((name) => given[name] !== undefined);
}
