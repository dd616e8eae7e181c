import { padded } from "./tensor.ts";

/** How a convolution kernel cuts its work: the constants that its `#unroll` blocks take. */
export interface Tiling {
  readonly LANES: number;
  readonly SUBGROUPS: number;
}

/** Output pixels × channels for each invocation in the forward and input-gradient kernels. */
export interface ForwardTiling extends Tiling {
  readonly ROWS: number;
  readonly COLUMNS: number;
  readonly TILES: number;
  /** vec4s of input channels that are summed by themselves before they join the total. */
  readonly BLOCK: number;
  readonly SPREAD: number;
}

/** Input × output channels for each invocation in the weight-gradient kernel. */
export interface WeightTiling extends Tiling {
  readonly INPUTS: number;
  readonly PIXELS: number;
}

/**
 * The tile for a device of so many subgroup lanes.
 *
 * It decides the order in which nothing but independent sums are formed, so it never changes the bits of a forward pass.
 *
 * @param lanes Lanes of a subgroup; 0 where there are none to be had.
 */
export function forwardTiling(lanes: number): ForwardTiling {
  if (lanes > 0) {
    return {
      LANES: lanes,
      SUBGROUPS: 1,
      ROWS: Math.max(32, lanes),
      COLUMNS: 1,
      BLOCK: 8,
      TILES: 1,
      SPREAD: lanes,
    };
  }
  return { LANES: 16, SUBGROUPS: 0, ROWS: 8, COLUMNS: 2, BLOCK: 8, TILES: 4, SPREAD: 1 };
}

/** The tile of the weight gradient; `channels` is the convolution's input channel count. */
export function weightTiling(lanes: number, channels: number): WeightTiling {
  const groups = padded(channels) / 4;
  if (lanes > 0) {
    const INPUTS = groups >= 8 ? 8 : groups >= 4 ? 4 : 1;
    return { LANES: lanes, SUBGROUPS: 1, INPUTS, PIXELS: Math.max(1, Math.floor(lanes / INPUTS)) };
  }
  return { LANES: 64, SUBGROUPS: 0, INPUTS: groups >= 4 ? 4 : 1, PIXELS: 1 };
}

/** Splits of the weight gradient's sum over pixels: enough workgroups to occupy a device, no more partials than that. */
export function weightSplits(workgroups: number, rows: number): number {
  const ENOUGH = 64;
  return Math.max(1, Math.min(rows, Math.ceil(ENOUGH / workgroups)));
}
