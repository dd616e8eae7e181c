/** What a step of a case has given, as adapters look at it. @module */
import { padded, type Tensor } from "../../kernels/tensor.ts";

/** Values of a tensor, dense, in the order of its shape. */
export interface SeenTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array | Uint32Array;
}

/** A step that was taken. */
export interface SeenStep {
  readonly t: number;
  /** A loss term by the method's name, before weighting. */
  term(name: string): number;
  /** Logits of a network's pass in training or evaluation mode, of every pixel of the image, dense [B, H, W, C]. */
  logits(network: string, pass: string): Float32Array;
  /** Their arg-max, [B, H, W]. */
  labels(network: string, pass: string): Uint32Array;
  /** Logits as the network gives them, [B, h, w, C]. */
  scores(network: string, pass: string): SeenTensor;
  /** What another head of the network gives, [B, h, w, C]. */
  head(network: string, pass: string, head: string): SeenTensor;
  /** What the step has noted by such a name. */
  noted(name: string): SeenTensor;
  /** A state of the method's, as the step has left it. */
  state(name: string): SeenTensor;
  /** A parameter or statistic that {@linkcode Observed.reads} names, as the step has left it, in PyTorch's order. */
  parameter(name: string): Float32Array;
  /** The labels of the step's labeled images, [B, H, W]. */
  readonly truth: Uint32Array;
}

/** A tensor as it was read back, without padding. */
export function seenTensor({ shape, layout, dtype }: Tensor, stored: Float32Array<ArrayBuffer>): SeenTensor {
  const all = dtype === "u32" ? new Uint32Array(stored.buffer, stored.byteOffset, stored.length) : stored;
  const length = shape.reduce((product, extent) => product * extent, 1);
  const channels = shape.at(-1)!, pitch = padded(channels);
  if (layout === "map" || pitch === channels) return { shape, values: all.subarray(0, length) };
  const values = all.slice(0, length);
  for (let i = 0; i < length; i++) values[i] = all[Math.floor(i / channels) * pitch + i % channels]!;
  return { shape, values };
}

/** Values [B, H, W, C] in PyTorch's order, [B, C, H, W]; of several tensors, as one batch. */
export function channelsFirst(...tensors: readonly SeenTensor[]): Float64Array {
  const out = new Float64Array(tensors.reduce((sum, { values }) => sum + values.length, 0));
  let at = 0;
  for (const { shape, values } of tensors) {
    const [batch, height, width, channels] = shape as [number, number, number, number];
    const plane = height * width;
    for (let b = 0; b < batch; b++) {
      for (let c = 0; c < channels; c++) {
        for (let pixel = 0; pixel < plane; pixel++) out[at++] = values[(b * plane + pixel) * channels + c]!;
      }
    }
  }
  return out;
}

/** The arg-max of dense scores, the first of equal ones. */
export function largestOf(scores: ArrayLike<number>, classes: number): Uint32Array {
  return Uint32Array.from({ length: scores.length / classes }, (_, pixel) => {
    let best = 0;
    for (let c = 1; c < classes; c++) {
      if (scores[pixel * classes + c]! > scores[pixel * classes + best]!) best = c;
    }
    return best;
  });
}

/** The largest softmax probability of each pixel, of dense logits [B, H, W, C]. */
export function confidences(logits: Float32Array, classes: number): number[] {
  return Array.from({ length: logits.length / classes }, (_, pixel) => {
    const own = logits.subarray(pixel * classes, (pixel + 1) * classes), peak = Math.max(...own);
    return 1 / own.reduce((sum, logit) => sum + Math.exp(logit - peak), 0);
  });
}
