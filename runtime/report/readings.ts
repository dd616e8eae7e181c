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
  /** The same of shares of pixels, in [0, 1]; absent where the method tells none. */
  readonly shares?: Readonly<Record<string, number>> | undefined;
}

/** The names of all losses, or shares, that were read, in the order in which they came. */
export function namesIn(readings: readonly Reading[], group: "losses" | "shares"): string[] {
  return [...new Set(readings.flatMap(({ [group]: values = {} }) => Object.keys(values)))];
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
  const found = new Map<string, { least: number; low: Reading; largest: number; high: Reading }>();
  const look = (reading: Reading, name: string, value: number | undefined) => {
    if (value === undefined) return;
    const known = found.get(name);
    if (known === undefined) {
      found.set(name, { least: value, low: reading, largest: value, high: reading });
    } else if (value < known.least) [known.least, known.low] = [value, reading];
    else if (value > known.largest) [known.largest, known.high] = [value, reading];
  };
  for (const reading of span) {
    const { losses, shares, rate, imagesPerSecond } = reading;
    for (const name in losses) look(reading, `loss ${name}`, losses[name]);
    for (const name in shares) look(reading, `share ${name}`, shares[name]);
    look(reading, "rate", rate);
    look(reading, "speed", imagesPerSecond);
  }
  const chosen = new Set([span[0], span.at(-1)]);
  for (const { low, high } of found.values()) chosen.add(low).add(high);
  return span.filter((reading) => chosen.has(reading));
}
