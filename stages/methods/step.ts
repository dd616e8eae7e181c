/** What a method's training step is written with: views in, predictions, weighted loss terms out. @module */
import type { Graph, Loss } from "../../kernels/graph.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Branches } from "../../models/branches.ts";
import type { Prediction } from "../../models/deeplabv3plus.ts";

/** One value for each branch. */
export type Pair<T> = readonly [T, T];

/** The images of a step, on the device. N is the batch, S the crop. */
export interface StepViews {
  readonly labeled: {
    /** Weak view, normalized, f32[N, S, S, 3]. */
    readonly image: Tensor;
    /** u32[N, S, S]; 255 where there is no label or no image. */
    readonly labels: Tensor;
  };
  readonly unlabeled: {
    /** Weak view. */
    readonly image: Tensor;
    /** u32[N, S, S]: 1 where a pixel comes from the image, 0 where it is padding. */
    readonly validity: Tensor;
    /** The same crop, photometrically changed; only for methods that ask for it. */
    readonly strong?: Tensor;
    /** CutMix boxes (kernels/ops/mix_boxes.ts), with `strong`. */
    readonly boxes?: Tensor;
  };
}

/** A loss with its coefficient in the total. */
export interface Term {
  /** How a log line names it, e.g. `ce1`. */
  readonly name: string;
  readonly loss: Loss;
  readonly weight: number;
}

/** How a forward pass is made. */
export interface PassOptions {
  /** Names the pass: its dropout masks differ from those of the step's other passes. */
  readonly pass: string;
  /** Batch statistics and dropout (and an update of the running statistics), or evaluation mode. Default true. */
  readonly training?: boolean;
  /** Whether gradients flow back. Default true. */
  readonly gradients?: boolean;
}

/** What a recipe works on. */
export interface Step {
  readonly graph: Graph;
  readonly views: StepViews;
  /** Captures both branches' forward pass on one image batch, branch 1 first. */
  predict(image: Tensor, options: PassOptions): Pair<Prediction>;
  /** Where on the device the confidence threshold of this step lies, for methods that ask for one that rises. */
  readonly risingThreshold: { readonly tensor: Tensor; readonly index: number };
}

/** Makes the `predict` of a step. */
export function predictor(
  graph: Graph,
  branches: Branches,
  tensor: (name: string) => Tensor,
  counters: Tensor,
): Step["predict"] {
  return (image, { pass, training = true, gradients = true }) => {
    const forward = { graph, training, tensor, counters, stream: `dropout/${pass}` };
    const both = (): Pair<Prediction> => [
      branches.networks[0](forward, image),
      branches.networks[1](forward, image),
    ];
    return gradients ? both() : graph.withoutGradients(both);
  };
}

/** Applies `make` to both branches; `other` is the index of the one that looks on. */
export function forBoth<T>(make: (own: 0 | 1, other: 0 | 1) => T): Pair<T> {
  return [make(0, 1), make(1, 0)];
}
