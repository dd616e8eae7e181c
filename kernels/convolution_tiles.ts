import { padded } from "./tensor.ts";

/** How the forward and input-gradient kernels cut their work: constants of their `#unroll` blocks, and what they cover. */
export interface GatherTiling {
  /** `narrow`: lanes along pixels (convolution_narrow.wgsl); `wide`: lanes along output channels (convolution.wgsl). */
  readonly shape: "wide" | "narrow";
  readonly constants: Readonly<Record<string, number>>;
  /** Pixels and vec4s of output channels that one workgroup covers. */
  readonly pixels: number;
  readonly outputs: number;
}

/** How the weight-gradient kernels cut their work. */
export interface WeightTiling {
  /** `narrow`: lanes along taps and input channels; `wide`: lanes along output channels. */
  readonly shape: "wide" | "narrow";
  readonly constants: Readonly<Record<string, number>>;
  /** Workgroups for one split. */
  readonly groups: readonly [number, number];
  /** Pixels of a row that one turn of the inner loop takes. */
  readonly pixels: number;
}

/** vec4s of input channels that are summed by themselves before they join the total. */
const BLOCK = 8;
/**
 * Most lanes for which a subgroup shares its operands by broadcasts. On a processor (8 or 16 lanes) that is one permutation of a
 * register; a GPU has more lanes, fewer registers for each, and a cache that serves neighbors that ask for the same value.
 */
const MOST_BROADCAST_LANES = 16;
/** vec4 accumulators of an invocation that shares its operands: what a software driver keeps in its first-level cache. */
const ACCUMULATORS = 32;
/** vec4s of input channels, over all taps, that one tile of a weight gradient may hold. */
const MOST_OWNERS = 9;
/** vec4 accumulators, each of a block and of the whole, of an invocation that fetches its operands itself. */
const UNSHARED_ACCUMULATORS = 16;
/** Invocations side by side along the channels of a tile without broadcasts: neighbors whose fetches meet in a cache line. */
const MOST_UNSHARED_LANES = 16;

/**
 * The tile of a gather with so many output channels, for a device of so many subgroup lanes.
 *
 * It decides which sums are formed side by side, never the order of one sum, so it does not change the bits.
 *
 * @param lanes Lanes of a subgroup; 0 where there are none to be had.
 * @param pixels Of the result, in a residue class: no tile needs more.
 */
export function gatherTiling(lanes: number, outputChannels: number, pixels: number): GatherTiling {
  const outputs = padded(outputChannels) / 4;
  if (!broadcasts(lanes)) {
    // No wider than the channels: lanes past the last one would multiply in vain.
    const COLUMNS = outputs > 8 ? 2 : 1;
    const ROWS = UNSHARED_ACCUMULATORS / COLUMNS;
    const LANES = Math.min(MOST_UNSHARED_LANES, powerOfTwo(Math.ceil(outputs / COLUMNS)));
    const TILES = unsharedInvocations(lanes) / LANES;
    const constants = { LANES, SUBGROUPS: 0, ROWS, COLUMNS, BLOCK, TILES, SPREAD: 1 };
    return { shape: "wide", constants, pixels: ROWS * TILES, outputs: LANES * COLUMNS };
  }
  if (2 * outputs <= lanes) {
    const OUTPUTS = powerOfTwo(outputs);
    const PIXELS = Math.min(8, ACCUMULATORS / OUTPUTS);
    const ROWS = Math.min(4, lanes / OUTPUTS);
    return {
      shape: "narrow",
      constants: { LANES: lanes, OUTPUTS, PIXELS, ROWS, BLOCK },
      pixels: PIXELS * lanes,
      outputs: OUTPUTS,
    };
  }
  // A pooled feature has as many pixels as images: a full tile would multiply the last one over and over.
  const ROWS = Math.min(ACCUMULATORS, Math.max(4, powerOfTwo(pixels)));
  const constants = {
    LANES: lanes,
    SUBGROUPS: 1,
    ROWS,
    COLUMNS: 1,
    BLOCK,
    TILES: 1,
    SPREAD: Math.min(lanes, ROWS),
  };
  return { shape: "wide", constants, pixels: ROWS, outputs: lanes };
}

/** The tile of the weight gradient of a convolution of `taps` in all, from and to so many channels. */
export function weightTiling(
  lanes: number,
  { taps, inputChannels, outputChannels }: { taps: number; inputChannels: number; outputChannels: number },
): WeightTiling {
  const inputs = padded(inputChannels) / 4, outputs = padded(outputChannels) / 4;
  const shared = broadcasts(lanes);
  if (shared && 2 * outputs <= lanes) {
    const OUTPUTS = powerOfTwo(outputs);
    const PIXELS = lanes / OUTPUTS;
    const constants = { LANES: lanes, OUTPUTS, PIXELS };
    return { shape: "narrow", constants, groups: [Math.ceil(taps * inputs / lanes), 1], pixels: PIXELS };
  }
  if (shared) {
    const owners = taps * inputs;
    // The few owners of a three-channel stem are one tile: each fetch of a gradient serves them all.
    const INPUTS = owners <= Math.min(MOST_OWNERS, lanes) ? owners : 8;
    const PIXELS = Math.floor(lanes / INPUTS);
    return {
      shape: "wide",
      constants: { LANES: lanes, SUBGROUPS: 1, INPUTS, PIXELS, TILES: 1 },
      groups: [Math.ceil(outputs / lanes) * Math.ceil(owners / INPUTS), 1],
      pixels: PIXELS,
    };
  }
  const INPUTS = inputs >= 8 ? 8 : inputs >= 4 ? 4 : 1;
  const LANES = Math.min(MOST_UNSHARED_LANES, powerOfTwo(outputs));
  const TILES = Math.min(unsharedInvocations(lanes) / LANES, Math.ceil(inputs / INPUTS));
  return {
    shape: "wide",
    constants: { LANES, SUBGROUPS: 0, INPUTS, PIXELS: 1, TILES },
    groups: [Math.ceil(outputs / LANES) * Math.ceil(inputs / (INPUTS * TILES)), taps],
    pixels: 1,
  };
}

/** Splits of the weight gradient's sum over pixels: enough workgroups to occupy the device, no more partials than that. */
export function weightSplits(lanes: number, workgroups: number, rows: number): number {
  const enough = broadcasts(lanes) ? 64 : 1024;
  return Math.max(1, Math.min(rows, Math.ceil(enough / workgroups)));
}

function broadcasts(lanes: number): boolean {
  return lanes >= 8 && lanes <= MOST_BROADCAST_LANES;
}

/** Invocations of a workgroup without broadcasts: GPUs hide more waits with more; a software driver's cache holds few. */
function unsharedInvocations(lanes: number): number {
  return lanes > MOST_BROADCAST_LANES ? 64 : 32;
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}
