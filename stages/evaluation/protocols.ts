/** Evaluation protocols: which pixels of an image are scored, and through which windows they are predicted. @module */
import { z } from "zod";
import type { ImageSize } from "../datasets/samples.ts";

/**
 * How images are scored.
 *
 * - `original`: each image whole, at its own size. PASCAL's.
 * - `center_crop`: its middle alone, mask and all; cheap, and some points lower.
 * - `sliding_window`: softmax probabilities of windows, two thirds of a window apart, summed; windows at the right and lower
 *   border are cut off, to slivers even. As published for Cityscapes.
 * - `sliding_window_shifted`: the same with whole windows: the last of a row or column is moved back into the image.
 * - `stretched`: each image whole, stretched to a square, bicubic; its labels are brought back to the image's size, nearest. As
 *   DeepLabv3Plus §6 scores PASCAL.
 */
export type ProtocolName =
  | "original"
  | "center_crop"
  | "sliding_window"
  | "sliding_window_shifted"
  | "stretched";

/** All {@linkcode ProtocolName}s. */
export const PROTOCOLS: readonly ProtocolName[] = [
  "original",
  "center_crop",
  "sliding_window",
  "sliding_window_shifted",
  "stretched",
];

/** A protocol with what it needs to know. */
export type Protocol =
  | { readonly name: "original" }
  | {
    readonly name: Exclude<ProtocolName, "original">;
    /** Side of the windows, or of the square, pixels, 2 or more. */
    readonly crop: number;
  };

/** Each image whole. */
export const ORIGINAL: Protocol = { name: "original" };

/** A rectangle of pixels. */
export interface Window extends ImageSize {
  /** First column. */
  readonly x: number;
  /** First row. */
  readonly y: number;
}

/** What a protocol does with an image. */
export interface ProtocolPlan {
  /** The part that is scored. */
  readonly scored: Window;
  /** What the networks see, one after another, row by row; relative to the image, and together they cover the part. */
  readonly windows: readonly Window[];
  /** Whether labels come from summed softmax probabilities; else from the logits of the only window. */
  readonly sums: boolean;
  /** Size that the only window is stretched to before the networks see it; its own unless told. */
  readonly stretchedTo?: ImageSize;
}

/**
 * Lays a protocol's windows over an image.
 *
 * Where an image is smaller than the windows, it is seen whole (a center crop of it, too: the published slice would take a
 * part of it, by a negative start).
 *
 * @see CCVC §4.4
 */
export function protocolPlan(protocol: Protocol, { width, height }: ImageSize): ProtocolPlan {
  const whole: Window = { x: 0, y: 0, width, height };
  if (protocol.name === "original") return { scored: whole, windows: [whole], sums: false };
  const { name, crop } = protocol;
  if (name === "stretched") {
    return { scored: whole, windows: [whole], sums: false, stretchedTo: { width: crop, height: crop } };
  }
  if (name === "center_crop") {
    const [column, row] = [middle(width, crop), middle(height, crop)];
    const scored = { x: column.start, y: row.start, width: column.length, height: row.length };
    return { scored, windows: [scored], sums: false };
  }
  const spans = name === "sliding_window" ? truncatedSpans : shiftedSpans;
  const columns = spans(width, crop);
  const windows = spans(height, crop).flatMap((row) =>
    columns.map((column) => ({
      x: column.start,
      y: row.start,
      width: column.length,
      height: row.length,
    }))
  );
  return { scored: whole, windows, sums: true };
}

interface Span {
  readonly start: number;
  readonly length: number;
}

function middle(size: number, crop: number): Span {
  const length = Math.min(size, crop);
  return { start: Math.floor((size - length) / 2), length };
}

/** Two thirds of a window, rounded down. */
const strideOf = (crop: number) => Math.floor(crop * 2 / 3);

/** As published: a window starts wherever one fits or not, and ends where the image does. */
function truncatedSpans(size: number, crop: number): Span[] {
  const spans: Span[] = [];
  for (let start = 0; start < size; start += strideOf(crop)) {
    spans.push({ start, length: Math.min(crop, size - start) });
  }
  return spans;
}

/** Whole windows: the last ends where the image does, and none begins behind it. */
function shiftedSpans(size: number, crop: number): Span[] {
  const length = Math.min(size, crop), last = size - length;
  const spans: Span[] = [];
  for (let start = 0; start < last; start += strideOf(crop)) spans.push({ start, length });
  return [...spans, { start: last, length }];
}

/** How many windows each scored pixel lies in, row by row: what its summed probabilities add up to. */
export function coverage({ scored, windows }: ProtocolPlan): Uint16Array {
  const counts = new Uint16Array(scored.width * scored.height);
  for (const { x, y, width, height } of windows) {
    for (let row = y - scored.y; row < y - scored.y + height; row++) {
      const first = row * scored.width + x - scored.x;
      for (let i = first; i < first + width; i++) counts[i]!++;
    }
  }
  return counts;
}

/** The protocol as part of a result's name: `original`, `sliding_window_712`. Equal names, comparable scores. */
export function protocolLabel(protocol: Protocol): string {
  return protocol.name === "original" ? protocol.name : `${protocol.name}_${protocol.crop}`;
}

/** How a config names a protocol: what {@linkcode protocolOf} reads. */
export interface ProtocolChoice {
  /** Name of the protocol. */
  readonly protocol: ProtocolName;
  /** Side of its windows, pixels; all but `original` need it. */
  readonly crop?: number | undefined;
}

/** A leaf that names a protocol. */
export const protocolLeaf = z.enum(PROTOCOLS);
/** The one that scores count by. */
export const scoredBy = protocolLeaf.default("original")
  .describe(
    "Which pixels are scored, and how: images whole; their middle; windows, cut off at the border or shifted; or whole, " +
      "stretched to a square.",
  )
  .meta({
    unit: "name",
    source:
      "CCVC §4.4: original PASCAL, sliding_window Cityscapes; DeepLabv3Plus §6: stretched; shifted is Crossview's",
  });
/** Side of a protocol's windows. */
export const cropLeaf = z.int().min(2).max(32_768).optional();

/**
 * What is wrong with a choice, or undefined.
 *
 * @param names Every protocol that is chosen.
 */
export function missingCrop(names: readonly (ProtocolName | undefined)[], crop?: number): string | undefined {
  const needs = names.find((name) => name !== undefined && name !== "original");
  if (needs === undefined || crop !== undefined) return undefined;
  const what = needs === "stretched" ? "square" : "windows";
  return `it is missing, and protocol "${needs}" needs the side of its ${what}, in pixels: as a rule that of the training's crops`;
}

/**
 * The protocol that a config chooses.
 * @throws {RangeError} If it needs a side and has none, which the schemas refuse before.
 */
export function protocolOf({ protocol: name, crop }: ProtocolChoice): Protocol {
  if (name === "original") return ORIGINAL;
  if (crop === undefined) throw new RangeError(`Cannot lay the windows of "${name}": ${missingCrop([name])}`);
  return { name, crop };
}
