/** What Crossview and its peers are timed on: the same work from the same numbers. */
import { uniform } from "../../support/uniform.ts";

/** A convolution of the small step. */
export interface SmallLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly taps: number;
  readonly stride: number;
}

/** One 3×3 convolution with padding 1, forward and both gradients. */
export interface ConvolutionWork {
  readonly batch: number;
  readonly side: number;
  readonly channels: number;
}

/** The smallest training step that has all of a network's kinds of work. */
export interface SmallStepWork {
  readonly batch: number;
  /** Side of the image, which has 3 channels. */
  readonly side: number;
  /** All but the last are followed by batch norm and ReLU; the last one's outputs are the classes. */
  readonly layers: readonly SmallLayer[];
  readonly rate: number;
  readonly momentum: number;
}

/** A CCVC step without strong views. */
export interface CcvcWork {
  readonly backbone: "resnet50" | "resnet101";
  readonly crop: number;
  /** Labeled images, and as many unlabeled ones. */
  readonly batch: number;
}

/** 64 channels on 64 × 64 pixels: 0.906 GFLOP. */
export const convolutionWork: ConvolutionWork = { batch: 1, side: 64, channels: 64 };

/** Three times 3×3 convolution, batch norm and ReLU, then a 1×1 to 21 classes, cross-entropy, momentum SGD: 0.738 GFLOP. */
export const smallStepWork: SmallStepWork = {
  batch: 2,
  side: 64,
  layers: [
    { inputs: 3, outputs: 32, taps: 3, stride: 1 },
    { inputs: 32, outputs: 64, taps: 3, stride: 2 },
    { inputs: 64, outputs: 64, taps: 3, stride: 1 },
    { inputs: 64, outputs: 21, taps: 1, stride: 1 },
  ],
  rate: 0.01,
  momentum: 0.9,
};

/** Multiply-adds × 2 of forward and both gradients, padding included, in GFLOP. */
export function convolutionGigaflop({ batch, side, channels }: ConvolutionWork): number {
  return 3 * 2 * batch * side ** 2 * channels ** 2 * 9 / 1e9;
}

/** Side of what the layers before `count` leave. */
export function sideAfter({ side, layers }: SmallStepWork, count: number): number {
  return layers.slice(0, count).reduce((pixels, { stride }) => Math.floor((pixels - 1) / stride) + 1, side);
}

/** Three times the multiply-adds × 2 of the forward convolutions, in GFLOP: as if the image had a gradient, too. */
export function smallStepGigaflop(work: SmallStepWork): number {
  const forward = work.layers.map(({ inputs, outputs, taps }, i) =>
    2 * work.batch * sideAfter(work, i + 1) ** 2 * taps ** 2 * inputs * outputs
  );
  return 3 * forward.reduce((sum, flops) => sum + flops, 0) / 1e9;
}

const f32 = (values: Float64Array) => Float32Array.from(values);

/** Input and the gradient of the output, [N, H, W, C] both; weights, [O, I, 3, 3]. */
export function convolutionInputs({ batch, side, channels }: ConvolutionWork) {
  const pixels = batch * side ** 2 * channels;
  return {
    x: f32(uniform(1, pixels)),
    weight: f32(uniform(2, channels ** 2 * 9, -0.05, 0.05)),
    gradient: f32(uniform(3, pixels)),
  };
}

/** Images, [N, H, W, 3]; weights of each layer, [O, I, k, k]; labels, [N, H', W'], each class in turn. */
export function smallStepInputs(work: SmallStepWork) {
  const { batch, side, layers } = work;
  const classes = layers.at(-1)!.outputs;
  return {
    images: f32(uniform(1, batch * side ** 2 * 3)),
    weights: layers.map(({ inputs, outputs, taps }, i) =>
      f32(uniform(2 + i, outputs * inputs * taps ** 2, -0.1, 0.1))
    ),
    labels: Uint32Array.from(
      { length: batch * sideAfter(work, layers.length) ** 2 },
      (_, i) => i % classes,
    ),
  };
}

/** The mean of absolute values: what contestants are compared by. */
export function meanMagnitude(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.abs(values[i]!);
  return sum / values.length;
}
