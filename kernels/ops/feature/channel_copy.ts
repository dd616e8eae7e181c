import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./channel_copy.wgsl" with { type: "text" };
import { perChannel, PIXELS } from "../norm/channel_lanes.ts";

const kernel = defineKernel({
  name: "channel_copy",
  source,
  uniforms: {
    lanes: "u32",
    count: "u32",
    stride: "u32",
    step: "u32",
    origin_lanes: "u32",
    origin_offset: "u32",
    goal_lanes: "u32",
    goal_offset: "u32",
  },
  reads: { origin: "vec4f" },
  writes: { goal: "vec4f" },
});

/** Where the channels to be copied lie in a tensor, in vec4s. */
export interface ChannelPlace {
  /** Of one pixel. */
  readonly lanes: number;
  /** Of the first pixel's first. */
  readonly offset: number;
}

/** Copies `lanes` vec4s of each of so many pixels, from one tensor to another. */
export function copyChannels(
  graph: Graph,
  from: Tensor,
  to: Tensor,
  { lanes, pixels, origin, goal }: {
    lanes: number;
    pixels: number;
    origin: ChannelPlace;
    goal: ChannelPlace;
  },
): void {
  const count = pixels * lanes;
  const { groups, stride, step } = perChannel(count, lanes);
  graph.launch({
    kernel,
    reads: [from],
    writes: [to],
    uniforms: {
      lanes,
      count,
      stride,
      step,
      origin_lanes: origin.lanes,
      origin_offset: origin.offset,
      goal_lanes: goal.lanes,
      goal_offset: goal.offset,
    },
    constants: { PIXELS },
    groups,
    loops: 0,
  });
}
