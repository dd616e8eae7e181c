/** Work on many items, some at a time. @module */

/**
 * Does `work` for all items, `width` at a time.
 *
 * @returns The results in the items' order.
 * @throws The first error, once nothing is under way any more; no further item is begun then.
 */
export async function inLanes<T, R>(
  width: number,
  items: readonly T[],
  work: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      try {
        results[at] = await work(items[at]!);
      } catch (error) {
        next = items.length;
        throw error;
      }
    }
  };
  const lanes = await Promise.allSettled(Array.from({ length: Math.min(width, items.length) }, lane));
  const failed = lanes.find((ended) => ended.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return results;
}
