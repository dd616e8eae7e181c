/** Parts that methods share, on a step: label, mix, mask, and learn. Each launches its op where it is called. @module */
import { clear } from "../../kernels/ops/feature/clear.ts";
import type { Loss } from "../../kernels/graph.ts";
import { argMax } from "../../kernels/ops/label/arg_max.ts";
import { joinBatches } from "../../kernels/ops/feature/batches.ts";
import { joinMaps } from "../../kernels/ops/map/join_maps.ts";
import { atLeast, below } from "../../kernels/ops/map/at_least.ts";
import { entropy as entropyOf } from "../../kernels/ops/label/entropy.ts";
import { fillVoid as fillVoidOf } from "../../kernels/ops/map/fill_void.ts";
import { classWeights } from "../../kernels/ops/map/class_weights.ts";
import { consistencyLoss, type Distance } from "../../kernels/ops/loss/consistency_loss.ts";
import { scaledLoss } from "../../kernels/ops/loss/scaled_loss.ts";
import { labelShare } from "../../kernels/ops/number/label_share.ts";
import { mapMean } from "../../kernels/ops/number/map_mean.ts";
import { percentile as percentileOf } from "../../kernels/ops/number/percentile.ts";
import { maskLabels } from "../../kernels/ops/map/mask_labels.ts";
import { maskWeights } from "../../kernels/ops/map/mask_weights.ts";
import { meanScores } from "../../kernels/ops/label/mean_scores.ts";
import { mixImages, mixMaps } from "../../kernels/ops/map/mix_boxes.ts";
import { resizeBilinear } from "../../kernels/ops/feature/resize_bilinear.ts";
import { softmaxCrossEntropy } from "../../kernels/ops/loss/softmax_cross_entropy.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";
import { MethodError } from "./method.ts";
import type { DeviceScalar, Scalar } from "./schedule.ts";
import type { Step } from "./step.ts";

/** Class scores of pixels, as a pass gives them. */
export type Scores = Pick<Prediction, "logits" | "size">;

/** What a labeling network says of each pixel. */
export interface Labeling {
  /** u32 map [N, H, W]: the class with the highest score. */
  readonly labels: Tensor;
  /** f32 map [N, H, W]: how sure of it the network is. */
  readonly confidence: Tensor;
}

/** What a network learns of each pixel. */
export interface Target {
  /** u32 map [N, H, W]: classes; a pixel of 255 takes no part. */
  readonly labels: Tensor;
  /** f32 map [N, H, W]; left out where every pixel counts 1. */
  readonly weights?: Tensor;
}

/** What is compared with a threshold: the largest softmax probability, in [0, 1], or the largest logit. */
export type Confidence = "probability" | "logit";

/** Labels every pixel of the image by its highest score. No gradient flows through it. */
export function label(
  { graph }: Pick<Step, "graph">,
  { logits, size }: Scores,
  confidence: Confidence = "probability",
): Labeling {
  return argMax(graph, logits, { confidence, size });
}

/**
 * How unsure the network is of each pixel of the image: the entropy of its softmax, −Σ p · ln p. No gradient flows through it.
 *
 * @returns A f32 map [N, H, W], in nats: from 0 to ln C, where all classes are alike.
 */
export function entropy({ graph }: Pick<Step, "graph">, { logits, size }: Scores): Tensor {
  return entropyOf(graph, logits, { size });
}

/**
 * CutMix: inside a sample's boxes the content of its partner, elsewhere its own. No gradient flows through it.
 *
 * @param own Images f32[N, H, W, C], a map [N, H, W], or the maps of a labeling or a target.
 * @param boxes The draw's view of that kind.
 * @param inner What the partners are from, where that is another draw.
 * @throws {MethodError} If one of two targets alone has weights.
 * @throws {ShapeError} If the shapes do not suit.
 */
export function mix<X extends Tensor | Labeling | Target>(
  { graph }: Pick<Step, "graph">,
  own: X,
  boxes: Tensor,
  inner: X = own,
): X {
  const mixed = (own: Tensor, inner: Tensor) =>
    own.layout === "map" ? mixMaps(graph, own, boxes, inner) : mixImages(graph, own, boxes, inner);
  if ("layout" in own) return mixed(own, inner as Tensor) as X;
  const maps: readonly (readonly [string, Tensor])[] = Object.entries(own);
  const partners = new Map<string, Tensor>(Object.entries(inner));
  if (maps.length !== partners.size) {
    throw new MethodError("Cannot mix two targets of which one alone has weights: give both some, or none");
  }
  return Object.fromEntries(
    maps.map(([name, map]) => [name, mixed(map, partners.get(name)!)]),
  ) as unknown as X;
}

/** Zeros, stored as the tensor is: what stands in a hole, or around a piece. */
export function nothing({ graph }: Pick<Step, "graph">, { shape, dtype, layout }: Tensor): Tensor {
  const zeros = graph.tensor({ label: "nothing", shape, dtype, layout });
  clear(graph, zeros);
  return zeros;
}

/**
 * Labels where a mask is not 0, else 255: such a pixel takes no part in a loss, nor in its count of valid pixels.
 *
 * @param labels u32 map [N, H, W].
 * @param mask u32 map [N, H, W], such as a draw's `validity`; or weights, a f32 map, as of {@linkcode where}.
 * @param options.others What the others are labeled in place of 255.
 */
export function only(
  { graph }: Pick<Step, "graph">,
  labels: Tensor,
  mask: Tensor,
  { others }: { readonly others?: number } = {},
): Tensor {
  return maskLabels(graph, labels, mask, others);
}

/**
 * Batches one after another, as one: class scores of several passes, or their maps of labels or masks.
 *
 * @param parts Scores of one size, or u32 maps [Nᵢ, H, W].
 * @returns Scores with logits [ΣNᵢ, h, w, C], through which gradients flow, or a map [ΣNᵢ, H, W].
 * @throws {ShapeError} If there is none, or the sizes differ.
 */
export function joined<X extends Scores | Tensor>(
  { graph }: Pick<Step, "graph">,
  parts: readonly [X, ...X[]],
): X {
  const [first] = parts;
  if ("layout" in first) return joinMaps(graph, parts as readonly Tensor[]) as X;
  const logits = (parts as readonly Scores[]).map(({ logits }) => logits);
  return { logits: graph.inPrecision("f32", () => joinBatches(graph, logits)), size: first.size } as X;
}

/**
 * Labels in which the pixels of an image that have none, 255, are of a class. Padding keeps its 255.
 *
 * @param labels u32 map [N, H, W].
 * @param validity u32 map [N, H, W]: the draw's.
 * @param value The class, an integer in [0, 254].
 */
export function fillVoid(
  { graph }: Pick<Step, "graph">,
  labels: Tensor,
  validity: Tensor,
  value: number,
): Tensor {
  return fillVoidOf(graph, labels, validity, value);
}

/**
 * 1 where a map compares so with a threshold, else 0: pixel weights of what is confident. No gradient flows through it.
 *
 * @param map f32 map [N, H, W].
 * @param threshold A number, or one on the device, as a schedule's or a {@linkcode percentile}; compared as f32.
 * @returns A f32 map [N, H, W].
 */
export function where(
  { graph }: Pick<Step, "graph">,
  map: Tensor,
  compares: "at least" | "below",
  threshold: Scalar,
): Tensor {
  return compares === "below" ? below(graph, map, threshold) : atLeast(graph, map, threshold);
}

/**
 * What a sum over pixels is divided by: the number of those whose label is not 255, whatever they weigh; the sum of their
 * weights; the sum of the weights of all pixels; or N·H·W. The mean over nothing is 0, and so is its gradient.
 */
export type Denominator = "valid" | "weights" | "all weights" | "all";

/**
 * The cross-entropy of class scores with labels, at the image's size: Σ weight · −log softmax(scores)[label] / denominator.
 *
 * @param name What errors and memory plans call it; that of its term.
 * @param target A u32 map [N, H, W] of labels, where 255 takes no part; or such labels with their weights.
 * @param options.denominator `valid` unless told.
 * @throws {ShapeError} If the maps do not fit the scores.
 */
export function crossEntropy(
  { graph }: Pick<Step, "graph">,
  name: string,
  { logits, size }: Scores,
  target: Tensor | Target,
  { denominator = "valid" }: { readonly denominator?: Denominator } = {},
): Loss {
  const { labels, weights }: Target = "layout" in target ? { labels: target } : target;
  return softmaxCrossEntropy(graph, logits, labels, {
    label: name,
    size,
    denominator,
    ...(weights && { weights }),
  });
}

/**
 * The cross-entropy of class scores with what people have labeled: {@linkcode crossEntropy} over the valid pixels. Where the
 * experiment weighs classes, each pixel weighs what its class does, and the sum is divided by that of the weights.
 *
 * @param labels u32 map [N, H, W], where 255 takes no part: a labeled draw's, or some of them.
 */
export function supervise(
  step: Pick<Step, "graph" | "classWeights">,
  name: string,
  scores: Scores,
  labels: Tensor,
): Loss {
  const { graph, classWeights: table } = step;
  if (table === undefined) return crossEntropy(step, name, scores, labels);
  const weights = classWeights(graph, labels, table);
  return crossEntropy(step, name, scores, { labels, weights }, { denominator: "weights" });
}

/**
 * The scores of every pixel, as targets of {@linkcode consistency}. Boxes choose pixels, so that to {@linkcode mix} them is to
 * mix their probabilities. No gradient flows through what is mixed.
 *
 * @returns f32[N, H, W, C], logits.
 */
export function everyPixel({ graph }: Pick<Step, "graph">, { logits, size }: Scores): Tensor {
  return graph.inPrecision("f32", () => resizeBilinear(graph, logits, size.height, size.width));
}

/**
 * The mean of what two networks say. Each has half of the gradient.
 *
 * @param two Of as many pixels and classes.
 */
export function meanOf({ graph }: Pick<Step, "graph">, one: Scores, two: Scores): Scores {
  return { ...one, logits: graph.inPrecision("f32", () => meanScores(graph, one.logits, two.logits)) };
}

/**
 * The mean of a map: of what {@linkcode where} gives, the share of pixels. No gradient flows through it.
 *
 * @param map f32 map [N, H, W].
 * @param options.mask u32 map [N, H, W], such as a draw's `validity`: a pixel of 0 takes no part, and of no pixels the share is 0.
 *   Without it, padding is counted, too.
 */
export function share(
  { graph }: Pick<Step, "graph">,
  map: Tensor,
  options: { readonly mask?: Tensor } = {},
): DeviceScalar {
  return mapMean(graph, map, options);
}

/**
 * The value that so many percent of a map's pixels do not exceed, linear between the two sorted ones that its place, percentage /
 * 100 · (n − 1), lies between. No gradient flows through it.
 *
 * @param map f32 map [N, H, W].
 * @param percentage In [0, 100]; one on the device is held in that range.
 * @param options.mask u32 map [N, H, W]: a pixel of 0 takes no part. Of no pixels the percentile is 0.
 */
export function percentile(
  { graph }: Pick<Step, "graph">,
  map: Tensor,
  percentage: Scalar,
  options: { readonly mask?: Tensor } = {},
): DeviceScalar {
  return percentileOf(graph, map, percentage, options);
}

/** The share of pixels that have a label, which is not 255; and 1 over it, 0 where none has one. */
export function labeledShare(
  { graph }: Pick<Step, "graph">,
  labels: Tensor,
): { readonly share: DeviceScalar; readonly inverse: DeviceScalar } {
  return labelShare(graph, labels);
}

/** A loss times a number on the device, its value, too, which logs show. The number is constant to the gradient. */
export function times({ graph }: Pick<Step, "graph">, loss: Loss, factor: DeviceScalar): Loss {
  return scaledLoss(graph, loss, factor);
}

/**
 * Pixel weights where a mask is not 0, else 0.
 *
 * @param weight One for all, constant or on the device; or a f32 map [N, H, W].
 * @param mask u32 map [N, H, W], such as a draw's `validity`.
 * @returns A f32 map [N, H, W].
 */
export function weigh({ graph }: Pick<Step, "graph">, weight: Scalar | Tensor, mask: Tensor): Tensor {
  return maskWeights(graph, weight, mask);
}

/**
 * How far class scores are from soft targets: Σ weight · distance / denominator, whatever the weights sum up to.
 *
 * @param name What errors and memory plans call it; that of its term.
 * @param targets f32[N, H, W, C], logits; constants to the gradient.
 * @param options.weights f32 map [N, H, W]; 1 unless given.
 * @param options.distance Of a pixel, summed over classes: squared differences of probabilities unless told.
 * @param options.denominator `all`, N·H·W, unless told; or N, the `images`.
 * @throws {ShapeError} If the maps do not fit the scores.
 */
export function consistency(
  { graph }: Pick<Step, "graph">,
  name: string,
  { logits, size }: Scores,
  targets: Tensor,
  { weights, distance = "probabilities", denominator = "all" }: {
    readonly weights?: Tensor;
    readonly distance?: Distance;
    readonly denominator?: "all" | "images";
  },
): Loss {
  return consistencyLoss(graph, logits, targets, {
    label: name,
    distance,
    denominator,
    ...(weights && { weights }),
    size,
  });
}
