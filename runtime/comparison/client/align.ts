/** Curves of runs laid over one another: one row of steps for all, and the mean of each way's runs. @module */
import type { Line } from "../curves.ts";

/** Lines over one row. */
export interface Aligned {
  readonly x: readonly number[];
  /** By way: the mean of its runs where all of them have a value, and the runs themselves. */
  readonly ways: ReadonlyMap<number, {
    readonly mean: readonly (number | null)[];
    readonly runs: readonly (readonly (number | null)[])[];
  }>;
}

/**
 * Lays lines over one row. Where a run was not read at a step at which another of its way was, its value there is between its
 * neighbours; beyond its last reading it has none, and its way's mean ends.
 *
 * @param isSteady Whether values between readings mean something, as of losses; else only those that were read are taken.
 */
export function aligned(lines: readonly Line[], isSteady: boolean): Aligned {
  const x = sorted(lines);
  const ways = [...Map.groupBy(lines, ({ way }) => way)].map(([way, own]) => {
    const steps = new Set(sorted(own));
    const runs = own.map((line) => {
      const values = valuesAt(line, [...steps], isSteady);
      return x.map((step) => values.get(step) ?? null);
    });
    return [way, { mean: x.map((_, i) => meanOf(runs.map((run) => run[i]!))), runs }] as const;
  });
  return { x, ways: new Map(ways) };
}

function sorted(lines: readonly Line[]): number[] {
  return [...new Set(lines.flatMap(({ x }) => x))].sort((a, b) => a - b);
}

/** A line's values at steps, which rise; none before its first reading and behind its last. */
function valuesAt({ x, y }: Line, steps: readonly number[], isSteady: boolean): Map<number, number> {
  const values = new Map<number, number>();
  let at = 0;
  for (const step of steps) {
    while (at + 1 < x.length && x[at + 1]! <= step) at++;
    if (x[at] === step) values.set(step, y[at]!);
    else if (isSteady && x[at]! < step && at + 1 < x.length) {
      const share = (step - x[at]!) / (x[at + 1]! - x[at]!);
      values.set(step, y[at]! + share * (y[at + 1]! - y[at]!));
    }
  }
  return values;
}

function meanOf(values: readonly (number | null)[]): number | null {
  let sum = 0;
  for (const value of values) {
    if (value === null) return null;
    sum += value;
  }
  return sum / values.length;
}
