/** CPU twin of `ops/feature/add.wgsl`, in f64. */
export function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + b[i]!);
}
