/** PseudoSeg: labels fused of a decoder and of what an image classifier attends to (Zou et al., ICLR 2021). @module */
import { z } from "zod";
import { labelTags, scoreTags } from "../../kernels/ops/attention/image_tags.ts";
import { resizeBilinear } from "../../kernels/ops/feature/resize_bilinear.ts";
import { calibratedFusion } from "../../kernels/ops/soft_label/calibrated_fusion.ts";
import { sigmoidCrossEntropy } from "../../kernels/ops/soft_label/sigmoid_cross_entropy.ts";
import { softCrossEntropy } from "../../kernels/ops/soft_label/soft_cross_entropy.ts";
import { nearest } from "../../kernels/ops/view/nearest.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction, Taps } from "../../models/deeplabv3plus.ts";
import { schemaOf } from "../../pipeline/mod.ts";
import { type Box, boxes, type BoxLaw, labeled, strong, unlabeled, weak } from "../views/specs.ts";
import { defineMethod, type Method, MethodError } from "./method.ts";
import { trained } from "./networks.ts";
import { mix, nothing, share, supervise, weigh, where } from "./parts.ts";
import { attentionOver, imageClassifier } from "./pseudoseg/modules.ts";
import type { Step, Term, Terms } from "./step.ts";

/** Parsed options; every one is described in the method's schema. */
export interface PseudoSegOptions {
  /** Whether a pixel is taught the fused distribution, sharpened, or its highest class. */
  readonly labels: "soft" | "hard";
  /** Temperature of the sharpening. */
  readonly temperature: number;
  /** Probability from which a pixel counts, itself included. */
  readonly threshold: number;
  /** Whether all logits are brought to one scale before they are fused. */
  readonly calibrated: boolean;
  /** Weight of what the unlabeled images teach. */
  readonly weight: number;
  /** Half the side of the square that a strong view lacks. */
  readonly hole: number;
  /** Channels of the attention's keys and queries. */
  readonly attentionChannels: number;
  /** Share of a batch in the running statistics of the backbone. */
  readonly backboneMomentum: number;
  /** And in those of the decoder. */
  readonly decoderMomentum: number;
}

const momentum = (of: string) =>
  z.number().min(0).max(1).describe(`share of a batch in the new running statistics of the ${of}`);

const options = schemaOf<PseudoSegOptions>()(z.strictObject({
  labels: z.enum(["soft", "hard"]).default("soft").describe(
    "what a pixel is taught: the fused distribution, sharpened; or its highest class",
  ).meta({ unit: "name", source: "PseudoSeg §6" }),
  temperature: z.number().positive().default(0.5).describe("temperature T of the sharpening, p^(1/T)").meta({
    unit: "factor",
    source: "PseudoSeg §4",
    unread: (options: unknown) =>
      (options as PseudoSegOptions).labels === "hard" ? "labels are hard" : undefined,
  }),
  threshold: z.number().min(0).max(1).default(0).describe(
    "probability of the highest class from which a pixel counts, itself included: of what is taught, or of the fused " +
      "distribution where labels are hard; pixels below it stay in the mean's denominator",
  ).meta({ unit: "probability", source: "PseudoSeg §6" }),
  calibrated: z.boolean().default(true).describe(
    "whether the logits of decoder and attention are divided by the root of the mean of all their squares before they are fused",
  ).meta({ unit: "yes or no", source: "PseudoSeg §4" }),
  weight: z.number().min(0).max(1e6).default(1).describe("weight of the consistency loss; 0 leaves it out")
    .meta({
      unit: "factor",
      source: "PseudoSeg §5",
    }),
  hole: z.int().min(0).default(50).describe(
    "half the side of the square that a strong view lacks, cut off at the crop's border; 0 for none",
  ).meta({ unit: "pixels", source: "PseudoSeg §7" }),
  attentionChannels: z.int().min(1).max(4096).default(128).describe(
    "channels of the attention's keys and queries",
  )
    .meta({ unit: "channels", source: "PseudoSeg §3" }),
  backboneMomentum: momentum("backbone").default(0.05).meta({
    unit: "factor",
    source: "PseudoSeg §8, for ResNet",
  }),
  decoderMomentum: momentum("decoder").default(3e-4).meta({ unit: "factor", source: "PseudoSeg §8" }),
}));

const networks = ({ attentionChannels, backboneMomentum, decoderMomentum }: PseudoSegOptions) => ({
  student: trained({
    modules: { image_classifier: imageClassifier, attention: attentionOver(attentionChannels) },
    norms: { backbone: { momentum: backboneMomentum }, head: { momentum: decoderMomentum } },
  }),
});

const views = ({ hole }: PseudoSegOptions) => ({
  labeled: labeled({ image: weak() }),
  unlabeled: unlabeled({ image: weak(), strong: strong(), hole: boxes({ law: squareAround(hole) }) }),
});

/** What its steps work on. */
export type PseudoSegStep = Step<ReturnType<typeof networks>, ReturnType<typeof views>>;

/**
 * PseudoSeg: the decoder's view of an unlabeled image and what an image classifier attends to in it make one distribution, which
 * the decoder learns on the image with other colors and a hole.
 *
 * @example
 * ```ts
 * import { augment, coTrain, load, pipeline, pseudoSeg } from "@crossview/crossview";
 *
 * export default pipeline("fused-labels", () => {
 *   const views = augment({ data: load({ dataset: "shapes" }) }, { crop: 48 });
 *   return coTrain({ views }, { method: pseudoSeg({ hole: 6 }), backbone: "resnet14" });
 * });
 * ```
 */
export const pseudoSeg: Method<PseudoSegOptions, Partial<PseudoSegOptions>, "student"> = defineMethod({
  name: "pseudoseg",
  version: 1,
  module: import.meta.url,
  options,
  networks,
  views,
  phases: {
    warmUp: (step) => learnLabels(step, step.train("student", { labeled: step.views.labeled.image }).labeled),
  },
  terms(step, options) {
    const { shape: [, crop] } = step.views.unlabeled.image;
    if (2 * options.hole < crop!) return pseudoSegTerms(step, options);
    throw new MethodError(
      `Cannot cut holes of ${
        2 * options.hole
      } pixels a side from crops of ${crop}: around the center nothing would be left to ` +
        `learn. Set co-train.method.hole below ${Math.ceil(crop! / 2)}; a tenth of the crop is as published`,
    );
  },
  predictions: { student: "student" },
  headline: "student",
});

/**
 * The main step.
 *
 * @param tags f32[N, 1, 1, classes − 1], 1 or 0: the classes of the unlabeled images, where they are known. The classifier then
 *   learns these, and no others (PseudoSeg §6).
 */
export function pseudoSegTerms(step: PseudoSegStep, options: PseudoSegOptions, tags?: Tensor): Terms {
  const { labeled: { image }, unlabeled } = step.views;
  const strongImage = mix(step, unlabeled.strong, unlabeled.hole, nothing(step, unlabeled.strong));
  const validity = mix(step, unlabeled.validity, unlabeled.hole, nothing(step, unlabeled.validity));
  // By the statistics that the last step has left; the passes below move them: weak, strong, labeled, labeled.
  const { taps } = step.evaluate("student", unlabeled.image).features;
  const told = tags && tagsTerm(step, step.backbone("student", { tagged: unlabeled.image }).tagged, tags);
  const { logits } = step.constant(() => step.train("student", { weak: unlabeled.image })).weak;
  const seen = step.train("student", { strong: strongImage, labeled: image });
  const counted = sized(step, validity, logits);
  const fused = step.constant(() => {
    const { scores, maps } = step.apply("student", "image_classifier", taps);
    const found = tags ?? scoreTags(step.graph, scores);
    const activations = maps(found);
    const attended = step.apply("student", "attention", { taps, maps: activations, validity: counted });
    const [, height, width] = logits.shape as [number, number, number, number];
    const other = step.graph.inPrecision(
      "f32",
      () => resizeBilinear(step.graph, attended.logits, height, width),
    );
    noteAll(step, "unlabeled", { scores, tags: found, activations, ...attended });
    return calibratedFusion(step.graph, logits, other, {
      calibrated: options.calibrated,
      temperature: options.labels === "hard" ? "hard" : options.temperature,
    });
  });
  step.note("fused", fused.fused);
  step.note("target", fused.targets);
  step.note("valid", counted);
  if (fused.squares) step.note("squares", fused.squares.tensor);
  step.tell("confidence", () => share(step, fused.confidence, { mask: counted }));
  const sure = options.threshold > 0 ? where(step, fused.confidence, "at least", options.threshold) : 1;
  const weights = weigh(step, sure, counted);
  if (options.threshold > 0) step.tell("confident", () => share(step, weights, { mask: counted }));
  step.note("kept", weights);
  const consistency = softCrossEntropy(step.graph, seen.strong.logits, fused.targets, {
    label: "consistency",
    weights,
    counted,
  });
  const { tags: own, ...others } = learnLabels(step, seen.labeled);
  return { ...others, tags: told ?? own, consistency: { loss: consistency, weight: options.weight } };
}

/** What the labels teach: the decoder; the attention, given their tags; the classifier these tags. */
function learnLabels(step: PseudoSegStep, seen: Prediction<Record<never, never>>) {
  const { image, labels, validity } = step.views.labeled, { graph } = step;
  // The backbone once more, as published: what it gives is the same, and its statistics move twice.
  const { again: taps } = step.backbone("student", { again: image });
  const { scores, maps } = step.apply("student", "image_classifier", taps);
  const tags = labelTags(graph, labels, seen.logits.shape[3]!), activations = maps(tags);
  const attended = step.apply("student", "attention", {
    taps,
    maps: activations,
    validity: sized(step, validity, seen.logits),
  });
  noteAll(step, "labeled", { scores, tags, activations, ...attended });
  return {
    ce: { loss: supervise(step, "ce", seen, labels), weight: 1 },
    attention: {
      loss: supervise(step, "attention", { logits: attended.logits, size: seen.size }, labels),
      weight: 1,
    },
    tags: { loss: sigmoidCrossEntropy(graph, scores, tags, { label: "tags" }), weight: 1 },
  } satisfies Terms;
}

/** What the classifier learns: which classes there are, each by itself. */
function tagsTerm(step: PseudoSegStep, taps: Taps, tags: Tensor): Term {
  const { scores } = step.apply("student", "image_classifier", taps);
  return { loss: sigmoidCrossEntropy(step.graph, scores, tags, { label: "tags" }), weight: 1 };
}

/** Validity of as many pixels as there are logits. */
function sized({ graph }: PseudoSegStep, validity: Tensor, { shape: [, height, width] }: Tensor): Tensor {
  return nearest(graph, validity, { height: height!, width: width! });
}

/** A square around any pixel, so many pixels to each side, cut off at the border. */
function squareAround(half: number): BoxLaw {
  return (stream, crop): Box => {
    const [y, x] = [stream.uniform(), stream.uniform()].map((u) => Math.floor(u * crop)) as [number, number];
    const low = (center: number) => Math.max(0, center - half),
      high = (center: number) => Math.min(crop, center + half);
    return { x0: low(x), y0: low(y), x1: high(x), y1: high(y) };
  };
}

function noteAll(step: PseudoSegStep, of: string, tensors: Readonly<Record<string, Tensor>>): void {
  for (const [name, tensor] of Object.entries(tensors)) step.note(`${name} ${of}`, tensor);
}
