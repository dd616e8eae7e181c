/** CPU twins of `ops/update/pack_halves.wgsl` and `unpack_halves.wgsl`, in f64. @module */

/** Halves of the values; what is rounded is rounded by the language, to the nearest, ties to even. */
export function packHalves(values: ArrayLike<number>): Float16Array<ArrayBuffer> {
  return Float16Array.from(values);
}

export function unpackHalves(halves: Float16Array): Float64Array<ArrayBuffer> {
  return Float64Array.from(halves);
}

/** In place. */
export function foldHalves(
  { folded, halves }: { readonly folded: Float64Array; readonly halves: Float16Array },
): void {
  unpackHalves(halves).forEach((value, i) => folded[i]! += value);
}
