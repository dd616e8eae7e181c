/** CPU twin of `ops/contrast/bank_*.wgsl`: a queue's vectors, oldest first, after others were put into it. */
export function pushed(queue: readonly number[][], keys: readonly number[][], size: number): number[][] {
  return [...queue, ...keys].slice(-size);
}

/** A queue's vectors, oldest first, of what the device stores. */
export function unrolled(
  stored: ArrayLike<number>,
  features: number,
  [oldest, length]: readonly [number, number],
) {
  const size = stored.length / features;
  return Array.from({ length }, (_, i) => {
    const at = (oldest + i) % size;
    return Array.from({ length: features }, (_, c) => stored[at * features + c]!);
  });
}
