/** Crossview and its peers on the same work, by turns. */
import { type Entry, Rival, RivalError } from "./rival.ts";
import { median } from "../report.ts";

/** A work, as all contestants get it. */
export interface WorkSpec {
  /** Its name in every contestant. */
  readonly name: string;
  readonly title: string;
  readonly spec: unknown;
  /** Multiply-adds × 2. */
  readonly gigaflop: number;
  /** Whether padding was counted, in words. */
  readonly counted: string;
  /** Names of the entries that can do it. */
  readonly entries: readonly string[];
}

/** A contestant's samples of a work. */
export interface Samples {
  /** The contestant, with its version. */
  readonly name: string;
  readonly adapter: string;
  /** Milliseconds, a sample a round. */
  readonly milliseconds: readonly number[];
  /** What the contestants must agree on. */
  readonly check: readonly number[];
}

/** A work with what all needed for it. */
export interface WorkResult {
  readonly work: string;
  readonly title: string;
  readonly gigaflop: number;
  /** Whether padding was counted, in words. */
  readonly counted: string;
  /** In the order of the entries; the first is what the others are compared with. */
  readonly samples: readonly Samples[];
}

/** A contestant that did not take part, wholly or in a work. */
export interface Absence {
  readonly name: string;
  /** The work, or all. */
  readonly work?: string;
  readonly reason: string;
  readonly remedy: string;
}

/** What came out of a contest. */
export interface ContestResult {
  readonly works: readonly WorkResult[];
  readonly absences: readonly Absence[];
}

/** Five minutes: a large step may take one where the machine is shared. */
const PATIENCE = 300_000;

/**
 * Starts all entries that a work asks for, and lets them take samples of each work by turns, so that what else the machine does meets all alike.
 *
 * @param say Told what is going on.
 * @param patience Milliseconds that a contestant may take to start, to prepare, or for a sample.
 */
export async function holdContest(
  entries: readonly Entry[],
  works: readonly WorkSpec[],
  rounds: number,
  say: (line: string) => void,
  patience = PATIENCE,
): Promise<ContestResult> {
  const absences: Absence[] = [];
  const rivals = new Map<string, Rival>();
  const drop = async (name: string, error: unknown, work?: string) => {
    if (!(error instanceof RivalError)) throw error;
    const entry = entries.find((one) => one.name === name)!;
    absences.push({ name, ...(work !== undefined && { work }), reason: error.message, remedy: entry.remedy });
    await rivals.get(name)?.close();
    rivals.delete(name);
  };
  try {
    for (const entry of entries.filter(({ name }) => works.some((work) => work.entries.includes(name)))) {
      say(`starting ${entry.name}`);
      try {
        rivals.set(entry.name, await Rival.start(entry, patience));
      } catch (error) {
        await drop(entry.name, error);
      }
    }
    const results: WorkResult[] = [];
    for (const work of works) {
      const samples = new Map<string, Samples & { milliseconds: number[] }>();
      for (const name of work.entries) {
        const rival = rivals.get(name);
        if (rival === undefined) continue;
        say(`${work.title}: ${rival.facts.name} prepares`);
        try {
          const { check } = await rival.ask({ prepare: work.name, spec: work.spec }, patience) as Samples;
          samples.set(name, { ...rival.facts, check, milliseconds: [] });
        } catch (error) {
          await drop(name, error, work.title);
        }
      }
      for (let round = 0; round < rounds; round++) {
        say(`${work.title}: round ${round + 1} of ${rounds}`);
        for (const [name, { milliseconds }] of [...samples]) {
          try {
            const sample = await rivals.get(name)!.ask({ sample: work.name }, patience);
            milliseconds.push((sample as { milliseconds: number }).milliseconds);
          } catch (error) {
            await drop(name, error, work.title);
            samples.delete(name);
          }
        }
      }
      const { name, title, gigaflop, counted } = work;
      results.push({ work: name, title, gigaflop, counted, samples: [...samples.values()] });
    }
    return { works: results, absences };
  } finally {
    for (const rival of rivals.values()) await rival.close();
  }
}

/** How many times the time of `own` the other one took: the median of the ratios of each round. */
export function timesAsFast(own: readonly number[], other: readonly number[]): number {
  return median(own.slice(0, other.length).map((time, i) => other[i]! / time));
}

/** The largest relative difference between what two contestants computed; 0 where there is nothing to compare. */
export function disagreement(own: readonly number[], other: readonly number[]): number {
  const pairs = own.slice(0, other.length).map((value, i) => Math.abs(other[i]! - value) / Math.abs(value));
  return Math.max(0, ...pairs);
}

/** What a contestant's samples come to. */
export interface Standing {
  /** The contestant, with its version. */
  readonly name: string;
  readonly adapter: string;
  /** Milliseconds. */
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly gigaflops: number;
  /** {@linkcode timesAsFast} Crossview was; absent for itself, and where it did not take part. */
  readonly crossviewSpeed?: number;
  /** {@linkcode disagreement} with Crossview; absent where nothing was compared. */
  readonly differs?: number;
}

/** The contestants of a work in figures. */
export function standings({ gigaflop, samples }: WorkResult): Standing[] {
  const own = samples.find(({ name }) => name.startsWith("Crossview"));
  return samples.map((one) => {
    const { name, adapter, milliseconds, check } = one;
    const time = median(milliseconds);
    return {
      name,
      adapter,
      median: time,
      least: Math.min(...milliseconds),
      most: Math.max(...milliseconds),
      gigaflops: gigaflop / time * 1e3,
      ...(own !== undefined && one !== own && {
        crossviewSpeed: timesAsFast(own.milliseconds, milliseconds),
        ...(own.check.length > 0 && { differs: disagreement(own.check, check) }),
      }),
    };
  });
}
