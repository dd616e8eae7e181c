/** CPU twin of `ops/convolution/sum_partials.wgsl`, in f64. */
export function sumPartials(partials: Float64Array, splits: number, before?: Float64Array): Float64Array {
  const count = partials.length / splits;
  return Float64Array.from({ length: count }, (_, i) => {
    let sum = before?.[i] ?? 0;
    for (let split = 0; split < splits; split++) sum += partials[split * count + i]!;
    return sum;
  });
}
