/** The page that compares runs: of those that are named on the command line, and of those that a command has just made. @module */
import { type ComparedRun, readComparedRun } from "../../runtime/comparison/compared_run.ts";
import { writeComparison } from "../../runtime/comparison/comparison.ts";
import { settingsOf, waysOf } from "../../runtime/comparison/ways.ts";
import type { Session } from "../../runtime/session.ts";
import { UsageError } from "../terminal/errors.ts";
import { findRun, readRun, type StoredRun, storedRuns } from "./stored_runs.ts";

/** A way to train, by the folders that its runs were written to. */
export interface RunWay {
  readonly name: string;
  readonly folders: readonly string[];
}

/**
 * Writes the page of runs that have just been made.
 *
 * @param runs Folder of the runs.
 * @returns The page's path; undefined of a single run, which has a page of its own.
 */
async function compareWays(ways: readonly RunWay[], runs: string): Promise<string | undefined> {
  const compared = await Promise.all(ways.map(async ({ name, folders }) => {
    const found = (await Promise.all(folders.map(readRun))).filter((run) => run !== undefined);
    return { name, runs: await Promise.all(found.map(read)) };
  }));
  const made = compared.filter(({ runs }) => runs.length > 0);
  return made.flatMap(({ runs }) => runs).length < 2 ? undefined : await writeComparison(runs, made);
}

/** Writes the page of runs that have just been made, and says where it lies. */
export async function printComparison(
  ways: readonly RunWay[],
  { runs, output }: Pick<Session, "runs" | "output">,
): Promise<void> {
  const page = await compareWays(ways, runs);
  if (page !== undefined) output.print(`comparison: ${page}`);
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
  const isDone = ({ run: { state } }: ComparedRun) => state === "done";
  const settings = settingsOf(compared.findLast(isDone) ?? compared.at(-1)!);
  const alike = compared.filter((run) => settingsOf(run) === settings);
  return [...Map.groupBy(alike, ({ run: { seed } }) => seed).values()]
    .map((same) => same.findLast(isDone) ?? same.at(-1)!);
}
