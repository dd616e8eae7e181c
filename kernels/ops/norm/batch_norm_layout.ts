import { imageExtents, type Tensor } from "../../tensor.ts";
import law from "./batch_norm_law.wgsl" with { type: "text" };
import { channelLanes, perChannel, type PixelChunks, pixelChunks } from "./channel_lanes.ts";

/** What a kernel includes to know what a normalization divides and multiplies by. */
export const lawIncludes = { "batch_norm_law.wgsl": law } as const;
/** Types of what a normalization reads of each channel. */
export const vectors = { mean: "vec4f", variance: "vec4f", weight: "vec4f", bias: "vec4f" } as const;
/** Uniforms of a kernel that sums the chunks of {@linkcode PixelChunks}. */
export const chunkUniforms = {
  lanes: "u32",
  pixels: "u32",
  chunk_pixels: "u32",
  chunks: "u32",
  passes: "u32",
} as const;
/** Uniforms of a kernel that goes through the pixels by {@linkcode perChannel}. */
export const pixelUniforms = {
  lanes: "u32",
  count: "u32",
  stride: "u32",
  step: "u32",
} as const;

/** A mean and a variance of each channel. */
export interface Moments {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

/** How the launches of a batch norm go through its images: sums in chunks, then each pixel by itself. */
export interface NormLayout {
  /** Parts of the batch, each normalized by its own statistics. */
  readonly passes: number;
  /** Pixels of a pass. */
  readonly pixels: number;
  readonly channels: number;
  /** Its channels as `vec4f`s. */
  readonly lanes: number;
  readonly chunked: PixelChunks;
  /** Values of {@linkcode chunkUniforms}. */
  readonly chunkValues: Readonly<Record<keyof typeof chunkUniforms, number>>;
  /** Those of {@linkcode pixelUniforms}. */
  readonly pixelValues: Readonly<Record<keyof typeof pixelUniforms, number>>;
  /** Workgroups for each pixel by itself. */
  readonly groups: readonly [number, number, number];
}

/** The layout of x [N, H, W, C], N a multiple of `passes`. */
export function normLayout(x: Tensor, passes: number): NormLayout {
  const { batch, height, width, channels } = imageExtents(x);
  const pixels = batch / passes * height * width;
  const lanes = channelLanes(channels), count = pixels * lanes;
  const chunked = pixelChunks(passes, pixels, lanes);
  const { groups: [across, down], stride, step } = perChannel(count, lanes);
  return {
    passes,
    pixels,
    channels,
    lanes,
    chunked,
    chunkValues: { lanes, pixels, chunk_pixels: chunked.chunkPixels, chunks: chunked.chunks, passes },
    pixelValues: { lanes, count, stride, step },
    groups: [across, down, passes],
  };
}
