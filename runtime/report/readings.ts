/** Readings of a training's losses, as few as a page can show, with every extreme kept. @module */

/** What was read at a step. */
export interface Reading {
  /** From 1. */
  readonly step: number;
  /** From 1. */
  readonly epoch: number;
  /** Base learning rate; absent where only the history tells of the step. */
  readonly rate?: number | undefined;
  /** Since the reading before; absent where something else came between the two. */
  readonly imagesPerSecond?: number | undefined;
  /** Mean of each term since the reading before, before its weight. */
  readonly losses: Readonly<Record<string, number>>;
}

/** The values of a reading that are drawn, by name. */
function values({ rate, imagesPerSecond, losses }: Reading): Map<string, number> {
  const drawn: Record<string, number | undefined> = { ...losses, " rate": rate, " speed": imagesPerSecond };
  return new Map(
    Object.entries(drawn).flatMap(([name, value]) => value === undefined ? [] : [[name, value] as const]),
  );
}

/**
 * Takes readings out until `most` are left at most, none of them made up: the steps are cut into spans of equal width, and of
 * each span the first and the last reading stay, and those that have the least or the largest value of a curve in it. What is
 * thinned again is as if it had been thinned once.
 *
 * @param readings By step.
 */
export function thinned(readings: readonly Reading[], most: number): Reading[] {
  let kept = [...readings];
  for (let width = 2; kept.length > most; width *= 2) {
    kept = [...Map.groupBy(kept, ({ step }) => Math.floor(step / width)).values()].flatMap(extremes);
  }
  return kept;
}

/** Of a span's readings the first, the last and those with an extreme, by step. */
function extremes(span: readonly Reading[]): Reading[] {
  if (span.length <= 2) return [...span];
  const chosen = new Set([span[0]!, span.at(-1)!]);
  const least = new Map<string, readonly [number, Reading]>(), largest = new Map(least);
  for (const reading of span) {
    for (const [name, value] of values(reading)) {
      if (value < (least.get(name)?.[0] ?? Infinity)) least.set(name, [value, reading]);
      if (value > (largest.get(name)?.[0] ?? -Infinity)) largest.set(name, [value, reading]);
    }
  }
  for (const [, reading] of [...least.values(), ...largest.values()]) chosen.add(reading);
  return span.filter((reading) => chosen.has(reading));
}
