/** CPU twins of `ops/update/fold_*.wgsl`, in f64: one part, in place. @module */

/** What is folded. */
interface Folded {
  readonly folded: Float64Array;
  readonly part: ArrayLike<number>;
  readonly base: ArrayLike<number>;
}

export function foldSum({ folded, part }: Omit<Folded, "base">): void {
  for (let i = 0; i < folded.length; i++) folded[i]! += part[i]!;
}

export function foldMoved({ folded, part, base }: Folded, kept: ArrayLike<number>): void {
  for (let i = 0; i < folded.length; i++) {
    const moved = folded[i]! - base[i]!;
    folded[i] = moved === 0 ? part[i]! : part[i]! + kept[i]! * moved;
  }
}

export function foldWritten({ folded, part, base }: Folded): void {
  for (let i = 0; i < folded.length; i++) if (!Object.is(part[i], base[i])) folded[i] = part[i]!;
}

/** A meter: sum, count, last value, step + 1 of the first value that was not finite. */
export type Meter = readonly [number, number, number, number];

export function foldMeter([sum, count, , bad]: Meter, [, , last, badPart]: Meter): Meter {
  return [sum + last, count + 1, last, bad === 0 ? badPart : bad];
}
