import { ShapeError } from "../../errors.ts";
import { elementwise } from "../../launch.ts";
import { imageExtents, padded, type Tensor } from "../../tensor.ts";
import everyPixel from "./every_pixel.wgsl" with { type: "text" };
import source from "./upsampled_logits.wgsl" with { type: "text" };
import walkedLoss from "./walked_loss.wgsl" with { type: "text" };
import { MAX_EXTENT } from "../feature/resize_bilinear.ts";

/** Pixels of an image. */
export interface LogitsSize {
  /** Rows. */
  readonly height: number;
  /** Columns. */
  readonly width: number;
}

/** Fewest intervals between stored rows that an invocation walks through: it reads a stored row more than that. */
const SPAN = 4;
/** Invocations at which a large GPU is busy; few enough that one workgroup adds their sums at once. */
const MOST_WALKS = 32_768;

/** What a kernel that walks down columns is launched with. */
export interface LogitsWalk {
  /** Of a map with an element for each pixel: [N, height, width]. */
  readonly shape: readonly [number, number, number];
  /** Walks: invocations that have something to do. */
  readonly count: number;
  readonly span: number;
  readonly segments: number;
  /** Whether fewer logits are stored than the image has pixels. */
  readonly upsampled: boolean;
  readonly uniforms: Readonly<Record<keyof typeof walkUniforms, number>>;
  readonly constants: { readonly VECTORS: number; readonly CLASSES: number; readonly UPSAMPLED: number };
  readonly groups: readonly [number, number, number];
  readonly loops: number;
}

/** The fields that a walking kernel's uniforms begin with. */
export const walkUniforms = {
  batch: "u32",
  in_height: "u32",
  in_width: "u32",
  height: "u32",
  width: "u32",
  span: "u32",
  segments: "u32",
  stride: "u32",
} as const;

/** What the texts of walking kernels include. */
export const walkIncludes = {
  "upsampled_logits.wgsl": source,
  "every_pixel.wgsl": everyPixel,
  "walked_loss.wgsl": walkedLoss,
} as const;

/**
 * How a kernel goes through the logits of every pixel of an image, of which fewer may be stored. The others are made as
 * they are met, by bilinear interpolation with corners aligned, as `resizeBilinear` does; none of them is stored.
 *
 * @param logits [N, h, w, C].
 * @param size Pixels of the image, h × w unless told.
 * @throws {ShapeError} If the size is smaller than the logits', or an extent is not an integer up to 32768.
 */
export function walkLogits(logits: Tensor, size?: LogitsSize): LogitsWalk {
  const { batch, height: inHeight, width: inWidth, channels } = imageExtents(logits);
  const { height, width } = size ?? { height: inHeight, width: inWidth };
  const isExtent = (n: number, least: number) => Number.isInteger(n) && n >= least && n <= MAX_EXTENT;
  if (!isExtent(height, inHeight) || !isExtent(width, inWidth)) {
    throw new ShapeError(
      `Cannot take ${logits.label} [${logits.shape}] for the logits of ${height} × ${width} pixels: an image's extents ` +
        `must be integers from the logits' own to ${MAX_EXTENT}`,
    );
  }
  const upsampled = height !== inHeight || width !== inWidth;
  const intervals = Math.max(upsampled ? inHeight - 1 : inHeight, 1);
  const most = Math.max(1, Math.floor(MOST_WALKS / (batch * width)));
  const span = Math.max(SPAN, Math.ceil(intervals / most));
  const segments = Math.ceil(intervals / span);
  const count = batch * segments * width;
  const { groups, stride } = elementwise(count);
  return {
    shape: [batch, height, width],
    count,
    span,
    segments,
    upsampled,
    uniforms: { batch, in_height: inHeight, in_width: inWidth, height, width, span, segments, stride },
    constants: { VECTORS: padded(channels) / 4, CLASSES: channels, UPSAMPLED: Number(upsampled) },
    groups,
    loops: span + Math.ceil(span * height / intervals) + 1,
  };
}
