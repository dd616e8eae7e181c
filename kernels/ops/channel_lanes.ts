import { elementwise } from "../launch.ts";
import { padded } from "../tensor.ts";

/**
 * Pixels that an invocation of a per-channel kernel passes through.
 *
 * What depends on the channel alone (a mean, a mask) is loaded or computed once for all of them.
 */
export const PIXELS = 8;

/** Most partial results a reduction leaves for its second pass, which adds them in order. */
const MAX_CHUNKS = 512;
/** Invocations at which a large GPU is busy with a reduction. */
const REDUCING = 16_384;

/** Channels as `vec4f`s. */
export function channelLanes(channels: number): number {
  return padded(channels) / 4;
}

/**
 * Launches one invocation for each {@linkcode PIXELS} `vec4f`s of one channel group.
 *
 * Invocation i takes vec4s i, i + step, i + 2·step, …; `step` is a multiple of `lanes`, so that all are of one group of
 * channels, and neighbors touch neighboring addresses.
 */
export function perChannel(
  count: number,
  lanes: number,
): { groups: [number, number, number]; stride: number; step: number } {
  const step = Math.ceil(Math.ceil(count / PIXELS) / lanes) * lanes;
  return { ...elementwise(step), step };
}

/** Splits `pixels` into chunks, each summed by one invocation per channel group in the order of its pixels. */
export function pixelChunks(
  pixels: number,
  lanes: number,
): { chunks: number; chunkPixels: number; loops: number } {
  const wanted = Math.min(MAX_CHUNKS, Math.ceil(REDUCING / lanes), Math.ceil(pixels / PIXELS));
  const chunkPixels = Math.ceil(pixels / wanted);
  return { chunks: Math.ceil(pixels / chunkPixels), chunkPixels, loops: Math.ceil(chunkPixels / 4) + 4 };
}
