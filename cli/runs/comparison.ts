/** The page that compares runs: of those that are named on the command line, and of those that a command has just made. @module */
import { type ComparedRun, readComparedRun } from "../../runtime/comparison/compared_run.ts";
import { writeComparison } from "../../runtime/comparison/comparison.ts";
import { settingsOf, waysOf } from "../../runtime/comparison/ways.ts";
import type { Session } from "../../runtime/session.ts";
import { UsageError } from "../terminal/errors.ts";
import { findRun, readRun, type StoredRun, storedRuns } from "./stored_runs.ts";

/** Takes the folder of a run that was made, with the name of its way. */
export type Made = (way: string, folder: string) => void;

/**
 * Does what makes runs, and writes the page that compares them; where that is broken off, the page of those that were made. One
 * run has a page of its own.
 */
export async function withComparison<T>(
  session: Pick<Session, "runs" | "output" | "team">,
  body: (made: Made) => Promise<T>,
): Promise<T> {
  // Of a team, the one that leads writes it.
  if (session.team !== undefined && session.team.rank > 0) return await body(() => {});
  const ways = new Map<string, string[]>();
  let result: T;
  try {
    result = await body((way, folder) => ways.set(way, [...ways.get(way) ?? [], folder]));
  } catch (error) {
    await printComparison(ways, session).catch(() => {}); // What broke it off is what is to be said.
    throw error;
  }
  await printComparison(ways, session);
  return result;
}

async function printComparison(
  made: ReadonlyMap<string, readonly string[]>,
  { runs, output }: Pick<Session, "runs" | "output">,
): Promise<void> {
  const ways = [];
  for (const [name, folders] of made) {
    const found = await Promise.all(folders.map(readRun));
    ways.push({ name, runs: await Promise.all(found.filter((run) => run !== undefined).map(read)) });
  }
  const there = ways.filter(({ runs }) => runs.length > 0);
  if (there.flatMap(({ runs }) => runs).length > 1) {
    output.print(`comparison: ${await writeComparison(runs, there)}`);
  }
}

/**
 * Writes the page of runs that are named.
 *
 * @param given Ids or their beginnings, `latest`, or names of experiments, which stand for the seeds of their latest settings.
 * @param runs Folder of the runs.
 * @returns The page's path.
 * @throws {UsageError} If one is not there, or there are not two.
 */
export async function compareRuns(given: readonly string[], runs: string): Promise<string> {
  const all = await storedRuns(runs), named = new Map<string, ComparedRun>();
  for (const name of given) {
    const own = all.filter((run) => run.name === name);
    const found = own.length > 0 ? await latestSeeds(own) : [await read(await findRun(name, runs))];
    for (const run of found) named.set(run.path, run);
  }
  const [only, ...others] = named.values();
  if (others.length === 0) {
    const { id, name } = only!.run;
    throw new UsageError(
      given.length > 1
        ? `Cannot compare ${
          given.map((name) => `"${name}"`).join(" and ")
        }: they are one run, ${name}/${id}. Name another one.`
        : `Cannot compare the seeds of "${name}": of its latest settings there is one run, ${id}. Name that id for its own ` +
          "page, or train with more seeds (--seeds 0..2).",
    );
  }
  return await writeComparison(runs, waysOf([...named.values()]));
}

function read({ path, ...run }: StoredRun): Promise<ComparedRun> {
  return readComparedRun(path, run);
}

/** Of each seed the latest run with the settings of the latest of all: one that is done, if there is any. */
async function latestSeeds(runs: readonly StoredRun[]): Promise<ComparedRun[]> {
  const compared = await Promise.all(runs.map(read));
  const isDone = ({ run: { state, until } }: ComparedRun) => state === "done" && until === undefined;
  const settings = settingsOf(compared.findLast(isDone) ?? compared.at(-1)!);
  const alike = compared.filter((run) => settingsOf(run) === settings);
  return [...Map.groupBy(alike, ({ run: { seed } }) => seed).values()]
    .map((same) => same.findLast(isDone) ?? same.at(-1)!);
}
