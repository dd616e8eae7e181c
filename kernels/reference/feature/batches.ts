/** CPU twin of `joinBatches` in `ops/feature/batches.ts`: images in order. */
export function joinBatches(
  parts: readonly Float64Array[],
): { joined: Float64Array; gradients: (gradient: Float64Array) => Float64Array[] } {
  const joined = Float64Array.from(parts.flatMap((part) => [...part]));
  const gradients = (gradient: Float64Array) => {
    let from = 0;
    return parts.map(({ length }) => gradient.slice(from, from += length));
  };
  return { joined, gradients };
}

/** CPU twin of `splitBatch`; a gradient that is left out counts as zeros. */
export function splitBatch(
  x: Float64Array,
  count: number,
): { parts: Float64Array[]; gradient: (gradients: readonly (Float64Array | undefined)[]) => Float64Array } {
  const size = x.length / count;
  const parts = Array.from({ length: count }, (_, i) => x.slice(i * size, (i + 1) * size));
  const gradient = (gradients: readonly (Float64Array | undefined)[]) =>
    joinBatches(parts.map((part, i) => gradients[i] ?? new Float64Array(part.length))).joined;
  return { parts, gradient };
}
