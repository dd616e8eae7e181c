/** AEL: adaptive equalization learning (Hu et al., NeurIPS 2021). @module */
import { classMeans } from "../../kernels/ops/class/class_means.ts";
import { moveConfidence } from "../../kernels/ops/class/confidence_bank.ts";
import { noteClasses } from "../../kernels/ops/class/class_index.ts";
import { componentBoxes, mostComponents } from "../../kernels/ops/component/component_boxes.ts";
import { labelProbabilities } from "../../kernels/ops/label/ohem.ts";
import { classMask } from "../../kernels/ops/map/class_mask.ts";
import { paste } from "../../kernels/ops/map/paste.ts";
import { sampledWeights } from "../../kernels/ops/map/sampled_weights.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import { areaShare, boxes, labeled, unlabeled, weak } from "../views/specs.ts";
import { chooseImages, pastable } from "./ael/choice.ts";
import { type AelOptions, aelSchema } from "./ael/options.ts";
import { defineMethod, type Method, MethodError } from "./method.ts";
import { minedLabels } from "./mining.ts";
import { auxiliaryHead, averageOf, trained } from "./networks.ts";
import {
  crossEntropy,
  label,
  type Labeling,
  mix,
  only,
  type Scores,
  share,
  supervise,
  weigh,
  where,
} from "./parts.ts";
import { warmedUp } from "./schedule.ts";
import type { Sizes } from "./state.ts";
import type { Step, Term, Terms } from "./step.ts";

export type { AelOptions };

const networks = ({ decay }: AelOptions) => ({
  student: trained({ heads: { aux: auxiliaryHead() } }),
  teacher: averageOf("student", { decay: warmedUp(decay), statistics: "own", start: "own" }),
});

const shareOf = ({ mixed }: AelOptions) => mixed === "all" ? 1 : 1 / 2;

const views = (options: AelOptions) => {
  const half = { images: "chosen", share: shareOf(options) } as const;
  const zoom = { scale: options.pasteScale, antialias: false };
  return {
    labeled: labeled({ image: weak() }),
    /** What is pasted from. */
    partner: labeled({ image: weak() }, { images: "chosen", zoom }),
    /** What is around a box, and what is inside; a box of half the crop is for images without a component. */
    first: unlabeled({ image: weak() }, half),
    second: unlabeled({ image: weak(), boxes: boxes({ law: areaShare(0.5) }) }, half),
  };
};

const state = (options: AelOptions, { classes, batch, unlabeled }: Sizes) => {
  if (options.pasted > 0 && pastable(classes, options).length === 0) {
    throw new MethodError(
      `Cannot paste classes: co-train.method.neverPasted, ${
        options.neverPasted.join(", ")
      }, leaves none of ${classes} to be ` +
        "drawn. Name fewer, or set co-train.method.pasted to 0",
    );
  }
  // Of a share that is no whole number of images, the views say so.
  const mixed = Math.ceil(batch * shareOf(options));
  return {
    /** How sure the student is of each class. */
    confidence: { shape: [classes], start: options.confidenceStart, fold: "moved" as const },
    /** 1 where an unlabeled image holds a class. */
    index: { shape: [classes, Math.max(1, unlabeled)] },
    /** Not 0: the class is pasted in this step; the labeled image has a partner. */
    pasted: { shape: [classes] },
    partners: { shape: [batch] },
    /** The class that is cut out of each second image; and which images stand in the step, by turns of the first and second. */
    wanted: { shape: [mixed] },
    places: { shape: [2 * mixed] },
  };
};

type AelStep = Step<ReturnType<typeof networks>, ReturnType<typeof views>, never, ReturnType<typeof state>>;

/**
 * A mean teacher that turns to the classes that the student is least sure of: they are pasted into labeled images, cut out for
 * mixed ones, and sampled more.
 *
 * @example
 * ```ts
 * import { ael, augment, coTrain, load, pipeline } from "@crossview/crossview";
 *
 * export default pipeline("equalized", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: ael({ neverPasted: [0], weight: 1 }), backbone: "resnet14" });
 * });
 * ```
 */
export const ael: Method<AelOptions, Partial<AelOptions>, "student" | "teacher"> = defineMethod({
  name: "ael",
  version: 1,
  module: import.meta.url,
  options: aelSchema,
  networks,
  views,
  state,
  choice: {
    reads: ["confidence", "index"],
    choose: (state, step, options: AelOptions) => chooseImages(state, step, options),
  },
  phases: {
    warmUp(step, options) {
      const { image, labels } = step.views.labeled;
      return labelsTerms(step, step.train("student", { labeled: image }).labeled, labels, options);
    },
  },
  terms,
  predictions: { student: "student", teacher: "teacher" },
  headline: "teacher",
});

function terms(step: AelStep, options: AelOptions): Terms {
  const { graph, views: { first, second } } = step, { weight, consistencyWeight } = options;
  const x = pastedInto(step, options);
  // In training mode: by batch statistics, of the labeled images, then of both unlabeled ones together.
  const told = step.train("teacher", {
    labeled: x.image,
    pair: { first: first.image, second: second.image },
  });
  const labeling = (scores: Scores, validity: Tensor): Labeling => {
    const { labels, confidence } = label(step, scores);
    return { labels: only(step, labels, validity), confidence };
  };
  const one = labeling(told.pair.first, first.validity), two = labeling(told.pair.second, second.validity);
  const [images, height, width] = two.labels.shape as [number, number, number];
  const box = componentBoxes(graph, two.labels, {
    wanted: step.state.wanted,
    share: options.boxArea,
    draws: step.uniform("component", [images, mostComponents(height, width)]),
    otherwise: second.boxes,
  });
  const { threshold } = options;
  step.tell("confidence", () => share(step, one.confidence, { mask: first.validity }));
  if (threshold > 0) {
    step.tell("confident", () => {
      const sure = where(step, one.confidence, "at least", threshold);
      return share(step, sure, { mask: first.validity });
    });
  }
  step.note("boxes", box);
  const seen = { labels: [one.labels, two.labels], images: step.state.places };
  noteClasses(graph, step.state.index, seen, options.indexArea);
  const student = step.train("student", { labeled: x.image }).labeled;
  // A call of its own: there may be fewer mixed images than labeled ones.
  const mixed = step.train("student", { mixed: mix(step, first.image, box, second.image) }).mixed;
  const rates = movedConfidence(step, student, x.labels, options);
  const consistency = (name: string, seen: Prediction, target: Labeling, validity: Tensor): Term => {
    const weights = pixelWeights(step, name, seen, target, validity, { rates, options });
    const sure = threshold > 0 ? where(step, target.confidence, "at least", threshold) : validity;
    const denominator = options.denominator === "all" ? "all weights" : "weights";
    const loss = crossEntropy(
      step,
      name,
      seen,
      { labels: only(step, target.labels, sure), weights },
      { denominator },
    );
    return { loss, weight: weight * consistencyWeight };
  };
  return {
    ...labelsTerms(step, student, x.labels, options),
    consistency_labeled: consistency(
      "consistency_labeled",
      student,
      labeling(told.labeled, x.validity),
      x.validity,
    ),
    consistency_mixed: consistency(
      "consistency_mixed",
      mixed,
      mix(step, one, box, two),
      mix(step, first.validity, box, second.validity),
    ),
  };
}

/** Labeled images with pixels of other ones, where these are of a class that is pasted. */
function pastedInto({ graph, views: { labeled, partner }, state, note }: AelStep, { pasted }: AelOptions) {
  if (pasted === 0) return labeled;
  const mask = classMask(graph, partner.labels, { classes: state.pasted, images: state.partners });
  const put = (own: Tensor, inner: Tensor) => paste(graph, own, inner, mask);
  const labels = put(labeled.labels, partner.labels);
  note("pasted", mask);
  note("labels", labels);
  return {
    image: put(labeled.image, partner.image),
    labels,
    validity: put(labeled.validity, partner.validity),
  };
}

/** What the labels teach the student, and its auxiliary head: each by the pixels that are hard for it. */
function labelsTerms(
  step: Pick<AelStep, "graph" | "share" | "classWeights">,
  { heads: { aux }, ...seen }: Prediction<{ readonly aux: ReturnType<typeof auxiliaryHead> }>,
  labels: Tensor,
  options: AelOptions,
): Terms {
  const of = (name: string, scores: Scores, weight: number): Term => ({
    loss: supervise(step, name, scores, minedLabels(step, scores, labels, options)),
    weight: options.weight * weight,
  });
  return { ce: of("ce", seen, 1), aux: of("aux", aux, options.auxiliaryWeight) };
}

/** Takes into the bank how sure the student is of each class's pixels; gives the share of each that is kept then. */
function movedConfidence(
  { graph, state: { confidence: bank }, share = 1, note }: AelStep,
  { logits, size }: Scores,
  labels: Tensor,
  { momentum, absent }: AelOptions,
): Tensor {
  const sure = labelProbabilities(graph, logits, labels, { size });
  const seen = classMeans(graph, sure, labels, bank.shape[0]!);
  note("class confidence", seen.means);
  // Of several micro-batches each moves it by its share.
  return moveConfidence(graph, bank, seen, { keep: 1 - (1 - momentum) * share, absent });
}

/** What pixels weigh: a power of the teacher's confidence, 0 where their class, as the student sees it, is left out. */
function pixelWeights(
  step: AelStep,
  name: string,
  seen: Scores,
  target: Labeling,
  validity: Tensor,
  { rates, options: { power, sampling } }: { readonly rates: Tensor; readonly options: AelOptions },
): Tensor {
  const sampledBy = () => {
    const { labels } = label(step, seen), [, ...image] = labels.shape, [classes] = rates.shape;
    return { labels, rates, draws: step.uniform(name, [classes!, ...image], { per: "step" }) };
  };
  const weights = sampledWeights(step.graph, target.confidence, {
    power,
    sampling: sampling ? sampledBy() : undefined,
  });
  step.note(`${name} confidence`, target.confidence);
  step.note(`${name} weights`, weights);
  return weigh(step, weights, validity);
}
