import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { fnv1a32 } from "../../random.ts";
import { imageExtents, storedVectors, type Tensor } from "../../tensor.ts";
import random from "../../random.wgsl" with { type: "text" };
import source from "./channel_dropout.wgsl" with { type: "text" };
import { channelLanes, perChannel, PIXELS } from "../norm/channel_lanes.ts";

const kernel = defineKernel({
  name: "channel_dropout",
  source,
  includes: { "random.wgsl": random },
  uniforms: {
    lanes: "u32",
    image: "u32",
    first: "u32",
    step: "u32",
    stream: "u32",
    threshold: "u32",
    scale: "f32",
  },
  reads: { x: "vec4f", counters: "u32" },
  writes: { y: "vec4f" },
});

export interface ChannelDropoutOptions {
  /** Of a channel to be zeroed, in [0, 1). */
  readonly probability: number;
  /**
   * Names the random numbers: two dropouts of a model must not share a name. Each of several names is for a part of the batch,
   * of equal size and in order, whose samples count from 0.
   */
  readonly streams: readonly string[];
  /** u32 [1, 1, 4]: seed, epoch, step, 0. */
  readonly counters: Tensor;
}

/**
 * Zeroes each channel of each sample with the given probability, and scales the others by 1 / (1 − probability), as
 * PyTorch's Dropout2d in training mode.
 *
 * The mask is a function of (seed, stream, epoch, step, sample, channel) alone; see random.ts.
 *
 * @param x [N, H, W, C].
 * @returns [N, H, W, C]; x itself for probability 0.
 * @throws {RangeError} If the probability is outside [0, 1).
 * @throws {ShapeError} If `counters` are not four u32, or the batch does not divide into the streams' parts.
 * @see Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015, §3.2.
 */
export function channelDropout(graph: Graph, x: Tensor, options: ChannelDropoutOptions): Tensor {
  const { probability, streams, counters } = options;
  const { batch, channels } = imageExtents(x);
  if (!(probability >= 0 && probability < 1)) {
    throw new RangeError(
      `Cannot drop channels of ${x.label} with probability ${probability}: it must be in [0, 1)`,
    );
  }
  if (counters.dtype !== "u32" || counters.bytes !== 16) {
    throw new ShapeError(
      `Cannot drop channels of ${x.label}: counters ${counters.label} are ${counters.dtype} [${counters.shape}], and ` +
        "four u32 are needed: seed, epoch, step, 0",
    );
  }
  const images = batch / streams.length;
  if (!Number.isInteger(images)) {
    throw new ShapeError(
      `Cannot drop channels of ${x.label} [${x.shape}] by ${streams.length} streams: the batch must be a multiple of them`,
    );
  }
  if (probability === 0) return x;
  const lanes = channelLanes(channels), image = storedVectors(x) / batch;
  const { step } = perChannel(image, lanes);
  // As an integer, so that host and device compare alike: (draw >> 8) · 2⁻²⁴ ≥ probability.
  const threshold = Math.ceil(probability * 2 ** 24);
  const scale = 1 / (1 - probability);
  const drop = (from: Tensor, to: Tensor) =>
    streams.forEach((stream, part) =>
      graph.launch({
        kernel,
        reads: [from, counters],
        writes: [to],
        uniforms: { lanes, image, first: part * images, step, stream: fnv1a32(stream), threshold, scale },
        constants: { PIXELS },
        groups: [Math.ceil(step / WORKGROUP), images, 1],
        loops: 0,
      })
    );
  const y = graph.output({ label: `${x.label} dropped`.slice(0, 60), shape: x.shape }, [x]);
  drop(x, y);
  graph.record(y, (dy) => {
    const dx = graph.gradientLike(x);
    drop(dy, dx);
    return [[x, dx]];
  });
  return y;
}
