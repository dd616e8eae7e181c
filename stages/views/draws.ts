/** What is random about a view: pure functions of a stream, each making the same number of draws whatever comes out. */
import type { RandomStream } from "../../kernels/random.ts";
import type { Geometry, Photometric } from "../../kernels/ops/view/view_settings.ts";
import type { Box, Partner } from "./specs.ts";

/** What a geometric view is drawn for. */
export interface GeometryOptions {
  /** Size of the source image, pixels. */
  readonly width: number;
  readonly height: number;
  /** Side of the square crop, pixels. */
  readonly crop: number;
  /** Range of the resized long side, relative to the source's; [0.5, 2] in CCVC. */
  readonly scale: readonly [low: number, high: number];
}

/**
 * Draws resize, crop and flip. Four draws.
 *
 * The long side is uniform over the integers from int(low · L) to int(high · L), the short one keeps the ratio, rounded half up;
 * of equal sides the width is the long one. The crop's corner is uniform over the offsets at which the crop lies within the
 * image once that is padded, right and below, to the crop's size. Half of the views are flipped.
 *
 * @throws {RangeError} If a size is not a positive integer or the range is empty.
 * @see CCVC §4.2.
 */
export function drawGeometry(stream: RandomStream, options: GeometryOptions): Geometry {
  const { width: sourceWidth, height: sourceHeight, crop, scale } = options;
  if (![sourceWidth, sourceHeight, crop].every((extent) => Number.isInteger(extent) && extent > 0)) {
    throw new RangeError(
      `Cannot draw a crop of ${crop} from an image of ${sourceWidth} × ${sourceHeight}: all must be positive integers`,
    );
  }
  const long = Math.max(sourceWidth, sourceHeight), short = Math.min(sourceWidth, sourceHeight);
  // A side of one pixel would shrink to none, which no image has.
  const least = Math.max(Math.trunc(long * scale[0]), 1);
  const resizedLong = stream.integer(least, Math.max(Math.trunc(long * scale[1]), least));
  const resizedShort = Math.max(Math.trunc((short * resizedLong) / long + 0.5), 1);
  const [width, height] = sourceWidth >= sourceHeight
    ? [resizedLong, resizedShort]
    : [resizedShort, resizedLong];
  const x = stream.integer(0, Math.max(width - crop, 0));
  const y = stream.integer(0, Math.max(height - crop, 0));
  const flip = stream.uniform() < 0.5;
  return { sourceWidth, sourceHeight, width, height, x, y, flip };
}

/** How strongly colors are changed, and how often. */
export interface PhotometricOptions {
  /** Factors are uniform in [1 − strength, 1 + strength] (no less than 0), hue's shift in [−hue, hue] turns. */
  readonly jitter: {
    readonly probability: number;
    readonly brightness: number;
    readonly contrast: number;
    readonly saturation: number;
    readonly hue: number;
  };
  /** Loss of colors. */
  readonly gray: { readonly probability: number };
  /** Standard deviation uniform in [low, high] pixels. */
  readonly blur: { readonly probability: number; readonly sigma: readonly [low: number, high: number] };
}

/** CCVC's and UniMatch's strong view (CCVC §4.3). */
export const strongPhotometric: PhotometricOptions = {
  jitter: { probability: 0.8, brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.25 },
  gray: { probability: 0.2 },
  blur: { probability: 0.5, sigma: [0.1, 2] },
};

/** Factors are multiples of this, so that blending is exact in f32 and every device gives the same pixels. */
const FACTOR_STEPS = 2 ** 14;

/** Draws color jitter, gray and blur. Eleven draws. */
export function drawPhotometric(
  stream: RandomStream,
  options: PhotometricOptions = strongPhotometric,
): Photometric {
  const { jitter, gray, blur } = options;
  const jittered = stream.uniform() < jitter.probability;
  const order = [...stream.shuffle(4)];
  const factor = (strength: number) =>
    stream.integer(
      Math.ceil(Math.max(1 - strength, 0) * FACTOR_STEPS),
      Math.floor((1 + strength) * FACTOR_STEPS),
    ) / FACTOR_STEPS;
  const brightness = factor(jitter.brightness);
  const contrast = factor(jitter.contrast);
  const saturation = factor(jitter.saturation);
  const hue = stream.uniformBetween(-jitter.hue, jitter.hue);
  const grayed = stream.uniform() < gray.probability;
  const blurred = stream.uniform() < blur.probability;
  const sigma = stream.uniformBetween(...blur.sigma);
  return {
    gray: grayed,
    ...(jittered && { jitter: { order, brightness, contrast, saturation, hue } }),
    ...(blurred && { blur: sigma }),
  };
}

/** The partner of each of `count` images; a draw is made for `permutation` alone. */
export function drawPartners(stream: RandomStream, partner: Partner, count: number): ArrayLike<number> {
  const each = (rule: (i: number) => number) => Array.from({ length: count }, (_, i) => rule(i));
  switch (partner) {
    case "reversed":
      return each((i) => count - 1 - i);
    case "next":
      return each((i) => (i + 1) % count);
    case "permutation":
      return stream.shuffle(count);
    case "same place":
      return each((i) => i);
  }
}

/** How a CutMix box is drawn. */
export interface CutMixOptions {
  /** Side of the square crop, pixels. */
  readonly crop: number;
  /** Share of views that get a box: 1 in CCVC, 0.5 in UniMatch. */
  readonly probability?: number;
  /** Range of the box's area, relative to the crop's. */
  readonly area?: readonly [low: number, high: number];
  /** Range of height : width. */
  readonly aspect?: readonly [low: number, high: number];
}

/**
 * Draws a CutMix box: its area once, then aspect and corner until the box fits into the crop.
 *
 * @returns Where no box is drawn, an empty one.
 * @throws {RangeError} If no box of the smallest area fits, whatever its aspect.
 * @see CCVC §4.3.
 */
export function drawCutMixBox(stream: RandomStream, options: CutMixOptions): Box {
  const { crop, probability = 1, area: areas = [0.02, 0.4], aspect: aspects = [0.3, 1 / 0.3] } = options;
  const drawn = stream.uniform() < probability;
  const area = stream.uniformBetween(...areas) * crop * crop;
  if (!drawn) return { x0: 0, y0: 0, x1: 0, y1: 0 };
  const TRIES = 10_000; // of which about every fourth succeeds
  for (let i = 0; i < TRIES; i++) {
    const aspect = stream.uniformBetween(...aspects);
    const width = Math.trunc(Math.sqrt(area / aspect)), height = Math.trunc(Math.sqrt(area * aspect));
    const x0 = stream.integer(0, crop - 1), y0 = stream.integer(0, crop - 1);
    if (x0 + width <= crop && y0 + height <= crop) return { x0, y0, x1: x0 + width, y1: y0 + height };
  }
  throw new RangeError(
    `Cannot place a CutMix box of area ${area} and aspect ${aspects} in a crop of ${crop}: choose smaller areas`,
  );
}
