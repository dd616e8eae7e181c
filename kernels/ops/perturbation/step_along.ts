import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { WORKGROUP } from "../../launch.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { imageExtents, padded, roundUp, storedVectors, type Tensor } from "../../tensor.ts";
import { channelLanes, perChannel, PIXELS } from "../norm/channel_lanes.ts";
import normsSource from "./sample_norms.wgsl" with { type: "text" };
import partialsSource from "./sample_squares.wgsl" with { type: "text" };
import source from "./step_along.wgsl" with { type: "text" };

const squares = defineKernel({
  name: "sample_squares",
  source: partialsSource,
  uniforms: { image: "u32", chunks: "u32", lanes: "u32", channels: "u32", origin: "f32" },
  reads: { x: "vec4f" },
  writes: { partials: "f32" },
});
const norms = defineKernel({
  name: "sample_norms",
  source: normsSource,
  uniforms: { chunks: "u32" },
  reads: { partials: "f32" },
  writes: { norms: "f32" },
});
const along = defineKernel({
  name: "step_along",
  source,
  uniforms: {
    image: "u32",
    step: "u32",
    lanes: "u32",
    channels: "u32",
    origin: "f32",
    length: "f32",
    epsilon: "f32",
  },
  reads: { x: "vec4f", direction: "vec4f", norms: "f32" },
  writes: { y: "vec4f" },
});

/** Most invocations that a sample's squares are spread over; what they leave, a workgroup adds. */
const MOST_CHUNKS = 4096;

/**
 * The L2 norm of each sample, over its pixels and channels, in an order that only the shape decides. No gradient flows through it.
 *
 * @param x [N, H, W, C].
 * @param options.origin Subtracted of each element first; 0 unless told.
 * @param options.channels How many of x count, the first ones; all unless told.
 * @returns A f32 map [1, 1, N].
 */
export function sampleNorms(
  graph: Graph,
  x: Tensor,
  { origin = 0, channels = x.shape.at(-1)! }: { readonly origin?: number; readonly channels?: number } = {},
): Tensor {
  const [batch = 1] = x.shape, image = storedVectors(x) / batch;
  const chunks = Math.min(roundUp(Math.ceil(image / PIXELS), WORKGROUP), MOST_CHUNKS);
  const partials = graph.tensor({ label: `${x.label} squares`, shape: [1, batch, chunks], layout: "map" });
  graph.launch({
    kernel: squares,
    reads: [x],
    writes: [partials],
    uniforms: { image, chunks, lanes: channelLanes(channels), channels, origin },
    groups: [chunks / WORKGROUP, batch, 1],
    loops: Math.ceil(image / chunks),
  });
  const result = graph.tensor({ label: `${x.label} norms`, shape: [1, 1, batch], layout: "map" });
  graph.launch({
    kernel: norms,
    reads: [partials],
    writes: [result],
    uniforms: { chunks },
    groups: [batch, 1, 1],
    loops: Math.ceil(chunks / WORKGROUP) + WORKGROUP,
  });
  return result;
}

/** How far, and along what. */
export interface StepAlong {
  /** Length of the step where the direction has one: ‖direction‖ ≫ ε. */
  readonly length: number;
  /** ε, more than 0: a direction near 0 gives a step near 0. */
  readonly epsilon: number;
  /** Where the direction's elements are counted from; 0 unless told. */
  readonly origin?: number;
}

/**
 * Each sample moved along its own direction: x + length · d / (‖d‖₂ + ε), with d = direction − origin and the norm over pixels
 * and channels. The gradient of x is that of the result; none flows to the direction.
 *
 * @param x [N, H, W, C].
 * @param direction Shaped as x; or a f32 map of that shape, channels filled up to whole vec4s by whatever there is.
 * @throws {ShapeError} If the shapes differ.
 * @throws {RangeError} If ε is not more than 0.
 * @see Miyato et al., "Virtual Adversarial Training", TPAMI 2019, where the direction is a gradient
 */
export function stepAlong(
  graph: Graph,
  x: Tensor,
  direction: Tensor,
  { length, epsilon, origin = 0 }: StepAlong,
): Tensor {
  const { batch, channels } = imageExtents(x);
  const alike = direction.layout === "map" ? [...x.shape.slice(0, -1), padded(channels)] : x.shape;
  if (`${direction.shape}` !== `${alike}` || (direction.layout === "map" && direction.dtype !== "f32")) {
    throw new ShapeError(
      `Cannot move ${x.label} [${x.shape}] along ${direction.label} [${direction.shape}]: the shapes must be equal`,
    );
  }
  if (!(epsilon > 0)) {
    throw new RangeError(`Cannot move ${x.label} with ε ${epsilon}: it must be more than 0`);
  }
  const lengths = sampleNorms(graph, direction, { origin, channels });
  const lanes = channelLanes(channels), image = storedVectors(x) / batch, { step } = perChannel(image, lanes);
  const y = graph.output({ label: `${x.label} moved`.slice(0, 60), shape: x.shape }, [x]);
  graph.launch({
    kernel: along,
    reads: [x, direction, lengths],
    writes: [y],
    uniforms: { image, step, lanes, channels, origin, length, epsilon },
    constants: { PIXELS },
    groups: [Math.ceil(step / WORKGROUP), batch, 1],
    loops: 0,
  });
  graph.record(y, (gradient) => [[x, gradient]]);
  return y;
}
