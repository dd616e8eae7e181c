/** CPS: cross pseudo supervision, plain and with CutMix (Chen et al., CVPR 2021). @module */
import { z } from "zod";
import { argMax } from "../../kernels/ops/arg_max.ts";
import { joinBatches } from "../../kernels/ops/batches.ts";
import { mixImages, mixMaps } from "../../kernels/ops/mix_boxes.ts";
import { softmaxCrossEntropy } from "../../kernels/ops/softmax_cross_entropy.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import type { Schema } from "../../pipeline/mod.ts";
import { areaShare, boxes, labeled, unlabeled, weak } from "../views/specs.ts";
import { forBoth } from "./both.ts";
import { supervisedTerms } from "./losses.ts";
import { defineMethod, type Method } from "./method.ts";
import { trained } from "./networks.ts";
import type { Step, Term, Terms } from "./step.ts";

/** Options of CPS; every one is described in its schema. */
export interface CpsOptions {
  /** Whether the unlabeled images are mixed, and labeled unmixed. */
  readonly cutMix: boolean;
  /** Weight of each of the two pseudo losses; 0 leaves them out. */
  readonly weight: number;
  /** Loss on labeled images. */
  readonly criterion: "cross-entropy" | "ohem";
  /** OHEM: a label predicted with at most this probability is hard. */
  readonly ohemThreshold: number;
  /** OHEM: at least this many labeled pixels of a batch are kept. */
  readonly ohemMinKept: number;
}

const unread = ({ criterion }: CpsOptions) => criterion === "ohem" ? undefined : "criterion is not ohem";
const mining = { unread: (options: unknown) => unread(options as CpsOptions) };

const options = z.strictObject({
  cutMix: z.boolean().default(false).describe("whether the unlabeled images are mixed, and labeled unmixed")
    .meta({ unit: "yes or no", source: "spec of CPS, §3" }),
  weight: z.number().min(0).max(1e6).default(1.5).describe(
    "weight of each of the two pseudo losses; 0 leaves them out",
  ).meta({
    unit: "factor",
    source: "spec of CPS, §4: 1.5 PASCAL, 6 Cityscapes; with CutMix 1 and 5; 0.5 for few labels",
  }),
  criterion: z.enum(["cross-entropy", "ohem"]).default("cross-entropy").describe(
    "loss on labeled images: over all labeled pixels, or over the hard ones (online hard example mining)",
  ).meta({ unit: "none", source: "spec of CPS, §4: cross-entropy PASCAL, ohem Cityscapes" }),
  ohemThreshold: z.number().positive().max(1).default(0.7).describe(
    "with criterion ohem, a label predicted with at most this probability is hard",
  ).meta({ unit: "probability", source: "spec of CPS, §4", ...mining }),
  ohemMinKept: z.int().min(0).max(2 ** 32 - 1).default(50_000).describe(
    "with criterion ohem, at least this many labeled pixels of a batch are kept; 0 mines nothing, and a batch with fewer keeps all",
  ).meta({ unit: "pixels", source: "spec of CPS, §4: 50,000 for each image of a process", ...mining }),
});

const views = {
  labeled: labeled({ image: weak() }),
  unlabeled: unlabeled({ image: weak(), boxes: boxes({ law: areaShare(0.25, 0.5), count: 3 }) }),
  /** The same photographs, cropped anew, as published. */
  second: unlabeled({ image: weak() }),
};

/** Cross pseudo supervision: each of two branches learns the other's labels. */
export const cps: Method<CpsOptions, Partial<CpsOptions>, "branch1" | "branch2"> = defineMethod({
  name: "cps",
  version: 1,
  module: import.meta.url,
  options: options as unknown as Schema<CpsOptions, Partial<CpsOptions>>,
  networks: () => ({ branch1: trained(), branch2: trained() }),
  views: () => views,
  phases: { warmUp: (step, options) => onLabels(step, labeledOf(step), options) },
  terms: (step, options) => options.cutMix ? mixed(step, options) : plain(step, options),
  predictions: { branch1: "branch1", branch2: "branch2" },
  headline: "branch1",
});

type CpsStep = Step<"branch1" | "branch2", typeof views>;

/** Spec §2: each branch labels all that the other one sees, labeled images included. */
function plain(step: CpsStep, options: CpsOptions): Terms {
  const passes = { x: step.views.labeled.image, u: step.views.unlabeled.image };
  const seen = [step.train("branch1", passes), step.train("branch2", passes)] as const;
  // Of one batch [x ; u]: the mean is over the pixels of both, padding and what has no label included.
  const both = forBoth((own) => together(step, [seen[own].x, seen[own].u]));
  const labels = forBoth((own) =>
    argMax(step.graph, both[own].logits, { ...by, size: both[own].size }).labels
  );
  const [cps1, cps2] = forBoth((own, other) => pseudo(step, own, both[own], labels[other], options));
  return { ...onLabels(step, forBoth((own) => seen[own].x), options), cps1, cps2 };
}

/** Spec §3: labels come from training-mode passes, too; statistics move in the order u0, u1, v, x. */
function mixed(step: CpsStep, options: CpsOptions): Terms {
  const { graph } = step;
  const { labeled: { image: x }, unlabeled: { image: u0, boxes }, second: { image: u1 } } = step.views;
  const v = mixImages(graph, u0, boxes, u1);
  const passes = (branch: "branch1" | "branch2") => {
    const seen = step.constant(() => step.train(branch, { u0, u1 }));
    const [own, other] = [seen.u0, seen.u1].map(({ logits, size }) =>
      argMax(graph, logits, { ...by, size }).labels
    ) as [
      Tensor,
      Tensor,
    ];
    // Boxes choose pixels: to mix the labels is to mix the logits.
    return { ...step.train(branch, { v, x }), labels: mixMaps(graph, own, boxes, other) };
  };
  const seen = [passes("branch1"), passes("branch2")] as const;
  const [cps1, cps2] = forBoth((own, other) => pseudo(step, own, seen[own].v, seen[other].labels, options));
  return { ...onLabels(step, forBoth((own) => seen[own].x), options), cps1, cps2 };
}

/** A branch learns labels, by the mean over all pixels. */
function pseudo(
  { graph }: CpsStep,
  own: 0 | 1,
  { logits, size }: Pick<Prediction, "logits" | "size">,
  labels: Tensor,
  { weight }: CpsOptions,
): Term {
  const label = `cps${own + 1}`;
  return { loss: softmaxCrossEntropy(graph, logits, labels, { label, size, denominator: "all" }), weight };
}

/** Nothing is compared with a threshold. */
const by = { confidence: "logit" } as const;

function labeledOf(step: CpsStep): readonly [Prediction, Prediction] {
  const passes = { x: step.views.labeled.image };
  return [step.train("branch1", passes).x, step.train("branch2", passes).x];
}

function onLabels(step: CpsStep, seen: readonly [Prediction, Prediction], options: CpsOptions): Terms {
  const { criterion, ohemThreshold: threshold, ohemMinKept } = options;
  const { labels } = step.views.labeled, { share = 1 } = step;
  const hard = { threshold, minKept: Math.ceil(ohemMinKept * share) };
  return supervisedTerms(step, seen, labels, 2, criterion === "ohem" ? hard : undefined);
}

function together(
  { graph }: CpsStep,
  parts: readonly [Prediction, Prediction],
): Pick<Prediction, "logits" | "size"> {
  const logits = graph.inPrecision("f32", () => joinBatches(graph, parts.map(({ logits }) => logits)));
  return { logits, size: parts[0].size };
}
