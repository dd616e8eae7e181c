import type { Sharing } from "./sharing.ts";
import { padded } from "./tensor.ts";

/** How the forward and input-gradient kernels cut their work: constants of their `#unroll` blocks, and what they cover. */
export interface GatherTiling {
  /**
   * `wide`: lanes along output channels (convolution.wgsl); `narrow`: lanes along pixels (convolution_narrow.wgsl); `blocked`:
   * blocks in workgroup memory (convolution_blocked.wgsl).
   */
  readonly shape: "wide" | "narrow" | "blocked";
  readonly constants: Readonly<Record<string, number>>;
  /** Pixels and vec4s of output channels that one workgroup covers. */
  readonly pixels: number;
  readonly outputs: number;
  /** vec4s of input channels that one turn of the inner loop takes. */
  readonly channels: number;
}

/** How the weight-gradient kernels cut their work. */
export interface WeightTiling {
  /** `wide`: lanes along output channels; `narrow`: lanes along taps and input channels; `blocked`: blocks in workgroup memory. */
  readonly shape: "wide" | "narrow" | "blocked";
  readonly constants: Readonly<Record<string, number>>;
  /** Workgroups for one split. */
  readonly groups: readonly [number, number];
  /** Pixels that one turn of the inner loop takes. */
  readonly pixels: number;
  /** Times that an invocation walks through the rows of the map beside the inner loop. */
  readonly walks: number;
}

/** What a gather makes. */
export interface GatherExtents {
  readonly outputChannels: number;
  /** Of the result, in a residue class. */
  readonly pixels: number;
  /** Residue classes of pixels, each walked by workgroups of its own. */
  readonly classes: number;
}

/** What a weight gradient makes. */
export interface WeightExtents {
  /** In all. */
  readonly taps: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
}

/** vec4s of input channels that are summed by themselves before they join the total. */
const BLOCK = 8;
/** vec4 accumulators of an invocation that shares its operands: what a software driver keeps in its first-level cache. */
const ACCUMULATORS = 32;
/** vec4s of input channels, over all taps, that one tile of a weight gradient may hold. */
const MOST_OWNERS = 9;
/** vec4 accumulators, each of a block and of the whole, of an invocation that fetches its operands itself. */
const UNSHARED_ACCUMULATORS = 16;
/** Invocations of a workgroup that shares nothing, and those side by side along the channels, whose fetches meet in a cache line. */
const UNSHARED_INVOCATIONS = 32, MOST_UNSHARED_LANES = 16;
/** Workgroups that occupy a large GPU twice over; with fewer, smaller blocks are better. */
const OCCUPYING = 256;

/**
 * The tile of a gather.
 *
 * It decides which sums are formed side by side, never the order of one sum, so it does not change the bits.
 */
export function gatherTiling(sharing: Sharing, extents: GatherExtents): GatherTiling {
  const outputs = padded(extents.outputChannels) / 4;
  if (sharing === "workgroup") return blockedGather(outputs, extents);
  if (sharing === 0) {
    // No wider than the channels: lanes past the last one would multiply in vain.
    const COLUMNS = outputs > 8 ? 2 : 1;
    const ROWS = UNSHARED_ACCUMULATORS / COLUMNS;
    const LANES = Math.min(MOST_UNSHARED_LANES, powerOfTwo(Math.ceil(outputs / COLUMNS)));
    const TILES = UNSHARED_INVOCATIONS / LANES;
    const constants = { LANES, SUBGROUPS: 0, ROWS, COLUMNS, BLOCK, TILES, SPREAD: 1 };
    return { shape: "wide", constants, pixels: ROWS * TILES, outputs: LANES * COLUMNS, channels: 1 };
  }
  if (2 * outputs <= sharing) {
    const OUTPUTS = powerOfTwo(outputs);
    const PIXELS = Math.min(8, ACCUMULATORS / OUTPUTS);
    const ROWS = Math.min(4, sharing / OUTPUTS);
    return {
      shape: "narrow",
      constants: { LANES: sharing, OUTPUTS, PIXELS, ROWS, BLOCK },
      pixels: PIXELS * sharing,
      outputs: OUTPUTS,
      channels: 1,
    };
  }
  // A pooled feature has as many pixels as images: a full tile would multiply the last one over and over.
  const ROWS = Math.min(ACCUMULATORS, Math.max(4, powerOfTwo(extents.pixels)));
  const SPREAD = Math.min(sharing, ROWS);
  const constants = { LANES: sharing, SUBGROUPS: 1, ROWS, COLUMNS: 1, BLOCK, TILES: 1, SPREAD };
  return { shape: "wide", constants, pixels: ROWS, outputs: sharing, channels: 1 };
}

function blockedGather(outputs: number, { pixels, classes }: GatherExtents): GatherTiling {
  const [WIDTH, HEIGHT] = blockShape(
    outputs,
    (width, height) => Math.ceil(outputs / (2 * width)) * Math.ceil(pixels / (8 * height)) * classes,
  );
  const ROWS = 8 * HEIGHT, COLUMNS = 2 * WIDTH;
  const constants = { WIDTH, HEIGHT, ROWS, COLUMNS };
  return { shape: "blocked", constants, pixels: ROWS, outputs: COLUMNS, channels: 2 };
}

/** The tile of a weight gradient. */
export function weightTiling(
  sharing: Sharing,
  { taps, inputChannels, outputChannels }: WeightExtents,
): WeightTiling {
  const inputs = padded(inputChannels) / 4, outputs = padded(outputChannels) / 4;
  const owners = taps * inputs;
  if (sharing === "workgroup") {
    // Splits occupy the device where the weights are few.
    const [WIDTH, HEIGHT] = blockShape(outputs, () => OCCUPYING, owners);
    const ROWS = 2 * HEIGHT, COLUMNS = 2 * WIDTH;
    return {
      shape: "blocked",
      constants: { WIDTH, HEIGHT, ROWS, COLUMNS },
      groups: [Math.ceil(outputs / COLUMNS), Math.ceil(owners / ROWS)],
      pixels: 8,
      walks: 16 / WIDTH,
    };
  }
  if (sharing === 0) {
    const INPUTS = inputs >= 8 ? 8 : inputs >= 4 ? 4 : 1;
    const LANES = Math.min(MOST_UNSHARED_LANES, powerOfTwo(outputs));
    const TILES = Math.min(UNSHARED_INVOCATIONS / LANES, Math.ceil(inputs / INPUTS));
    return {
      shape: "wide",
      constants: { LANES, SUBGROUPS: 0, INPUTS, PIXELS: 1, TILES },
      groups: [Math.ceil(outputs / LANES) * Math.ceil(inputs / (INPUTS * TILES)), taps],
      pixels: 1,
      walks: 0,
    };
  }
  if (2 * outputs <= sharing) {
    const OUTPUTS = powerOfTwo(outputs);
    const PIXELS = sharing / OUTPUTS;
    const constants = { LANES: sharing, OUTPUTS, PIXELS };
    return { shape: "narrow", constants, groups: [Math.ceil(owners / sharing), 1], pixels: PIXELS, walks: 0 };
  }
  // The few owners of a three-channel stem are one tile: each fetch of a gradient serves them all.
  const INPUTS = owners <= Math.min(MOST_OWNERS, sharing) ? owners : 8;
  const PIXELS = Math.floor(sharing / INPUTS);
  return {
    shape: "wide",
    constants: { LANES: sharing, SUBGROUPS: 1, INPUTS, PIXELS, TILES: 1 },
    groups: [Math.ceil(outputs / sharing) * Math.ceil(owners / INPUTS), 1],
    pixels: PIXELS,
    walks: 0,
  };
}

/**
 * Invocations of a block along the channels and across: 16 × 16 where there is enough to do, each extent at most what its axis
 * needs.
 *
 * @param outputs vec4s of output channels; a block covers twice its width.
 * @param workgroups How many blocks of a shape there are.
 * @param owners Of a weight gradient: rows of vec4s; a block covers twice its height.
 */
function blockShape(
  outputs: number,
  workgroups: (width: number, height: number) => number,
  owners = Infinity,
): [width: number, height: number] {
  let width = Math.min(16, powerOfTwo(Math.ceil(outputs / 2)));
  let height = Math.min(16, owners === Infinity ? 16 : powerOfTwo(Math.ceil(owners / 2)));
  if (workgroups(width, height) < OCCUPYING && width === 16) width = 8;
  if (workgroups(width, height) < OCCUPYING && height === 16) height = 8;
  return [width, height];
}

/** Splits of the weight gradient's sum over pixels: enough workgroups to occupy the device, no more partials than that. */
export function weightSplits(sharing: Sharing, workgroups: number, rows: number): number {
  const enough = { 0: 1024, 8: 64, 16: 64, workgroup: 2 * OCCUPYING }[sharing];
  return Math.max(1, Math.min(rows, Math.ceil(enough / workgroups)));
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}
