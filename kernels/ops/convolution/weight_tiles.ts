import {
  blockShapes,
  MOST_UNSHARED_LANES,
  OCCUPYING,
  powerOfTwo,
  UNSHARED_INVOCATIONS,
  withTextured,
} from "./convolution_tiles.ts";
import type { Sharing } from "../../sharing.ts";
import { padded } from "../../tensor.ts";

/** How the weight-gradient kernels cut their work. */
export interface WeightTiling {
  /** Its shape and extents: what a tuner remembers. */
  readonly name: string;
  /** `wide`: lanes along output channels; `narrow`: lanes along taps and input channels; `blocked`: blocks in workgroup memory. */
  readonly shape: "wide" | "narrow" | "blocked";
  readonly constants: Readonly<Record<string, number>>;
  /** Which operands are read from a texture (texture_operand.ts). */
  readonly textures?: readonly ["source", "gradient"];
  /** Workgroups for one split. */
  readonly groups: readonly [number, number];
  /** Pixels that one turn of the inner loop takes. */
  readonly pixels: number;
  /** Times that an invocation walks along the rows of the map beside that loop. */
  readonly walks: number;
}

/** What a weight gradient makes. */
export interface WeightExtents {
  /** In all. */
  readonly taps: number;
  readonly inputChannels: number;
  readonly outputChannels: number;
  /** Whether the operands fit a texture. */
  readonly textures?: boolean;
}

/** vec4s of input channels, over all taps, that one tile of a weight gradient may hold. */
const MOST_OWNERS = 9;
/** vec4s of output channels that an invocation of a narrow tile may hold four rows of. */
const MOST_NARROW_OUTPUTS = 8;
/** Pixels of a split, at the least, where a software driver sums them. */
const LEAST_PIXELS = 256;
/** Fetches of shared operands in a turn: sums are masked and copied once for all of their pixels, and code stays small. */
const FETCHES = 2;

/**
 * The tiles that a weight gradient can be made with; the first is taken where nothing was measured, and decides the splits
 * (`weightSplits`) whichever is taken.
 *
 * A tile decides which sums are formed side by side, never the order of one sum, so all of them give the same bits.
 */
export function weightTilings(
  sharing: Sharing,
  { taps, inputChannels, outputChannels, textures = false }: WeightExtents,
): readonly [WeightTiling, ...WeightTiling[]] {
  const inputs = padded(inputChannels) / 4, outputs = padded(outputChannels) / 4;
  const owners = taps * inputs;
  let tilings: WeightTiling[];
  if (sharing === "workgroup") {
    // Splits occupy the device where the weights are few.
    tilings = blockShapes(outputs, owners, [16, 8], () => OCCUPYING).map(([WIDTH, HEIGHT]) => {
      const ROWS = 2 * HEIGHT, COLUMNS = 2 * WIDTH;
      return {
        name: `blocked-${WIDTH}x${HEIGHT}`,
        shape: "blocked",
        constants: { WIDTH, HEIGHT, ROWS, COLUMNS },
        groups: [Math.ceil(outputs / COLUMNS), Math.ceil(owners / ROWS)],
        pixels: 8,
        walks: 16 / WIDTH,
      };
    });
  } else if (sharing === 0) {
    const most = inputs >= 8 ? 8 : inputs >= 4 ? 4 : 1;
    tilings = (most === 1 ? [1] : [most, most / 2]).map((rows) =>
      unsharedWeights(taps, inputs, outputs, rows)
    );
  } else {
    // The few owners of a three-channel stem are one tile: each fetch of a gradient serves them all.
    const first = owners <= Math.min(MOST_OWNERS, sharing) ? owners : 8;
    const heights = [...new Set([first, 4, ...(owners >= 16 ? [16] : [])])];
    const plain = heights.filter((height) => height <= Math.min(owners, sharing))
      .map((height) => wideWeights(sharing, owners, outputs, height));
    const textured = (tilings: readonly WeightTiling[], tile = tilings[0]) =>
      !textures || !tile ? tilings : withTextured(sharing, tilings, {
        ...tile,
        name: `${tile.name}-texture`,
        textures: ["source", "gradient"],
      });
    // The tallest tile fetches the least.
    const wide = textured(plain, plain.find(({ constants }) => constants["INPUTS"] === 16));
    const across = powerOfTwo(outputs);
    const narrow = textured(
      across <= Math.min(sharing, MOST_NARROW_OUTPUTS) ? [narrowWeights(sharing, owners, across)] : [],
    );
    tilings = 2 * outputs <= sharing ? [...narrow, ...wide] : [...wide, ...narrow];
  }
  const [first, ...others] = tilings;
  return [first!, ...others];
}

function wideWeights(sharing: 8 | 16, owners: number, outputs: number, INPUTS: number): WeightTiling {
  const PIXELS = FETCHES * Math.floor(sharing / INPUTS);
  return {
    name: `wide-${INPUTS}`,
    shape: "wide",
    constants: { LANES: sharing, SUBGROUPS: 1, INPUTS, PIXELS, FETCHES, TILES: 1 },
    groups: [Math.ceil(outputs / sharing) * Math.ceil(owners / INPUTS), 1],
    pixels: PIXELS,
    walks: 0,
  };
}

function narrowWeights(sharing: 8 | 16, owners: number, OUTPUTS: number): WeightTiling {
  const PIXELS = FETCHES * sharing / OUTPUTS;
  return {
    name: `narrow-${OUTPUTS}`,
    shape: "narrow",
    constants: { LANES: sharing, OUTPUTS, PIXELS, FETCHES },
    groups: [Math.ceil(owners / sharing), 1],
    pixels: PIXELS,
    walks: 0,
  };
}

function unsharedWeights(taps: number, inputs: number, outputs: number, INPUTS: number): WeightTiling {
  const LANES = Math.min(MOST_UNSHARED_LANES, powerOfTwo(outputs));
  const TILES = Math.min(UNSHARED_INVOCATIONS / LANES, Math.ceil(inputs / INPUTS));
  return {
    name: `wide-${INPUTS}`,
    shape: "wide",
    constants: { LANES, SUBGROUPS: 0, INPUTS, PIXELS: 1, FETCHES: 1, TILES },
    groups: [Math.ceil(outputs / LANES) * Math.ceil(inputs / (INPUTS * TILES)), taps],
    pixels: 1,
    walks: 0,
  };
}

/**
 * Splits of the weight gradient's sum over pixels: enough workgroups to occupy the device, no more partials than that, and no
 * split so short that to write its partial, and to add it up, costs as much as the sum.
 *
 * @param workgroups Of the first tiling: splits are part of a sum's order, so they follow from the shape alone.
 */
export function weightSplits(
  sharing: Sharing,
  workgroups: number,
  { rows, pixels }: { readonly rows: number; readonly pixels: number },
): number {
  const enough = { 0: 1024, 8: 32, 16: 32, workgroup: 4 * OCCUPYING }[sharing];
  const worthwhile = typeof sharing === "number" && sharing > 0 ? Math.floor(pixels / LEAST_PIXELS) : rows;
  return Math.max(1, Math.min(rows, worthwhile, Math.ceil(enough / workgroups)));
}
