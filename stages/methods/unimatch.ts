/** UniMatch: weak-to-strong consistency in images and in features (Yang et al., CVPR 2023). @module */
import { z } from "zod";
import { argMax } from "../../kernels/ops/arg_max.ts";
import { atLeast } from "../../kernels/ops/at_least.ts";
import { maskLabels } from "../../kernels/ops/mask_labels.ts";
import { mixImages, mixMaps } from "../../kernels/ops/mix_boxes.ts";
import { ohemLabels } from "../../kernels/ops/ohem.ts";
import { softmaxCrossEntropy } from "../../kernels/ops/softmax_cross_entropy.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction, Taps } from "../../models/deeplabv3plus.ts";
import type { Schema } from "../../pipeline/mod.ts";
import { boxes, cutMix, labeled, type Partner, strong, unlabeled, weak } from "../views/specs.ts";
import { defineMethod, type Method } from "./method.ts";
import { trained } from "./networks.ts";
import type { Step, Term, Terms } from "./step.ts";

/** Parsed options; every one is described in the method's schema. */
export interface UniMatchOptions {
  /** Softmax probability from which a label counts, itself included. */
  readonly threshold: number;
  /** Which image of the second draw stands inside a box. */
  readonly partner: Partner;
  /** How often a strong view has a box. */
  readonly boxProbability: number;
  /** Probability that a channel of a backbone's output is dropped. */
  readonly dropout: number;
  /** Loss on labeled images. */
  readonly criterion: "cross-entropy" | "ohem";
  /** OHEM: a label predicted with at most this probability is hard. */
  readonly ohemThreshold: number;
  /** OHEM: at least this many labeled pixels of a batch are kept. */
  readonly ohemMinKept: number;
}

const unreadWithoutOhem = ({ criterion }: UniMatchOptions) =>
  criterion === "ohem" ? undefined : "criterion is not ohem";

const options = z.strictObject({
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
  criterion: z.enum(["cross-entropy", "ohem"]).default("cross-entropy").describe(
    "loss on labeled images: over all labeled pixels, or over the hard ones (online hard example mining)",
  ).meta({ unit: "none", source: "published code: cross-entropy for VOC, ohem for Cityscapes" }),
  ohemThreshold: z.number().positive().max(1).default(0.7).describe(
    "with criterion ohem, a label predicted with at most this probability is hard",
  ).meta({ unit: "probability", source: "published code, Cityscapes", unread: unreadWithoutOhem }),
  ohemMinKept: z.int().min(0).max(2 ** 32 - 1).default(200_000).describe(
    "with criterion ohem, at least this many labeled pixels of a batch are kept; 0 mines nothing, and a batch with fewer keeps all",
  ).meta({
    unit: "pixels",
    source: "published code, Cityscapes, where a batch is the two crops of a process",
    unread: unreadWithoutOhem,
  }),
});

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
type UniMatchStep = Step<"student", ReturnType<typeof views>>;

/** UniMatch, version 1: the weak view labels two strong, mixed views, and itself decoded with channels dropped. */
export const unimatch: Method<UniMatchOptions, Partial<UniMatchOptions>, "student"> = defineMethod({
  name: "unimatch",
  version: 1,
  module: import.meta.url,
  options: options as unknown as Schema<UniMatchOptions, Partial<UniMatchOptions>>,
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
  const { graph, views: { labeled, unlabeled, partner } } = step;
  const { boxes1, boxes2 } = unlabeled;
  // By the running statistics that the last step has left; one's own labels come of the batch's.
  const theirs = labelsOf(step, step.evaluate("student", { partner: partner.image }).partner);
  const taps = step.backbone("student", {
    clean: { labeled: labeled.image, unlabeled: unlabeled.image },
    strong: {
      strong1: mixImages(graph, unlabeled.strong1, boxes1, partner.strong1),
      strong2: mixImages(graph, unlabeled.strong2, boxes2, partner.strong2),
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
  const ours = labelsOf(step, clean.unlabeled);
  const consistency = (label: string, seen: Prediction, weight: number, boxes?: Tensor): Term => {
    const mixed = (own: Tensor, inner: Tensor) => boxes ? mixMaps(graph, own, boxes, inner) : own;
    const labels = mixed(ours.labels, theirs.labels);
    const loss = softmaxCrossEntropy(
      graph,
      seen.logits,
      maskLabels(graph, labels, mixed(unlabeled.validity, partner.validity)),
      {
        label,
        size: seen.size,
        denominator: "valid",
        weights: atLeast(graph, mixed(ours.confidence, theirs.confidence), options.threshold),
      },
    );
    return { loss, weight };
  };
  return {
    ce: labelsTerm(step, clean.labeled, labeled.labels, 1 / 2, options),
    strong1: consistency("strong1", strong.strong1, 1 / 8, boxes1),
    strong2: consistency("strong2", strong.strong2, 1 / 8, boxes2),
    dropped: consistency("dropped", clean.unlabeledDropped, 1 / 4),
  };
}

/** Arg-max and its softmax probability. */
function labelsOf({ graph }: UniMatchStep, { logits, size }: Prediction) {
  return argMax(graph, logits, { confidence: "probability", size });
}

/** What the labels teach, over all labeled pixels or the hard ones. */
function labelsTerm(
  { graph, share = 1 }: UniMatchStep,
  { logits, size }: Prediction,
  labels: Tensor,
  weight: number,
  { criterion, ohemThreshold: threshold, ohemMinKept }: UniMatchOptions,
): Term {
  const minKept = Math.ceil(ohemMinKept * share);
  const mined = criterion === "ohem"
    ? ohemLabels(graph, logits, labels, { threshold, minKept, size })
    : labels;
  return {
    loss: softmaxCrossEntropy(graph, logits, mined, { label: "ce", size, denominator: "valid" }),
    weight,
  };
}
