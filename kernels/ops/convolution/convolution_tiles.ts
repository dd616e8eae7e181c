import type { Sharing } from "../../sharing.ts";
import { padded } from "../../tensor.ts";

/** How the forward and input-gradient kernels cut their work: constants of their `#unroll` blocks, and what they cover. */
export interface GatherTiling {
  /** Its shape and extents: what a tuner remembers. */
  readonly name: string;
  /**
   * `wide`: lanes along output channels (convolution.wgsl); `narrow`: lanes along pixels (convolution_narrow.wgsl); `blocked`:
   * blocks in workgroup memory (convolution_blocked.wgsl).
   */
  readonly shape: "wide" | "narrow" | "blocked";
  readonly constants: Readonly<Record<string, number>>;
  /** Which operands are read from a texture (texture_operand.ts). */
  readonly textures?: readonly ["source", "weight"];
  /** Pixels and vec4s of output channels that one workgroup covers. */
  readonly pixels: number;
  readonly outputs: number;
  /** vec4s of input channels that one turn of the inner loop takes. */
  readonly channels: number;
  /**
   * Groups of pixels whose statistics it can leave besides: pixels of one, and what a turn of the inner loop costs in
   * multiply-adds of a row. Narrow tiles leave none: a group lies across their lanes, and to add those up costs more than to
   * read the pixels again; nor do those that share nothing, whose groups would differ.
   */
  readonly group?: { readonly pixels: number; readonly turn: number };
}

/** What a gather makes. */
export interface GatherExtents {
  readonly outputChannels: number;
  /** Of the result, in a residue class. */
  readonly pixels: number;
  /** Residue classes of pixels, each walked by workgroups of its own. */
  readonly classes: number;
  /** vec4s of input channels at a tap; many unless told. */
  readonly inputs?: number;
  /** Whether the operands fit a texture. */
  readonly textures?: boolean;
}

/** vec4s of input channels that are summed by themselves before they join the total; part of a sum's order, so never tuned. */
export const BLOCK = 16;
/**
 * Heights of a wide tile whose lanes share their pixels, where there are pixels for it; taller ones overflow the first-level cache.
 * The first is the fastest in the sum over a network, with 8 and with 16 lanes (tests/bench/results.md).
 */
const WIDE_ROWS = { 8: [32, 48, 16], 16: [48, 32, 16] } as const;
/** What the fetch of an operand costs a software driver, in multiply-adds of a row by it. */
const FETCH = 7;
/** vec4 accumulators of an invocation of a narrow tile, those of a block among them. */
const ACCUMULATORS = 64;
/** vec4 accumulators, each of a block and of the whole, of an invocation that fetches its operands itself. */
const UNSHARED_ACCUMULATORS = 16;
/** Invocations of a workgroup that shares nothing, and those side by side along the channels, whose fetches meet in a cache line. */
export const UNSHARED_INVOCATIONS = 32, MOST_UNSHARED_LANES = 16;
/** Workgroups that occupy a large GPU twice over; with fewer, smaller blocks are better. */
export const OCCUPYING = 256;

/**
 * The tiles that a gather can be made with; the first is taken where nothing was measured.
 *
 * A tile decides which sums are formed side by side, never the order of one sum, so all of them give the same bits.
 */
export function gatherTilings(
  sharing: Sharing,
  extents: GatherExtents,
): readonly [GatherTiling, ...GatherTiling[]] {
  const outputs = padded(extents.outputChannels) / 4, PARTS = Number(extents.inputs !== 1);
  if (sharing === "workgroup") return blockedGathers(outputs, extents);
  if (sharing === 0) {
    // No wider than the channels: lanes past the last one would multiply in vain.
    const columns = outputs > 8 ? 2 : 1;
    const most = UNSHARED_ACCUMULATORS;
    return [
      unsharedGather(outputs, most / columns, columns, PARTS),
      unsharedGather(outputs, most / columns / 2, columns, PARTS),
      ...(outputs > 1 ? [unsharedGather(outputs, most / (3 - columns), 3 - columns, PARTS)] : []),
    ];
  }
  const wide = wideGathers(sharing, extents, PARTS);
  const across = powerOfTwo(outputs), deep = Math.min(8, ACCUMULATORS / (1 + PARTS) / across);
  const narrow = across <= sharing
    ? textured(
      sharing,
      [deep, deep / 2].filter((pixels) => pixels >= 1)
        .map((pixels) => narrowGather(sharing, across, pixels, PARTS)),
      extents,
    )
    : [];
  const [first, ...others] = 2 * outputs <= sharing ? [...narrow, ...wide] : [...wide, ...narrow];
  return [first!, ...others];
}

/** Adds the largest tile with its operands in textures, if they fit. */
function textured(
  sharing: 8 | 16,
  tilings: readonly GatherTiling[],
  { textures = false }: GatherExtents,
): readonly GatherTiling[] {
  const [largest] = tilings.toSorted((a, b) => b.pixels - a.pixels);
  if (!textures || !largest) return tilings;
  const name = `${largest.name}-texture`;
  return withTextured(sharing, tilings, { ...largest, name, textures: ["source", "weight"] });
}

/**
 * Puts a tile with operands in textures where it belongs: before all others with 16 lanes, where it gains a fifth, and after them
 * with 8, where it gains less than the copies cost (tests/bench/results.md). All of a network take it, or none: were it for large
 * ones alone, or with one operand here and two there, each kind would be a pipeline more, and a driver takes a second to compile one.
 */
export function withTextured<Tiling>(
  sharing: 8 | 16,
  tilings: readonly Tiling[],
  textured: Tiling,
): readonly Tiling[] {
  return sharing === 16 ? [textured, ...tilings] : [...tilings, textured];
}

function wideGathers(
  sharing: 8 | 16,
  extents: GatherExtents,
  PARTS: number,
): readonly GatherTiling[] {
  // A pooled feature has as many pixels as images: a full tile would multiply the last one over and over, and to copy the weights
  // would take longer than to read them for so few.
  const few = Math.max(4, powerOfTwo(extents.pixels)), heights = WIDE_ROWS[sharing];
  if (few < Math.max(...heights)) {
    return [few, few / 2].filter((rows) => rows >= 4).map((rows) => wideGather(sharing, rows, PARTS));
  }
  return textured(sharing, heights.map((rows) => wideGather(sharing, rows, PARTS)), extents);
}

/** What a turn of a wide tile costs, in multiply-adds of a row. */
function wideTurn(sharing: 8 | 16, rows: number): number {
  return rows + FETCH * (4 + Math.ceil(rows / sharing));
}

function wideGather(sharing: 8 | 16, ROWS: number, PARTS: number): GatherTiling {
  const SPREAD = Math.min(sharing, ROWS);
  const constants = { LANES: sharing, SUBGROUPS: 1, ROWS, COLUMNS: 1, BLOCK, PARTS, TILES: 1, SPREAD };
  return {
    name: `wide-${ROWS}`,
    shape: "wide",
    constants,
    pixels: ROWS,
    outputs: sharing,
    channels: 1,
    ...(ROWS % 16 === 0 && { group: { pixels: 16, turn: wideTurn(sharing, ROWS) } }),
  };
}

function narrowGather(sharing: 8 | 16, OUTPUTS: number, PIXELS: number, PARTS: number): GatherTiling {
  const ROWS = Math.min(4, sharing / OUTPUTS);
  return {
    name: `narrow-${PIXELS}x${OUTPUTS}`,
    shape: "narrow",
    constants: { LANES: sharing, OUTPUTS, PIXELS, ROWS, BLOCK, PARTS },
    pixels: PIXELS * sharing,
    outputs: OUTPUTS,
    channels: 1,
  };
}

function unsharedGather(outputs: number, ROWS: number, COLUMNS: number, PARTS: number): GatherTiling {
  const LANES = Math.min(MOST_UNSHARED_LANES, powerOfTwo(Math.ceil(outputs / COLUMNS)));
  const TILES = UNSHARED_INVOCATIONS / LANES;
  return {
    name: `wide-${ROWS}x${COLUMNS}`,
    shape: "wide",
    constants: { LANES, SUBGROUPS: 0, ROWS, COLUMNS, BLOCK, PARTS, TILES, SPREAD: 1 },
    pixels: ROWS * TILES,
    outputs: LANES * COLUMNS,
    channels: 1,
  };
}

function blockedGathers(
  outputs: number,
  { pixels, classes }: GatherExtents,
): [GatherTiling, ...GatherTiling[]] {
  const workgroups = ([width, height]: BlockShape) =>
    Math.ceil(outputs / (2 * width)) * Math.ceil(pixels / (8 * height)) * classes;
  const [first, ...others] = blockShapes(outputs, Infinity, [8, 16], workgroups).map(
    ([WIDTH, HEIGHT]): GatherTiling => {
      const ROWS = 8 * HEIGHT, COLUMNS = 2 * WIDTH;
      const constants = { WIDTH, HEIGHT, ROWS, COLUMNS, BLOCK };
      const name = `blocked-${WIDTH}x${HEIGHT}`;
      return {
        name,
        shape: "blocked",
        constants,
        pixels: ROWS,
        outputs: COLUMNS,
        channels: 2,
        group: { pixels: 64, turn: 2 * ROWS },
      };
    },
  );
  return [first!, ...others];
}

/** Invocations of a block along the channels and across. */
export type BlockShape = readonly [width: number, height: number];

/**
 * The shapes of a block: 16 or 8 invocations along each axis, at most what the axis needs.
 *
 * @param outputs vec4s of output channels; a block covers twice its width.
 * @param owners Of a weight gradient: rows of vec4s; a block covers twice its height.
 * @param preferred The first where there is enough to do: of all shapes the fastest in the sum over a ResNet-101's step, measured
 *   on an H200. 16 × 16 wait for one another too often: 11 % slower in gathers, 23 % in weight gradients.
 * @param workgroups How many blocks of a shape there are.
 */
export function blockShapes(
  outputs: number,
  owners: number,
  preferred: BlockShape,
  workgroups: (shape: BlockShape) => number,
): readonly BlockShape[] {
  const sides = (length: number) => {
    const needed = length === Infinity ? 16 : powerOfTwo(Math.ceil(length / 2));
    return [...new Set([Math.min(16, needed), Math.min(8, needed)])];
  };
  const widths = sides(outputs), heights = sides(owners);
  let width = Math.min(preferred[0], widths[0]!), height = Math.min(preferred[1], heights[0]!);
  if (workgroups([width, height]) < OCCUPYING && width === 16) width = 8;
  if (workgroups([width, height]) < OCCUPYING && height === 16) height = 8;
  const others = widths.flatMap((w) => heights.map((h): BlockShape => [w, h]))
    .filter(([w, h]) => w !== width || h !== height);
  return [[width, height], ...others];
}

/** The power of two that is at least so large. */
export function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}
