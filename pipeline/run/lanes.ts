/** Work on many items, some at a time. @module */

/** How much is done at a time. */
export interface Lanes {
  /** Most items under way. */
  readonly width: number;
  /** Most results that wait to be taken, those under way included; no bound unless told. */
  readonly ahead?: number;
}

/**
 * Does `work` for all items, some at a time, and gives the results in the items' order.
 *
 * @throws The first error, in that order, once nothing is under way any more; after one no further item is begun.
 */
export async function* mapOrdered<T, R>(
  { width, ahead = Infinity }: Lanes,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const waiting: Promise<R>[] = [];
  let next = 0, running = 0, isOver = false;
  const begin = () => {
    while (!isOver && next < items.length && running < width && waiting.length < ahead) {
      running++;
      const result = work(items[next++]!).finally(() => running--);
      waiting.push(result);
      result.then(begin, () => isOver = true); // Awaited below, in order: until then an error must not count as unhandled.
    }
  };
  try {
    for (begin(); waiting.length > 0; begin()) yield await waiting.shift()!;
  } finally {
    isOver = true;
    await Promise.allSettled(waiting);
  }
}

/** The same, all at once. @returns The results in the items' order. */
export function inLanes<T, R>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  return Array.fromAsync(mapOrdered({ width }, items, work));
}
