import { elementwise, WORKGROUP } from "../../launch.ts";
import type { Sharing } from "../../sharing.ts";
import { padded } from "../../tensor.ts";

/**
 * Pixels that an invocation of a per-channel kernel passes through.
 *
 * What depends on the channel alone (a mean, a mask) is loaded or computed once for all of them.
 */
export const PIXELS = 4;

/** Most partial results a reduction leaves for its second pass, which adds them in order. */
const MAX_CHUNKS = 512;
/** Partial results that a second pass adds up before their sum joins the total. */
const PART = 16;
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

/** How a sum over pixels, for each channel, is spread over invocations. */
export interface PixelChunks {
  readonly chunks: number;
  readonly chunkPixels: number;
  readonly groups: readonly [number, number, number];
  /** WIDTH: groups of channels that an invocation sums, 8 lanes apart; UNROLL: pixels of an iteration. */
  readonly constants: { readonly WIDTH: number; readonly UNROLL: number };
  readonly loops: number;
}

/**
 * Splits the pixels of each image into chunks, each summed by one invocation in the order of its pixels.
 *
 * Eight lanes side by side touch 128 bytes of a pixel. Where pixels are long, that is a short touch in a long stride,
 * and an invocation takes four such groups: about twice as fast where measured, with the same sums in the same order.
 */
export function pixelChunks(images: number, pixels: number, lanes: number): PixelChunks {
  const wanted = Math.min(MAX_CHUNKS, Math.ceil(REDUCING / lanes), Math.ceil(pixels / PIXELS));
  const chunkPixels = Math.ceil(pixels / wanted);
  const chunks = Math.ceil(pixels / chunkPixels);
  const constants = lanes % 32 === 0 ? { WIDTH: 4, UNROLL: 2 } : { WIDTH: 1, UNROLL: 4 };
  return {
    chunks,
    chunkPixels,
    groups: [Math.ceil(images * chunks * lanes / constants.WIDTH / WORKGROUP), 1, 1],
    constants,
    loops: Math.ceil(chunkPixels / constants.UNROLL) + constants.UNROLL,
  };
}

/** How the chunks of a sum over pixels are added up. */
export interface ChunkSums {
  /** 1: by the invocations of a workgroup together. */
  readonly shared: 0 | 1;
  readonly launch: Pick<PixelChunks, "groups" | "loops"> & {
    readonly constants: Readonly<Record<string, number>>;
  };
}

/**
 * Adds chunks up by one invocation for each vec4 of channels; on a GPU, which these few would not occupy, by workgroups of LANES
 * vec4s, for which SIDE_BY_SIDE sums of {@linkcode PART} chunks are formed at a time, of PARTS at most. The order of a sum is the
 * same. Software takes no barriers here: with them both passes take 3 to 4 times as long on lavapipe.
 *
 * @param passes Sums of so many chunks, one after another.
 */
export function chunkSums(sharing: Sharing, passes: number, chunks: number, lanes: number): ChunkSums {
  const parts = Math.ceil(chunks / PART);
  if (sharing !== "workgroup") {
    const groups = [Math.ceil(lanes / WORKGROUP), 1, 1] as const;
    return { shared: 0, launch: { groups, constants: {}, loops: passes * (1 + chunks + parts) } };
  }
  const LANES = 8, SIDE_BY_SIDE = 8;
  return {
    shared: 1,
    launch: {
      groups: [Math.ceil(lanes / LANES), 1, 1],
      constants: { LANES, SIDE_BY_SIDE, PARTS: MAX_CHUNKS / PART },
      loops: passes * (1 + Math.ceil(parts / SIDE_BY_SIDE) + parts + 4),
    },
  };
}
