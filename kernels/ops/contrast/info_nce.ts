import { ShapeError } from "../../errors.ts";
import type { GradientPair, Graph, Loss } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { storedVectors, type Tensor, type TensorSpec } from "../../tensor.ts";
import { clear } from "../feature/clear.ts";
import { finishLoss } from "../loss/finish_loss.ts";
import { type Bank, checkBank } from "./bank.ts";
import { type PixelExtents, pixelExtents, type PixelFeatures } from "./member_means.ts";
import {
  anchorsKernel,
  drawKernel,
  gradientKernel,
  scatterKernel,
  similaritiesKernel,
  termsKernel,
  turnsKernel,
} from "./info_nce_kernels.ts";
import type { Positions } from "./positions.ts";

/** Most classes: a workgroup has a lane for each. */
const MOST_CLASSES = 256;

/** What is contrasted. */
export interface InfoNceInputs {
  /** Features of the network that learns, of two batches. */
  readonly features: PixelFeatures;
  /** u32 map [1, 1, classes]: sure pixels of each class; those that have some take turns. */
  readonly sure: Tensor;
  /** Pixels that anchors of each class are drawn from. */
  readonly anchors: Positions;
  /** [classes, F]: what an anchor of each class is to be near. */
  readonly means: Tensor;
  /** Where its negatives are drawn from. */
  readonly bank: Omit<Bank, "pushed">;
  /** f32 maps [classes, 1, anchors] and [classes, anchors, negatives] in [0, 1), by turn: who is drawn. */
  readonly draws: { readonly anchors: Tensor; readonly negatives: Tensor };
}

/** How it is contrasted. */
export interface InfoNceOptions {
  /** What errors and memory plans call it. */
  readonly label: string;
  /** What cosines are divided by, more than 0. */
  readonly temperature: number;
  /**
   * Whose anchors the queue of class c is contrasted with: those of c; or, as published, those of class i, where c is number i, from 0,
   * of the classes that have sure pixels.
   */
  readonly pairs: "by class" | "by turn";
}

/** The loss, with what it is made of. */
export interface InfoNce extends Loss {
  /** u32 map [1, classes, 4] by queue: its turn, the class of its anchors, whether something is contrasted, classes that take turns. */
  readonly turns: Tensor;
  /** [classes, 4] by queue: Σ of its anchors' terms, …; see info_nce_terms.wgsl. */
  readonly partials: Tensor;
}

/**
 * InfoNCE over pixels: of each class that has sure pixels, anchors are drawn, and keys of its queue for each; an anchor's term is the
 * cross-entropy of cosine / temperature with the class's mean and with its keys, the mean being the right one. The loss is the sum
 * over classes of the mean over anchors, over the number of classes with sure pixels, whether or not they have anchors and keys; 0
 * where that number is 1 or less. Constant but for the anchors' features.
 *
 * @throws {ShapeError} If the inputs do not suit each other, or there are more than 256 classes. RangeError if the temperature is not
 *   more than 0.
 * @see van den Oord, Li, Vinyals, "Representation learning with contrastive predictive coding", 2018; of pixels: Wang et al.,
 *   "Semi-Supervised Semantic Segmentation Using Unreliable Pseudo-Labels", CVPR 2022
 */
export function infoNce(graph: Graph, inputs: InfoNceInputs, options: InfoNceOptions): InfoNce {
  const { label } = options, { features: { x, u }, anchors, bank } = inputs;
  const extents = checkInputs(inputs, options),
    { split, columns, vectors, classes, count, negatives } = extents;
  const map = (name: string, shape: readonly number[], dtype: "u32" | "f32" = "u32"): Tensor =>
    graph.tensor({ label: `${label} ${name}`, shape, dtype, layout: "map" });

  const turns = map("turns", [1, classes, 4]);
  graph.launch({
    kernel: turnsKernel,
    reads: [inputs.sure, anchors.counts, bank.cursors],
    writes: [turns],
    constants: { CLASSES: classes, BY_CLASS: Number(options.pairs === "by class") },
    groups: [1, 1, 1],
    loops: 0,
  });
  const drawnAnchors = map("anchors", [classes, 1, count]);
  const drawnNegatives = map("negatives", [classes, count, negatives]);
  const each = elementwise(classes * count * negatives);
  graph.launch({
    kernel: drawKernel,
    reads: [
      turns,
      anchors.places,
      anchors.counts,
      bank.cursors,
      inputs.draws.anchors,
      inputs.draws.negatives,
    ],
    writes: [drawnAnchors, drawnNegatives],
    uniforms: { classes, columns, anchors: count, negatives, stride: each.stride },
    groups: each.groups,
    loops: 0,
  });
  const features = graph.tensor({ label: `${label} features`, shape: [classes * count, extents.channels] });
  const total = storedVectors(features), all = elementwise(total);
  graph.launch({
    kernel: anchorsKernel,
    reads: [x, u, turns, drawnAnchors],
    writes: [features],
    uniforms: { total, split, vectors, anchors: count, stride: all.stride },
    groups: all.groups,
    loops: 0,
  });
  const pairs = [classes, count, 2 * (1 + negatives)];
  const similarities = map("similarities", pairs, "f32"), slopes = map("slopes", pairs, "f32");
  const { groups, stride } = elementwise(count * (1 + negatives));
  bank.queues.forEach((queue, row) =>
    graph.launch({
      kernel: similaritiesKernel,
      reads: [features, turns, inputs.means, drawnNegatives, queue],
      writes: [similarities],
      uniforms: { row, size: queue.shape[1]!, anchors: count, negatives, vectors, stride },
      groups,
      loops: vectors,
    })
  );
  const partials = graph.tensor({ label: `${label} partials`, shape: [classes, 4] });
  graph.launch({
    kernel: termsKernel,
    reads: [features, turns, similarities],
    writes: [slopes, partials],
    uniforms: { anchors: count, negatives, vectors, sharpness: 1 / options.temperature },
    groups: [classes, 1, 1],
    loops: Math.ceil(count / 64) * (vectors + 3 * (1 + negatives)) + 64,
  });
  const { value, scale } = finishLoss(graph, partials, { label, denominator: "weights" });

  const backward = (graph: Graph, weight: number): GradientPair[] => {
    const gradients = graph.tensor({ label: `d ${label} features`, shape: features.shape });
    const [dx, du] = [x, u].map((tensor) => graph.gradientLike(tensor)) as [Tensor, Tensor];
    for (const gradient of [dx, du]) clear(graph, gradient);
    const { groups, stride } = elementwise(count * vectors);
    bank.queues.forEach((queue, row) =>
      graph.launch({
        kernel: gradientKernel,
        reads: [features, turns, inputs.means, drawnNegatives, queue, slopes, scale],
        writes: [gradients],
        uniforms: { row, size: queue.shape[1]!, anchors: count, negatives, vectors, weight, stride },
        groups,
        loops: 1 + negatives,
      })
    );
    // A pixel may be an anchor of several classes: one after another.
    for (let row = 0; row < classes; row++) {
      graph.launch({
        kernel: scatterKernel,
        reads: [turns, drawnAnchors, gradients],
        writes: [dx, du],
        uniforms: { row, split, anchors: count, vectors, stride },
        groups,
        loops: count,
      });
    }
    return [[x, dx], [u, du]];
  };
  return { label, value, backward, turns, partials };
}

interface Extents extends PixelExtents {
  readonly classes: number;
  /** Anchors of a class. */
  readonly count: number;
  /** Keys of an anchor. */
  readonly negatives: number;
}

function checkInputs(
  { features, sure, anchors, means, bank, draws }: InfoNceInputs,
  { label, temperature }: InfoNceOptions,
): Extents {
  const action = `contrast by ${label}`, pixels = pixelExtents(action, features, anchors);
  const classes = anchors.places.shape[1]!, { channels } = pixels;
  const [, count, negatives] = draws.negatives.shape as [number, number, number];
  checkMap(action, draws.negatives, "f32", [classes, count, negatives]);
  checkMap(action, draws.anchors, "f32", [classes, 1, count]);
  checkMap(action, sure, "u32", [1, 1, classes]);
  checkBank(action, bank, classes, channels);
  if (`${means.shape}` !== `${[classes, channels]}` || means.layout !== "channels") {
    throw new ShapeError(
      `Cannot ${action} with ${means.label} [${means.shape}]: means [${classes},${channels}] are needed`,
    );
  }
  if (classes > MOST_CLASSES) {
    throw new ShapeError(
      `Cannot ${action}: there are ${classes} classes, and at most ${MOST_CLASSES} can be`,
    );
  }
  if (!(temperature > 0)) {
    throw new RangeError(`Cannot ${action} at temperature ${temperature}: it must be more than 0`);
  }
  return { ...pixels, classes, count, negatives };
}

/** What draws of so many are drawn into, for a source of random numbers. */
export function drawShapes(
  classes: number,
  { anchors, negatives }: { readonly anchors: number; readonly negatives: number },
): Readonly<Record<"anchors" | "negatives", TensorSpec["shape"]>> {
  return { anchors: [classes, 1, anchors], negatives: [classes, anchors, negatives] };
}
