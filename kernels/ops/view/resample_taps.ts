import { ShapeError } from "../../errors.ts";

/** Fractional bits of a tap's weight, as in Pillow: 32 − 8 for the pixel − 2 spare. */
export const WEIGHT_BITS = 22;

/**
 * Most source pixels that one target pixel may mix, so that a tap fits two `vec4u`s on the device.
 * Enough down to a ratio of 1 : 2.9; views shrink to 1 : 2, and a short side that is rounded a little further.
 */
export const MAX_TAPS = 6;

/** Which source pixels make the target pixels of one axis, and with what weights. */
export interface AxisTaps {
  /** Index of the first source pixel mixed, for each target pixel. */
  readonly first: Uint32Array;
  /** How many follow one another from there, the first included. */
  readonly counts: Uint32Array;
  /** {@linkcode MAX_TAPS} weights a target pixel, 2²² = 1, zero past its count. */
  readonly weights: Uint32Array;
  /** Index of the source pixel that nearest-neighbor resampling takes. */
  readonly nearest: Uint32Array;
}

/**
 * Taps of Pillow's antialiased bilinear resampling and of its nearest neighbor, along one axis.
 *
 * The triangle is as wide as a source pixel when enlarging and as a target pixel when shrinking; weights are normalized,
 * then rounded to 22 fractional bits. Computed on the host in f64, so that every device mixes with the same integers.
 *
 * @param source Length of the axis in the source, in pixels.
 * @param target Length after resampling.
 * @param from First target pixel wanted.
 * @param to End (exclusive) of the target pixels wanted.
 * @param antialias If not, the triangle is as wide as a source pixel when shrinking, too: the two nearest are mixed, as by
 *   PyTorch's `interpolate` with its corners not aligned.
 * @throws {ShapeError} If a length is not a positive integer or the range is not within the target, or shrinking is so
 *   strong that more than {@linkcode MAX_TAPS} pixels would be mixed.
 * @see Pillow, `Resample.c` (precompute_coeffs, normalize_coeffs_8bpc) and `Geometry.c` (ImagingScaleAffine).
 */
export function resampleTaps(
  source: number,
  target: number,
  from = 0,
  to = target,
  antialias = true,
): AxisTaps {
  const positive = [source, target].every((length) => Number.isInteger(length) && length > 0);
  if (!positive || !(from >= 0 && from <= to && to <= target)) {
    throw new ShapeError(
      `Cannot resample ${source} pixels to ${target} and take [${from}, ${to}): lengths must be positive integers, ` +
        "and the range within the target",
    );
  }
  const length = to - from;
  const taps = {
    first: new Uint32Array(length),
    counts: new Uint32Array(length),
    weights: new Uint32Array(length * MAX_TAPS),
    nearest: new Uint32Array(length),
  };
  const scale = source / target;
  const support = antialias ? Math.max(scale, 1) : 1;
  const raw = new Float64Array(MAX_TAPS);
  // Pillow adds the scale pixel by pixel, and where the sum falls on a pixel's edge its rounding errors decide.
  let position = scale * 0.5;
  for (let i = 0; i < from; i++) position += scale;
  for (let i = 0; i < length; i++, position += scale) {
    const center = (from + i + 0.5) * scale;
    const first = Math.max(Math.trunc(center - support + 0.5), 0);
    const count = Math.min(Math.trunc(center + support + 0.5), source) - first;
    if (count > MAX_TAPS) {
      throw new ShapeError(
        `Cannot resample ${source} pixels to ${target}: ${count} of them would make one, and at most ${MAX_TAPS} may; ` +
          "shrink to no less than a half",
      );
    }
    let sum = 0;
    for (let k = 0; k < count; k++) {
      raw[k] = Math.max(0, 1 - Math.abs((first + k - center + 0.5) / support));
      sum += raw[k]!;
    }
    for (let k = 0; k < count; k++) {
      taps.weights[i * MAX_TAPS + k] = Math.trunc(0.5 + (raw[k]! / sum) * 2 ** WEIGHT_BITS);
    }
    taps.first[i] = first;
    taps.counts[i] = count;
    taps.nearest[i] = Math.min(Math.trunc(position), source - 1);
  }
  return taps;
}
