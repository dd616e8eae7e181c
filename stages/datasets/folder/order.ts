/** Orders that are the same on every system. @module */
import { sha256 } from "../../../pipeline/mod.ts";

/** By code points, as UTF-8 sorts; JavaScript's own order is that of UTF-16, and others depend on a language. */
export function codePointOrder(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  if (at === a.length || at === b.length) return a.length - b.length;
  // Within a pair of surrogates the units before are equal, and those after decide as the code points do.
  const [first, second] = [a.charCodeAt(at), b.charCodeAt(at)];
  const isHigh = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
  return isHigh(first) === isHigh(second) ? first - second : isHigh(first) ? 1 : -1;
}

/**
 * Draws some of many: those whose names, hashed with the seed, come first. Who is drawn depends on no other name, so that one
 * photograph more moves one place at most.
 *
 * @returns The drawn ones, in the order given.
 */
export function drawn<T>(items: readonly T[], count: number, seed: number, nameOf: (item: T) => string): T[] {
  const places = items.map((item, place) => ({ place, hash: sha256(`${seed}\n${nameOf(item)}`) }));
  places.sort((a, b) => (a.hash < b.hash ? -1 : 1));
  return places.slice(0, count).map(({ place }) => place).sort((a, b) => a - b).map((place) => items[place]!);
}
