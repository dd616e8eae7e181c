/** CutMix-Seg: a mean teacher with box masks (French et al., BMVC 2020). @module */
import { z } from "zod";
import { type Distance, distances } from "../../kernels/ops/loss/consistency_loss.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import { schemaOf } from "../../pipeline/mod.ts";
import { areaShare, boxes, labeled, strong, unlabeled, weak } from "../views/specs.ts";
import { defineMethod, type Method } from "./method.ts";
import { averageOf, type Trained, trained } from "./networks.ts";
import {
  consistency,
  everyPixel,
  label,
  mix,
  nothing,
  type Scores,
  share,
  supervise,
  weigh,
  where,
} from "./parts.ts";
import { type Scalar, sigmoidRamp } from "./schedule.ts";
import type { Step, Term, Terms } from "./step.ts";

/** Parsed options; every one is described in the method's schema. */
export interface CutMixSegOptions {
  /** What the teacher keeps of itself in a step. */
  readonly decay: number;
  /** Softmax probability from which the teacher is sure, itself included; 0 switches that off. */
  readonly threshold: number;
  /** Whether the share of sure pixels weighs all of a batch, or each pixel weighs 0 or 1. */
  readonly confidence: "batch" | "pixel";
  /** What the student's prediction is held to the teacher's by. */
  readonly distance: Distance;
  /** What stands inside the boxes: another image; or the image itself, with nothing around it. */
  readonly mask: "mix" | "zero";
  /** Boxes of an image; one over another toggles. */
  readonly boxes: number;
  /** Whether the student sees other colors than the teacher. */
  readonly color: boolean;
  /** Weight of the consistency loss. */
  readonly weight: number;
  /** Epochs in which that weight rises. */
  readonly rampEpochs: number;
  /** Whether the backbone's norms keep the statistics that they start with. */
  readonly frozenNorms: boolean;
}

/** Why an option is not read, by those beside it. */
const unread = (why: (options: CutMixSegOptions) => string | undefined) => ({
  unread: (options: unknown) => why(options as CutMixSegOptions),
});

const options = schemaOf<CutMixSegOptions>()(z.strictObject({
  decay: z.number().min(0).max(1).default(0.99).describe(
    "what the teacher keeps of itself in a step: of weights, norms' parameters and running statistics",
  ).meta({ unit: "factor", source: "CutMix-Seg §2.1" }),
  threshold: z.number().min(0).max(1).default(0.97).describe(
    "softmax probability from which the teacher is sure of a pixel, itself included; 0 switches that off",
  ).meta({ unit: "probability", source: "CutMix-Seg §4" }),
  confidence: z.enum(["batch", "pixel"]).default("batch").describe(
    "whether the share of sure pixels, padding included, weighs all pixels of a batch, or each pixel weighs 0 or 1",
  ).meta({
    unit: "name",
    source: "CutMix-Seg §2; pixel by a flag",
    ...unread(({ threshold }) => threshold === 0 ? "threshold is 0" : undefined),
  }),
  distance: z.enum(distances).default("probabilities").describe(
    "what the student's prediction is held to the teacher's by, summed over classes: the squared difference of probabilities " +
      "or, over the root of their number, of logits; smooth L1 of logits; binary cross-entropies; Kullback-Leibler divergence",
  ).meta({
    unit: "name",
    source: "CutMix-Seg §2 and §2.2, where the others are flags",
  }),
  mask: z.enum(["mix", "zero"]).default("mix").describe(
    "mix: inside its boxes an image shows another one (CutMix); zero: an image shows nothing outside of them (CutOut)",
  ).meta({ unit: "name", source: "CutMix-Seg §2.2" }),
  boxes: z.int().min(1).max(64).default(1).describe("boxes of an image; where two overlap, they toggle").meta(
    {
      unit: "boxes",
      source: "CutMix-Seg §3",
    },
  ),
  color: z.boolean().default(false).describe("whether the student sees other colors than the teacher").meta({
    unit: "yes or no",
    source: "CutMix-Seg §5; by a flag of 2021, and the numbers of 2020 are without",
  }),
  weight: z.number().min(0).max(1e6).default(1).describe("weight of the consistency loss; 0 leaves it out")
    .meta({
      unit: "factor",
      source: "CutMix-Seg §4",
    }),
  rampEpochs: z.int().min(0).default(0).describe(
    "epochs E in which that weight rises, by exp(−5 · (1 − epoch / E)²); 0: it is the same throughout",
  ).meta({
    unit: "epochs",
    source: "CutMix-Seg §2.2",
    ...unread(({ threshold }) => threshold > 0 ? "threshold is not 0" : undefined),
  }),
  frozenNorms: z.boolean().default(true).describe(
    "whether the backbone's norms normalize by the running statistics that they start with, in both networks; their " +
      "parameters learn",
  ).meta({ unit: "yes or no", source: "CutMix-Seg §1; it starts from ImageNet weights" }),
}));

const views = ({ mask, boxes: count }: CutMixSegOptions) => ({
  labeled: labeled({ image: weak() }),
  unlabeled: unlabeled({
    image: weak(),
    strong: strong(),
    boxes: boxes({ law: mask === "mix" ? areaShare(0.5) : areaShare(0, 1), count }),
  }),
  second: unlabeled({ image: weak(), strong: strong() }, { images: "others" }),
});

type CutMixSegStep = Step<Record<"student" | "teacher", Trained>, ReturnType<typeof views>, "weight">;

/**
 * A student learns the labels, and from pixels put together of two images what its teacher, its own average, says of each.
 *
 * @example
 * ```ts
 * import { augment, coTrain, cutMixSeg, load, pipeline } from "@crossview/crossview";
 *
 * export default pipeline("mean-teacher", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: cutMixSeg({ frozenNorms: false }), backbone: "resnet14" });
 * });
 * ```
 */
export const cutMixSeg: Method<CutMixSegOptions, Partial<CutMixSegOptions>, "student" | "teacher"> =
  defineMethod({
    name: "cutmix-seg",
    version: 1,
    module: import.meta.url,
    options,
    networks: ({ decay, frozenNorms }: CutMixSegOptions) => ({
      student: trained({ frozenNorms: frozenNorms ? "backbone" : undefined }),
      teacher: averageOf("student", { decay }),
    }),
    views,
    schedules: ({ weight, rampEpochs }: CutMixSegOptions) => ({ weight: sigmoidRamp(weight, rampEpochs) }),
    phases: {
      warmUp(step) {
        const { image, labels } = step.views.labeled;
        return { ce: labelsTerm(step, step.train("student", { x: image }).x, labels) };
      },
    },
    terms,
    predictions: { student: "student", teacher: "teacher" },
    headline: "teacher",
  });

function terms(step: CutMixSegStep, options: CutMixSegOptions): Terms {
  const { labeled } = step.views, { mask, threshold, rampEpochs } = options;
  const { image, goal, validity } = mask === "mix" ? mixed(step, options) : cutOut(step, options);
  const { x, v } = step.train("student", { x: labeled.image, v: image });
  const weights = weigh(step, certainty(step, { logits: goal, size: v.size }, validity, options), validity);
  const loss = consistency(step, "consistency", v, goal, { distance: options.distance, weights });
  const rises = threshold === 0 && rampEpochs > 0;
  return {
    ce: labelsTerm(step, x, labeled.labels),
    consistency: { loss, weight: rises ? step.schedules.weight : options.weight },
  };
}

/** What the student sees, what the teacher says of its pixels, in logits, and which of them are of an image. */
interface Lesson {
  readonly image: Tensor;
  readonly goal: Tensor;
  readonly validity: Tensor;
}

function mixed(step: CutMixSegStep, { color }: CutMixSegOptions): Lesson {
  const { unlabeled: first, second } = step.views, { boxes } = first;
  const look = color ? "strong" : "image";
  // In training mode: by batch statistics, and they move the teacher's own running ones, which are averaged after that.
  const { u0, u1 } = step.train("teacher", { u0: first.image, u1: second.image });
  return {
    image: mix(step, first[look], boxes, second[look]),
    goal: mix(step, everyPixel(step, u0), boxes, everyPixel(step, u1)),
    validity: mix(step, first.validity, boxes, second.validity),
  };
}

function cutOut(step: CutMixSegStep, { color }: CutMixSegOptions): Lesson {
  const { unlabeled } = step.views, { boxes, validity } = unlabeled;
  const { u } = step.train("teacher", { u: unlabeled.image });
  const inside = unlabeled[color ? "strong" : "image"];
  return {
    image: mix(step, nothing(step, inside), boxes, inside),
    goal: everyPixel(step, u),
    validity: mix(step, nothing(step, validity), boxes, validity),
  };
}

/** What pixels weigh by how sure the teacher is of them, or of all: padding counts among them. */
function certainty(
  step: CutMixSegStep,
  goal: Scores,
  validity: Tensor,
  { threshold, confidence }: CutMixSegOptions,
): Scalar | Tensor {
  if (threshold === 0) return 1;
  const sure = where(step, label(step, goal).confidence, "at least", threshold);
  step.tell("confident", () => share(step, sure, { mask: validity }));
  return confidence === "pixel" ? sure : share(step, sure);
}

function labelsTerm(step: CutMixSegStep, seen: Prediction, labels: Tensor): Term {
  return { loss: supervise(step, "ce", seen, labels), weight: 1 };
}
