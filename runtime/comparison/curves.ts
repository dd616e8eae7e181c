/** The curves of compared runs as a page's script reads them: a chart for each loss, share, score and pace, a line for each run. @module */
import type { Curves } from "../report/curves.ts";
import { namesIn, type Reading, thinned } from "../report/readings.ts";
import type { ComparedRun } from "./compared_run.ts";
import type { ComparedWay } from "./ways.ts";

/** A run's line in a chart. */
export interface Line {
  /** Position of its way. */
  readonly way: number;
  /** Rising. */
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** A chart. */
export interface ComparedChart {
  readonly id: string;
  readonly heading: string;
  /** What its values are. */
  readonly unit: string;
  readonly kind: "loss" | "share" | "miou" | "rate" | "speed";
  readonly xName: "step" | "epoch";
  readonly lines: readonly Line[];
}

/** Most ways whose curves are drawn: more cannot be told apart. */
export const MOST_DRAWN = 12;
/** Readings that all runs' lines of a chart have together, about. */
const READINGS = 24_000;
/** Fewest and most of one run. */
const LEAST = 60, MOST = 1500;

/** The charts of all trainings, of the first ways; losses that more ways have come first. */
export function chartsOf(ways: readonly ComparedWay[]): ComparedChart[] {
  const drawn = ways.slice(0, MOST_DRAWN);
  const runs = drawn.flatMap(({ runs }, way) => runs.map((run) => ({ way, run })));
  const most = Math.min(MOST, Math.max(LEAST, Math.floor(READINGS / Math.max(1, runs.length))));
  const trainings = [...new Set(runs.flatMap(({ run }) => Object.keys(run.curves)))];
  return trainings.flatMap((training) => {
    const told = runs.flatMap(({ way, run }) => {
      const curves = Object.hasOwn(run.curves, training) ? run.curves[training] : undefined;
      return curves === undefined ? [] : [{ way, run, curves, readings: thinned(curves.readings, most) }];
    });
    const heading = (text: string) => trainings.length > 1 ? `${text}, ${training}` : text;
    const chart = (
      parts: Omit<ComparedChart, "id" | "lines">,
      lines: readonly Line[],
    ): ComparedChart => ({
      ...parts,
      heading: heading(parts.heading),
      id: `${training} ${parts.heading}`,
      lines,
    });
    const byStep = (value: (reading: Reading) => number | undefined) =>
      told.map(({ way, readings }) => ({ way, ...points(readings, ({ step }) => step, value) }));
    const ownOf = (reading: Reading, group: "losses" | "shares", name: string) => {
      const values = reading[group];
      return values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined;
    };
    /** Those that more ways have come first. */
    const named = (group: "losses" | "shares") => {
      const waysWith = (name: string) =>
        new Set(
          told.filter(({ readings }) => readings.some((reading) => ownOf(reading, group, name) !== undefined))
            .map(({ way }) => way),
        ).size;
      return namesIn(told.flatMap(({ readings }) => readings), group)
        .map((name) => ({ name, count: waysWith(name) })).sort((a, b) => b.count - a.count)
        .map(({ name }) => name);
    };
    return [
      chart(
        {
          heading: "mIoU on the validation images",
          unit: "percent, of the headline",
          kind: "miou",
          xName: "epoch",
        },
        told.map(({ way, run, curves: { evaluations } }) => {
          const headline = headlineOf(run, evaluations);
          return {
            way,
            ...points(evaluations, ({ epoch }) => epoch, ({ miou }) => miou[headline] ?? undefined),
          };
        }),
      ),
      ...named("losses").map((name) =>
        chart(
          {
            heading: `Loss ${name}`,
            unit: "mean since the reading before, before its weight",
            kind: "loss",
            xName: "step",
          },
          byStep((reading) => ownOf(reading, "losses", name)),
        )
      ),
      ...named("shares").map((name) =>
        chart(
          {
            heading: `Share of pixels: ${name.replaceAll("_", " ")}`,
            unit: "percent, mean since the reading before",
            kind: "share",
            xName: "step",
          },
          byStep((reading) => {
            const value = ownOf(reading, "shares", name);
            return value === undefined ? undefined : 100 * value;
          }),
        )
      ),
      chart(
        { heading: "Learning rate", unit: "of the base", kind: "rate", xName: "step" },
        byStep(({ rate }) => rate),
      ),
      chart(
        { heading: "Images per second", unit: "between two readings", kind: "speed", xName: "step" },
        byStep(({ imagesPerSecond }) => imagesPerSecond),
      ),
    ].map((chart) => ({ ...chart, lines: chart.lines.filter(({ x }) => x.length > 0) }))
      .filter(({ lines }) => lines.length > 0);
  });
}

function points<T>(
  records: readonly T[],
  x: (record: T) => number,
  y: (record: T) => number | undefined,
): { x: number[]; y: number[] } {
  const made = records.flatMap((record) => {
    const value = y(record);
    return value === undefined ? [] : [[x(record), value] as const];
  });
  return { x: made.map(([x]) => x), y: made.map(([, y]) => y) };
}

/** The prediction that stands for a run; of one that has no scores yet, the average or the last. */
function headlineOf({ scores }: ComparedRun, evaluations: Curves["evaluations"]): string {
  const names = Object.keys(evaluations[0]?.miou ?? {}).sort();
  return scores?.headline ?? (names.includes("average") ? "average" : names.at(-1) ?? "");
}
