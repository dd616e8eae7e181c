/** CPU twins of `ops/update/pack_halves.wgsl` and `unpack_halves.wgsl`, in f64. @module */

/** The largest finite half. */
const MOST = 65504;

/** Halves of the values; what is rounded is rounded by the language, to the nearest, ties to even. */
export function packHalves(values: ArrayLike<number>, scale: number): Float16Array<ArrayBuffer> {
  return Float16Array.from(values, (value) => {
    const scaled = value * scale;
    return Number.isFinite(scaled) ? Math.min(Math.max(scaled, -MOST), MOST) : scaled;
  });
}

export function unpackHalves(halves: Float16Array, scale: number): Float64Array<ArrayBuffer> {
  return Float64Array.from(halves, (half) => half / scale);
}

/** In place. */
export function foldHalves(
  { folded, halves }: { readonly folded: Float64Array; readonly halves: Float16Array },
  scale: number,
): void {
  unpackHalves(halves, scale).forEach((value, i) => folded[i]! += value);
}
