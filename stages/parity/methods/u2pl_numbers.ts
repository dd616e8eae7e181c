/** Numbers of U²PL's contrastive loss, of what its step has noted. @module */
import { relative } from "../quantity.ts";
import { flat, ofLargestWithin, type Recorded, type Rule, strayed } from "../rules.ts";
import type { SeenStep } from "../seen.ts";

/** The sum of the mixed labels: as they are, and with 255 for those that are dropped. */
export function labelSums(seen: SeenStep): readonly [whole: number, kept: number] {
  const [whole, kept] = ["pseudo", "kept"].map((name) => classCounts(name)(seen).reduce((a, b) => a + b, 0));
  return [whole!, kept!];
}

/** Published files record the first of the two in the step that gradients are of, and the other one later. */
export const labelSumsRule: Rule = {
  kind: "count",
  compare: (found, wanted, { first }) => {
    const errors = flat(found).map((sum) => relative(sum, flat(wanted)[0]!));
    return [Math.min(...errors), first ? 0 : 1e-2];
  },
};

/** Counts of each class. */
export const classCounts = (name: string) => (seen: SeenStep): number[] =>
  Array.from(seen.noted(name).values);

/** Classes that have sure pixels. */
export function validClasses(seen: SeenStep): number[] {
  return classCounts("sure")(seen).flatMap((count, c) => count > 0 ? [c] : []);
}

/** The sum of all that each queue holds. */
export function bankSums({ state }: SeenStep): number[] {
  const { shape, values: ends } = state("keysCursors");
  return Array.from({ length: shape[1]! }, (_, c) => {
    const { shape: [, size, features], values } = state(`keys${c}`) as {
      shape: readonly [number, number, number];
      values: Float32Array;
    };
    const [oldest, length] = [ends[2 * c]!, ends[2 * c + 1]!];
    let sum = 0;
    for (let key = 0; key < length; key++) {
      const from = (oldest + key) % size * features;
      for (let i = from; i < from + features; i++) sum += values[i]!;
    }
    return sum;
  });
}

/** Which queues were contrasted: turn, class, mean of its anchors' terms. */
export const contrastTerms = (anchors: number) => (seen: SeenStep): number[][] => {
  const turns = seen.noted("turns").values, sums = seen.noted("terms").values;
  return Array.from({ length: turns.length / 4 }, (_, c) => c).filter((c) => turns[4 * c + 2] === 1).map((
    c,
  ) => [
    turns[4 * c]!,
    c,
    sums[4 * c]! / anchors,
  ]);
};

/** Sums of queues, as shares of the largest: later, where a pixel has flipped, a queue has another key. */
export const sumsRule: Rule = ofLargestWithin(1e-3, 5e-2);

/**
 * In the first step all pairs of turn and class must be there, and no others. Later those count whose anchors are as many as
 * recorded: another number shifts every draw.
 *
 * @param described Whether a queue is contrasted with anchors of its own class, else with those of the turn's number.
 */
export function termsRule(described: boolean): Rule {
  return {
    kind: "value",
    compare(
      found,
      wanted,
      { first, stray, wanted: { anchor_pixels: theirs }, found: { anchor_pixels: ours } },
    ) {
      const tolerance = Math.max(first ? 1e-4 : 2e-2, 5 * strayed(stray));
      const terms = new Map(rowsOf(found).map(([turn, queue, term]) => [`${turn} ${queue}`, term!]));
      if (first && terms.size !== rowsOf(wanted).length) return [Infinity, tolerance];
      const errors = rowsOf(wanted).flatMap(([turn, queue, term]) => {
        const own = described ? queue! : turn!, value = terms.get(`${turn} ${queue}`);
        if (!first && (value === undefined || flat(ours!)[own] !== flat(theirs!)[own])) return [];
        return [value === undefined ? Infinity : relative(value, term!)];
      });
      return [Math.max(0, ...errors), tolerance];
    },
  };
}

function rowsOf(recorded: Recorded): readonly number[][] {
  return (recorded as readonly Recorded[]).map(flat);
}
