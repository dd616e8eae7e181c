/** A sample of many, the same each time. @module */

/** `count` items, evenly spaced, the first and the last among them; all where there are no more. */
export function spaced<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  return Array.from(
    { length: count },
    (_, i) => items[Math.round(i * (items.length - 1) / Math.max(1, count - 1))]!,
  );
}
