import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import source from "./channel_sums.wgsl" with { type: "text" };
import { sumPartials } from "../convolution/sum_partials.ts";

const kernel = defineKernel({
  name: "channel_sums",
  source,
  uniforms: { pixels: "u32", channels: "u32", pixels_per_chunk: "u32", chunks: "u32" },
  reads: { values: "vec4f" },
  writes: { result: "vec4f" },
});

/** Sums f32[N, H, W, C] over all pixels into `target`, f32[C]: the gradient of a bias. */
export function channelSums(
  graph: Graph,
  values: Tensor,
  target: { tensor: Tensor; accumulate: boolean },
): void {
  const extents = imageExtents(values);
  const pixels = extents.batch * extents.height * extents.width;
  const channels = padded(extents.channels) / 4;
  const pixelsPerChunk = Math.max(64, Math.ceil(pixels / 256));
  const chunks = Math.ceil(pixels / pixelsPerChunk);
  const partials = graph.tensor({ label: `sums of ${values.label}`, shape: [chunks, extents.channels] });
  graph.launch({
    kernel,
    reads: [values],
    writes: [partials],
    uniforms: { pixels, channels, pixels_per_chunk: pixelsPerChunk, chunks },
    groups: [Math.ceil(chunks * channels / WORKGROUP), 1, 1],
    loops: pixelsPerChunk,
  });
  sumPartials(graph, partials, target, chunks);
}
