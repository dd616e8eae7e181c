/** UniMatch: weak-to-strong consistency in images and in features (Yang et al., CVPR 2023). @module */
import { z } from "zod";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction, Taps } from "../../models/deeplabv3plus.ts";
import { schemaOf } from "../../pipeline/mod.ts";
import { boxes, cutMix, labeled, type Partner, strong, unlabeled, weak } from "../views/specs.ts";
import { defineMethod, type Method } from "./method.ts";
import { minedLabels, miningLeaves, type MiningOptions } from "./mining.ts";
import { type Trained, trained } from "./networks.ts";
import { crossEntropy, label, mix, only, share, supervise, where } from "./parts.ts";
import type { Step, Term, Terms } from "./step.ts";

/** Parsed options; every one is described in the method's schema. */
export interface UniMatchOptions extends MiningOptions {
  /** Softmax probability from which a label counts, itself included. */
  readonly threshold: number;
  /** Which image of the second draw stands inside a box. */
  readonly partner: Partner;
  /** How often a strong view has a box. */
  readonly boxProbability: number;
  /** Probability that a channel of a backbone's output is dropped. */
  readonly dropout: number;
}

const options = schemaOf<UniMatchOptions>()(z.strictObject({
  threshold: z.number().min(0).max(1).default(0.95).describe(
    "softmax probability from which a label counts, itself included; pixels below it stay in the mean's denominator",
  ).meta({ unit: "probability", source: "published code: 0.95 for VOC, 0 for Cityscapes" }),
  partner: z.enum(["same place", "reversed", "next", "permutation"]).default("same place").describe(
    "which image of the second draw stands inside a box: the same photograph, cropped anew; or that of another place",
  ).meta({
    unit: "name",
    source: "published code: both of its samplers give one order; its authors on issues 34, 51",
  }),
  boxProbability: z.number().min(0).max(1).default(0.5).describe(
    "how often a strong view has a box, in place of the policy's cutmix.probability",
  ).meta({ unit: "probability", source: "published code" }),
  dropout: z.number().min(0).lt(1).default(0.5).describe(
    "probability that a channel of what the decoder is given is dropped, in the second of its two looks at the weak view",
  ).meta({ unit: "probability", source: "published code" }),
  ...miningLeaves({
    minKept: 200_000,
    sources: {
      criterion: "published code: cross-entropy for VOC, ohem for Cityscapes",
      ohemThreshold: "published code, Cityscapes",
      ohemMinKept: "published code, Cityscapes, where a batch is the two crops of a process",
    },
  }),
}));

const views = ({ partner, boxProbability: probability }: UniMatchOptions) => {
  const mixing = partner === "same place" ? boxes({ probability }) : cutMix({ partner, probability });
  return {
    labeled: labeled({ image: weak() }),
    unlabeled: unlabeled({
      image: weak(),
      strong1: strong(),
      strong2: strong(),
      boxes1: mixing,
      boxes2: mixing,
    }),
    partner: unlabeled({ image: weak(), strong1: strong(), strong2: strong() }),
  };
};
type UniMatchStep = Step<Record<"student", Trained>, ReturnType<typeof views>>;

/**
 * UniMatch, version 1: the weak view labels two strong, mixed views, and itself decoded with channels dropped.
 *
 * @example
 * ```ts
 * import { augment, coTrain, load, pipeline, unimatch } from "@crossview/crossview";
 *
 * export default pipeline("weak-to-strong", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: unimatch({ threshold: 0.9 }), backbone: "resnet14" });
 * });
 * ```
 */
export const unimatch: Method<UniMatchOptions, Partial<UniMatchOptions>, "student"> = defineMethod({
  name: "unimatch",
  version: 1,
  module: import.meta.url,
  options,
  networks: () => ({ student: trained() }),
  views,
  phases: {
    warmUp(step, options) {
      const { image, labels } = step.views.labeled;
      return { ce: labelsTerm(step, step.train("student", { labeled: image }).labeled, labels, 1, options) };
    },
  },
  terms,
  predictions: { student: "student" },
  headline: "student",
});

function terms(step: UniMatchStep, options: UniMatchOptions): Terms {
  const { labeled, unlabeled, partner } = step.views;
  const { boxes1, boxes2 } = unlabeled;
  // By the running statistics that the last step has left; one's own labels come of the batch's.
  const theirs = label(step, step.evaluate("student", { partner: partner.image }).partner);
  const taps = step.backbone("student", {
    clean: { labeled: labeled.image, unlabeled: unlabeled.image },
    strong: {
      strong1: mix(step, unlabeled.strong1, boxes1, partner.strong1),
      strong2: mix(step, unlabeled.strong2, boxes2, partner.strong2),
    },
  });
  const dropped = (name: keyof typeof taps.clean): Taps => {
    const { low, high, ...rest } = taps.clean[name], probability = options.dropout;
    return {
      ...rest,
      low: step.dropChannels(low, { probability, stream: `${name}/low` }),
      high: step.dropChannels(high, { probability, stream: `${name}/high` }),
    };
  };
  const { clean, strong } = step.train("student", {
    // Nothing learns from the labeled images' dropped half; the statistics of the decoder are over it, too.
    clean: { ...taps.clean, labeledDropped: dropped("labeled"), unlabeledDropped: dropped("unlabeled") },
    strong: taps.strong,
  });
  const ours = label(step, clean.unlabeled);
  step.tell("confident", () => {
    const sure = where(step, ours.confidence, "at least", options.threshold);
    return share(step, sure, { mask: unlabeled.validity });
  });
  const consistency = (name: string, seen: Prediction, weight: number, boxes?: Tensor): Term => {
    const mixed = (own: Tensor, inner: Tensor) => boxes ? mix(step, own, boxes, inner) : own;
    const labels = mixed(ours.labels, theirs.labels);
    const loss = crossEntropy(step, name, seen, {
      labels: only(step, labels, mixed(unlabeled.validity, partner.validity)),
      weights: where(step, mixed(ours.confidence, theirs.confidence), "at least", options.threshold),
    });
    return { loss, weight };
  };
  return {
    ce: labelsTerm(step, clean.labeled, labeled.labels, 1 / 2, options),
    strong1: consistency("strong1", strong.strong1, 1 / 8, boxes1),
    strong2: consistency("strong2", strong.strong2, 1 / 8, boxes2),
    dropped: consistency("dropped", clean.unlabeledDropped, 1 / 4),
  };
}

/** What the labels teach, over all labeled pixels or the hard ones. */
function labelsTerm(
  step: UniMatchStep,
  seen: Prediction,
  labels: Tensor,
  weight: number,
  options: UniMatchOptions,
): Term {
  return { loss: supervise(step, "ce", seen, minedLabels(step, seen, labels, options)), weight };
}
