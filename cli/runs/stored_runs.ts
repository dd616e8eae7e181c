/** Runs as they lie on disk. @module */
import { join } from "node:path";
import { decodePlan, didYouMean, messageOf, type Plan, UserError } from "../../pipeline/mod.ts";
import { UsageError } from "../terminal/errors.ts";
import { readRunRecord } from "../../runtime/runs/run_record.ts";
import type { RunRecord } from "../../runtime/runs/run_folder.ts";

/** A run as it lies on disk. */
export interface StoredRun extends RunRecord {
  /** Its folder. */
  readonly path: string;
}

/** All runs in a folder, the latest last. What is no run is passed over. */
export async function storedRuns(runs: string): Promise<StoredRun[]> {
  const found: StoredRun[] = [];
  for (const name of await folders(runs)) {
    for (const id of await folders(join(runs, name))) {
      const run = await readRun(join(runs, name, id));
      if (run !== undefined) found.push(run);
    }
  }
  // By the millisecond: runs out of the cache may begin in one second, which ids cannot tell apart.
  const order = ({ started, id, name }: StoredRun) => `${started} ${id} ${name}`;
  return found.sort((a, b) => order(a) < order(b) ? -1 : 1);
}

/** The run in a folder; undefined if there is none. */
export async function readRun(path: string): Promise<StoredRun | undefined> {
  const run = await readRunRecord(path);
  if (run === undefined) return undefined;
  const hasStopped = run.state === "running" && !await isHeld(join(path, "events.jsonl"));
  return { ...run, ...(hasStopped && { state: "stopped" }), path };
}

/** Whether a living process holds the lock of a run; also where that cannot be told, as on a file system without locks. */
async function isHeld(path: string): Promise<boolean> {
  try {
    using file = await Deno.open(path, { read: true, write: true });
    return !await file.tryLock(true);
  } catch (error) {
    return !(error instanceof Deno.errors.NotFound);
  }
}

async function folders(path: string): Promise<string[]> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(path));
    return entries.filter((entry) => entry.isDirectory).map((entry) => entry.name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/**
 * Finds a run.
 * @throws {UsageError} If there is none, or the beginning of an id fits several.
 */
export async function findRun(given: string, runs: string): Promise<StoredRun> {
  const all = await storedRuns(runs);
  const latest = all.at(-1);
  if (given === "latest" && latest !== undefined) return latest;
  const fits = all.filter(({ id, name }) => id.startsWith(given) || `${name}/${id}` === given);
  const exact = fits.filter(({ id, name }) => id === given || `${name}/${id}` === given);
  const found = exact.length > 0 ? exact : fits;
  if (found.length === 1) return found[0]!;
  if (found.length > 1) {
    const ids = found.map(({ name, id }) => `${name}/${id}`).join(", ");
    throw new UsageError(`"${given}" fits several runs: ${ids}. Give more of the id.`);
  }
  const known = all.map(({ id }) => id);
  throw new UsageError(
    `Cannot find the run "${given}" in "${runs}". ${
      known.length === 0 ? "There is none." : didYouMean(given, known)
    }`,
  );
}

/**
 * The plan of a run, with the keys that it settled.
 * @throws {UserError} If the file is missing or damaged.
 */
export async function readPlan({ path, id }: StoredRun): Promise<Plan> {
  const file = join(path, "plan.json");
  try {
    return decodePlan(await Deno.readTextFile(file), file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new UserError(`Cannot read the plan of run "${id}": there is no file "${file}". Train again.`);
  }
}

/**
 * The content of a run's metrics.json; undefined if it made no scores.
 * @throws {UserError} If it is not JSON.
 */
export async function readMetrics({ path }: StoredRun): Promise<unknown> {
  const file = join(path, "metrics.json");
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new UserError(`Cannot read the scores "${file}": ${messageOf(error)}. Train again.`);
  }
}
