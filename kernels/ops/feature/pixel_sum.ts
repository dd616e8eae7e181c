import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { imageExtents, storedVectors, type Tensor } from "../../tensor.ts";
import spreadSource from "./pixel_spread.wgsl" with { type: "text" };
import sumSource from "./pixel_sum.wgsl" with { type: "text" };
import { channelLanes, perChannel, pixelChunks, PIXELS } from "../norm/channel_lanes.ts";

const sum = defineKernel({
  name: "pixel_sum",
  source: sumSource,
  uniforms: { lanes: "u32", pixels: "u32", chunk_pixels: "u32", chunks: "u32", batch: "u32", scale: "f32" },
  reads: { x: "vec4f" },
  writes: { sum: "vec4f" },
});
const spread = defineKernel({
  name: "pixel_spread",
  source: spreadSource,
  uniforms: { lanes: "u32", image: "u32", step: "u32", scale: "f32" },
  reads: { x: "vec4f" },
  writes: { y: "vec4f" },
});

/**
 * Launches [N, H, W, C] → [N, 1, 1, C]: scale · the sum over an image's pixels, in an order that only the shape decides.
 *
 * The adjoint of {@linkcode spreadPixels}; neither is recorded, the ops that use them say how to go back.
 */
export function sumPixels(graph: Graph, x: Tensor, output: Tensor, scale: number): void {
  const { batch, height, width, channels } = imageExtents(x);
  const lanes = channelLanes(channels), pixels = height * width;
  const { chunks, chunkPixels, groups, constants, loops } = pixelChunks(batch, pixels, lanes);
  const partials = graph.tensor({ label: `${x.label} sums`, shape: [batch, chunks, 1, channels] });
  graph.launch({
    kernel: sum,
    reads: [x],
    writes: [partials],
    uniforms: { lanes, pixels, chunk_pixels: chunkPixels, chunks, batch, scale: 1 },
    constants,
    groups,
    loops,
  });
  graph.launch({
    kernel: sum,
    reads: [partials],
    writes: [output],
    uniforms: { lanes, pixels: chunks, chunk_pixels: chunks, chunks: 1, batch, scale },
    constants: { WIDTH: 1, UNROLL: 4 },
    groups: [Math.ceil(batch * lanes / WORKGROUP), 1, 1],
    loops: Math.ceil(chunks / 4) + 4,
  });
}

/** Launches [N, 1, 1, C] → the shape of `output`, [N, H, W, C]: scale · x at every pixel. */
export function spreadPixels(graph: Graph, x: Tensor, output: Tensor, scale: number): void {
  const { batch, channels } = imageExtents(output);
  const lanes = channelLanes(channels), image = storedVectors(output) / batch;
  const { step } = perChannel(image, lanes);
  graph.launch({
    kernel: spread,
    reads: [x],
    writes: [output],
    uniforms: { lanes, image, step, scale },
    constants: { PIXELS },
    groups: [Math.ceil(step / WORKGROUP), batch, 1],
    loops: 0,
  });
}
