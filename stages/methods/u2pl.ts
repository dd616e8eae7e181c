/** U²PL: unreliable pseudo labels as negatives (Wang et al., CVPR 2022). @module */
import { drawShapes, infoNce } from "../../kernels/ops/contrast/info_nce.ts";
import { memberMeans } from "../../kernels/ops/contrast/member_means.ts";
import { ANCHOR, contrastMembers, KEY, SURE } from "../../kernels/ops/contrast/members.ts";
import { positions } from "../../kernels/ops/contrast/positions.ts";
import type { Loss } from "../../kernels/graph.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import type { AuxiliaryHead, HeadScores, ProjectionHead } from "../../models/heads.ts";
import { type BoxLaw, cutMix, halfToEven, labeled, unlabeled, weak } from "../views/specs.ts";
import { bankOf, bankState, keepKeys } from "./contrast/bank.ts";
import { defineMethod, type Method, MethodError } from "./method.ts";
import { minedLabels } from "./mining.ts";
import { auxiliaryHead, averageOf, projectionHead, trained } from "./networks.ts";
import {
  crossEntropy,
  entropy,
  label,
  labeledShare,
  mix,
  only,
  percentile,
  type Scores,
  supervise,
  times,
  where,
} from "./parts.ts";
import { type At, type DeviceScalar, type Schedule, warmedUp } from "./schedule.ts";
import type { Sizes, StateSpecs } from "./state.ts";
import type { Step, Terms } from "./step.ts";
import { type U2plInput, type U2plOptions, u2plSchema } from "./u2pl/options.ts";

/** What the networks have beside the classifier; the second where its loss counts. */
interface U2plHeads extends Record<string, ProjectionHead | AuxiliaryHead> {
  readonly rep: ProjectionHead;
}

/** Half of the crop's area, its width anything over half of the crop's (U²PL §2). */
const halfArea: BoxLaw = (stream, crop) => {
  const among = (low: number, high: number) => low + Math.floor(stream.uniform() * (high - low + 1));
  const width = among(Math.trunc(crop / 2 + 1), crop - 1), height = halfToEven(crop ** 2 / 2 / width);
  const x0 = among(0, crop - width), y0 = among(0, crop - height);
  return { x0, y0, x1: x0 + width, y1: y0 + height };
};

/** When a step begins with a copy. */
const COPIES: Readonly<Record<U2plOptions["copies"], ((at: At) => boolean) | undefined>> = {
  epoch: ({ epoch }) => epoch === 0,
  once: ({ step }) => step === 0,
  never: undefined,
};

const networks = ({ decay, start, copies, features, auxiliaryWeight }: U2plOptions) => {
  const heads: U2plHeads = {
    rep: projectionHead(features),
    ...(auxiliaryWeight > 0 && { aux: auxiliaryHead() }),
  };
  const copied = COPIES[copies];
  return {
    student: trained({ heads }),
    teacher: averageOf("student", {
      decay: warmedUp(decay),
      statistics: "own",
      start,
      ...(copied && { copies: copied }),
    }),
  };
};

const views = ({ boxProbability }: U2plOptions) => ({
  labeled: labeled({ image: weak() }),
  unlabeled: unlabeled({
    image: weak(),
    boxes: cutMix({ partner: "next", law: halfArea, perStep: boxProbability }),
  }),
});

/** What is left of the run, from 1 on, its warm-up counted; the same within an epoch. */
const left = ({ epoch, epochs, warmUpEpochs = 0 }: At) =>
  1 - (epoch + warmUpEpochs) / (epochs + warmUpEpochs);

const schedules = ({ dropPercent, lowEntropy }: U2plOptions): Record<"drop" | "low" | "high", Schedule> => ({
  drop: (at) => 100 - (100 - dropPercent) * left(at),
  low: (at) => lowEntropy * left(at),
  high: (at) => 100 - lowEntropy * left(at),
});

/** Name of the bank in the state. */
const KEYS = "keys";

function state(options: U2plOptions, { classes, batch, unlabeled }: Sizes): StateSpecs {
  const { boxProbability, contrastWeight, lowRank, features, firstQueue, queue, bankPrecision } = options;
  const refuse = (rule: string) => new MethodError(`Cannot train by method "u2pl": ${rule}`);
  if (unlabeled === 0) {
    throw refuse(
      "there are no unlabeled images, and what is its own is learned from them; give load some, or train by supervised()",
    );
  }
  if (batch === 1 && boxProbability > 0) {
    throw refuse(
      "a micro-batch of 1 image has no next one to be mixed with; raise co-train.batch, lower co-train.accumulate, or set " +
        "co-train.method.boxProbability to 0",
    );
  }
  if (contrastWeight === 0) return {};
  if (lowRank >= classes) {
    throw refuse(
      `co-train.method.lowRank is ${lowRank}, and there are ${classes} classes: none ranks so low, and no key would ever be ` +
        `kept. Set it to ${classes - 1} at most, or co-train.method.contrastWeight to 0`,
    );
  }
  const sizes = Array.from({ length: classes }, (_, c) => c === 0 ? firstQueue : queue);
  return bankState(KEYS, { features, sizes, precision: bankPrecision });
}

type U2plStep = Step<
  ReturnType<typeof networks>,
  ReturnType<typeof views>,
  "drop" | "low" | "high",
  StateSpecs
>;
type U2plPrediction = Prediction<U2plHeads>;

/**
 * A student learns the labels; what its average, the teacher, says of mixed images where it is sure enough; and to keep pixels near
 * the mean of their class, and far from those that the teacher is unsure of, but does not take for the class.
 *
 * @example
 * ```ts
 * import { augment, coTrain, load, pipeline, u2pl } from "@crossview/crossview";
 *
 * export default pipeline("unreliable", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   const method = u2pl({ as: "paper", features: 32, firstQueue: 2000, queue: 2000 });
 *   return coTrain({ views }, { method, backbone: "resnet14" });
 * });
 * ```
 */
export const u2pl: Method<U2plOptions, U2plInput, "student" | "teacher"> = defineMethod({
  name: "u2pl",
  version: 1,
  module: import.meta.url,
  options: u2plSchema,
  networks,
  views,
  schedules,
  state,
  phases: {
    warmUp(step, options) {
      const { image } = step.views.labeled;
      // Moves the teacher's statistics, and nothing else.
      step.train("teacher", { x: image });
      return supervised(step, step.train("student", { x: image }).x, labelsOf(step, options), options);
    },
  },
  terms,
  predictions: { student: "student", teacher: "teacher" },
  headline: "teacher",
});

function terms(step: U2plStep, options: U2plOptions): Terms {
  const { labeled: { image: x }, unlabeled } = step.views, { boxes } = unlabeled;
  const labels = labelsOf(step, options);
  const told = mix(step, label(step, step.evaluate("teacher", { u: unlabeled.image }).u).labels, boxes);
  const mask = options.padding === "ignored" ? mix(step, unlabeled.validity, boxes) : undefined;
  const pseudo = mask ? only(step, told, mask) : told;
  const both = { x, u: mix(step, unlabeled.image, boxes) };
  const student = step.train("student", { both }).both;
  // In training mode, on the mixed images: it tells which labels are sure, and moves the teacher's own statistics.
  const teacher = step.train("teacher", { both }).both;
  const unsure = entropy(step, teacher.u);
  const limit = (name: "drop" | "low" | "high"): DeviceScalar => {
    const found = percentile(step, unsure, step.schedules[name], mask && { mask });
    step.note(name, found.tensor);
    return found;
  };
  const kept = only(step, pseudo, where(step, unsure, "below", limit("drop")));
  step.note("pseudo", pseudo);
  step.note("kept", kept);
  const { share, inverse } = labeledShare(step, kept);
  step.tell("kept", () => share);
  // The mean over the kept pixels, by all pixels over the kept ones.
  const loss = times(step, crossEntropy(step, "unsupervised", student.u, kept), inverse);
  const { unsupervisedWeight, contrastWeight } = options;
  return {
    ...supervised(step, student.x, labels, options),
    unsupervised: { loss, weight: unsupervisedWeight },
    ...(contrastWeight > 0 && {
      contrast: {
        loss: contrast(step, options, {
          labels,
          pseudo,
          unsure,
          low: limit("low"),
          high: limit("high"),
          student,
          teacher,
        }),
        weight: contrastWeight,
      },
    }),
  };
}

/** The labels of the labeled images, padding as it is published or ignored. */
function labelsOf(step: U2plStep, { padding }: U2plOptions): Tensor {
  const { labels, validity } = step.views.labeled;
  return padding === "ignored" ? labels : only(step, labels, validity, { others: 0 });
}

/** What the labels teach: over all labeled pixels or the hard ones, which each head has of its own. */
function supervised(step: U2plStep, seen: U2plPrediction, labels: Tensor, options: U2plOptions): Terms {
  const loss = (name: string, scores: Scores): Loss =>
    supervise(step, name, scores, minedLabels(step, scores, labels, options));
  const { auxiliaryWeight } = options, aux = seen.heads.aux as HeadScores | undefined;
  return {
    ce: { loss: loss("ce", seen), weight: 1 },
    ...(aux && { aux: { loss: loss("aux", aux), weight: auxiliaryWeight } }),
  };
}

/** Two halves of a batch. */
interface Halves<Y> {
  readonly x: Y;
  readonly u: Y;
}

/** What is contrasted. */
interface Contrasted {
  readonly labels: Tensor;
  readonly pseudo: Tensor;
  readonly unsure: Tensor;
  readonly low: DeviceScalar;
  readonly high: DeviceScalar;
  readonly student: Halves<U2plPrediction>;
  readonly teacher: Halves<U2plPrediction>;
}

/** InfoNCE between the student's anchors, the teacher's means of classes, and keys of the bank (U²PL §3.3). */
function contrast(step: U2plStep, options: U2plOptions, seen: Contrasted): Loss {
  const { graph } = step, { student, teacher, labels, pseudo, unsure, low, high } = seen;
  const flags = contrastMembers(
    graph,
    { logits: teacher.x.logits, labels },
    { logits: teacher.u.logits, labels: pseudo, entropy: unsure, low, high },
    { ...options, anchor: options.anchorProbability, negative: options.negativeProbability },
  );
  const sure = positions(graph, flags, SURE), anchors = positions(graph, flags, ANCHOR);
  const keys = positions(graph, flags, KEY), bank = bankOf(step, KEYS);
  const features = { x: teacher.x.heads.rep, u: teacher.u.heads.rep };
  // Before any are drawn.
  keepKeys(step, bank, features, keys);
  const shapes = drawShapes(flags.shape[1]!, options), { temperature, pairs } = options;
  const loss = infoNce(graph, {
    features: { x: student.x.heads.rep, u: student.u.heads.rep },
    sure: sure.counts,
    anchors,
    means: memberMeans(graph, features, sure),
    bank,
    draws: {
      anchors: step.uniform("anchors", shapes.anchors, { per: "step" }),
      negatives: step.uniform("negatives", shapes.negatives, { per: "step" }),
    },
  }, { label: "contrast", temperature, pairs });
  const notes = {
    contrast: loss.value,
    sure: sure.counts,
    anchors: anchors.counts,
    keys: keys.counts,
    turns: loss.turns,
    terms: loss.partials,
  };
  for (const [name, tensor] of Object.entries(notes)) step.note(name, tensor);
  return loss;
}
