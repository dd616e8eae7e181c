/**
 * Maps items with at most `limit` calls under way, and gives the results in the items' order. The first failure, in that
 * order, is thrown once the calls under way have ended.
 */
export async function* mapOrdered<T, R>(
  items: readonly T[],
  limit: number,
  map: (item: T) => Promise<R>,
): AsyncGenerator<R, void, undefined> {
  const pending: Promise<R>[] = [];
  let next = 0;
  try {
    while (next < items.length || pending.length > 0) {
      while (pending.length < limit && next < items.length) {
        const result = map(items[next++]!);
        result.catch(() => {}); // Awaited below, in order: until then a failure must not count as unhandled.
        pending.push(result);
      }
      yield await pending.shift()!;
    }
  } finally {
    await Promise.allSettled(pending);
  }
}
