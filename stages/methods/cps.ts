/** CPS: cross pseudo supervision, plain and with CutMix (Chen et al., CVPR 2021). @module */
import { z } from "zod";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import { schemaOf } from "../../pipeline/mod.ts";
import { areaShare, boxes, labeled, unlabeled, weak } from "../views/specs.ts";
import { forBoth, type Pair, supervisedTerms, tellConflict } from "./both.ts";
import { defineMethod, type Method } from "./method.ts";
import { miningLeaves, type MiningOptions } from "./mining.ts";
import { type Trained, trained } from "./networks.ts";
import { crossEntropy, joined, label, type Labeling, mix, type Scores } from "./parts.ts";
import type { Step, Term, Terms } from "./step.ts";

/** Options of CPS; every one is described in its schema. */
export interface CpsOptions extends MiningOptions {
  /** Whether the unlabeled images are mixed, and labeled unmixed. */
  readonly cutMix: boolean;
  /** Weight of each of the two pseudo losses; 0 leaves them out. */
  readonly weight: number;
}

const options = schemaOf<CpsOptions>()(z.strictObject({
  cutMix: z.boolean().default(false).describe("whether the unlabeled images are mixed, and labeled unmixed")
    .meta({ unit: "yes or no", source: "CPS §3" }),
  weight: z.number().min(0).max(1e6).default(1.5).describe(
    "weight of each of the two pseudo losses; 0 leaves them out",
  ).meta({
    unit: "factor",
    source: "CPS §4: 1.5 PASCAL, 6 Cityscapes; with CutMix 1 and 5; 0.5 for few labels",
  }),
  ...miningLeaves({
    minKept: 50_000,
    sources: {
      criterion: "CPS §4: cross-entropy PASCAL, ohem Cityscapes",
      ohemThreshold: "CPS §4",
      ohemMinKept: "CPS §4: 50,000 for each image of a process",
    },
  }),
}));

const views = {
  labeled: labeled({ image: weak() }),
  unlabeled: unlabeled({ image: weak(), boxes: boxes({ law: areaShare(0.25, 0.5), count: 3 }) }),
  /** The same photographs, cropped anew, as published. */
  second: unlabeled({ image: weak() }),
};

/**
 * Cross pseudo supervision: each of two branches learns the other's labels.
 *
 * @example
 * ```ts
 * import { augment, coTrain, cps, load, pipeline } from "@crossview/crossview";
 *
 * export default pipeline("cross-pseudo", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: cps({ cutMix: true, weight: 1 }), backbone: "resnet14" });
 * });
 * ```
 */
export const cps: Method<CpsOptions, Partial<CpsOptions>, "branch1" | "branch2"> = defineMethod({
  name: "cps",
  version: 1,
  module: import.meta.url,
  options,
  networks: () => ({ branch1: trained(), branch2: trained() }),
  views: () => views,
  phases: { warmUp: (step, options) => onLabels(step, labeledOf(step), options) },
  terms: (step, options) => options.cutMix ? mixed(step, options) : plain(step, options),
  predictions: { branch1: "branch1", branch2: "branch2" },
  headline: "branch1",
});

type CpsStep = Step<Record<"branch1" | "branch2", Trained>, typeof views>;

/** CPS §2: each branch labels all that the other one sees, labeled images included. */
function plain(step: CpsStep, options: CpsOptions): Terms {
  const passes = { x: step.views.labeled.image, u: step.views.unlabeled.image };
  const seen = [step.train("branch1", passes), step.train("branch2", passes)] as const;
  // Of one batch [x ; u]: the mean is over the pixels of both, padding and what has no label included.
  const both = forBoth((own) => joined(step, [seen[own].x, seen[own].u]));
  const told = forBoth((own) => labeling(step, both[own]));
  tellConflict(step, told, () => joined(step, [step.views.labeled.validity, step.views.unlabeled.validity]));
  const [cps1, cps2] = forBoth((own, other) => pseudo(step, own, both[own], told[other].labels, options));
  return { ...onLabels(step, forBoth((own) => seen[own].x), options), cps1, cps2 };
}

/** CPS §3: labels come from training-mode passes, too; statistics move in the order u0, u1, v, x. */
function mixed(step: CpsStep, options: CpsOptions): Terms {
  const { labeled: { image: x }, unlabeled: { image: u0, boxes }, second: { image: u1 } } = step.views;
  const v = mix(step, u0, boxes, u1);
  const passes = (branch: "branch1" | "branch2") => {
    const seen = step.constant(() => step.train(branch, { u0, u1 }));
    const own = labeling(step, seen.u0), other = labeling(step, seen.u1);
    // Boxes choose pixels: to mix the labels is to mix the logits.
    return { ...step.train(branch, { v, x }), own, labels: mix(step, own.labels, boxes, other.labels) };
  };
  const seen = [passes("branch1"), passes("branch2")] as const;
  tellConflict(step, [seen[0].own, seen[1].own], () => step.views.unlabeled.validity);
  const [cps1, cps2] = forBoth((own, other) => pseudo(step, own, seen[own].v, seen[other].labels, options));
  return { ...onLabels(step, forBoth((own) => seen[own].x), options), cps1, cps2 };
}

/** A branch learns labels, by the mean over all pixels. */
function pseudo(step: CpsStep, own: 0 | 1, seen: Scores, labels: Tensor, { weight }: CpsOptions): Term {
  return { loss: crossEntropy(step, `cps${own + 1}`, seen, labels, { denominator: "all" }), weight };
}

/** Nothing is compared with a threshold. */
function labeling(step: CpsStep, seen: Scores): Labeling {
  return label(step, seen, "logit");
}

function labeledOf(step: CpsStep): Pair<Prediction> {
  const passes = { x: step.views.labeled.image };
  return [step.train("branch1", passes).x, step.train("branch2", passes).x];
}

function onLabels(step: CpsStep, seen: Pair<Prediction>, options: CpsOptions): Terms {
  return supervisedTerms(step, seen, step.views.labeled.labels, 1, options);
}
