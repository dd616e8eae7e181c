/** Finds the experiment that is named on the command line. @module */
import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { type Exports, publishedExports, publishedNames } from "../../configs/experiments.ts";
import { ConfigError, didYouMean, messageOf, outsideCodeComes, UserError } from "../../pipeline/mod.ts";
import { UsageError } from "../terminal/errors.ts";
import { importFailure } from "./import_failure.ts";
import { isFile } from "../../runtime/host/paths.ts";

/** The experiment that needs no download. */
export const defaultExperiment = "shapes-12";

/**
 * A path as typed: relative to where the user was when the task was started, which need not be the project's folder.
 * @throws {UsageError} If it is empty, as an unset variable of a shell is: it would stand for the present folder.
 */
export function typedPath(path: string): string {
  if (path.trim() === "") {
    throw new UsageError(
      'Cannot take "" as a path: it is empty. Name a file or a folder; "." is the present one',
    );
  }
  return isAbsolute(path) ? path : resolve(Deno.env.get("INIT_CWD") || Deno.cwd(), path);
}

/** Names of the experiments in `configs/`, sorted so that numbers count as numbers. */
export async function experimentNames(): Promise<string[]> {
  return (await publishedNames()).sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/**
 * All that the file of an experiment exports.
 *
 * @param given A name in `configs/`, or the path of a TypeScript file.
 * @throws {UsageError} If there is none.
 */
export async function experimentExports(given: string): Promise<Exports> {
  if (!isExperimentPath(given)) return await publishedExports(given) ?? await refuseName(given);
  const path = typedFile(given);
  await outsideCodeComes(path);
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new ConfigError(`Cannot load the experiment "${path}": ${importFailure(messageOf(error))}`, {
      cause: error,
    });
  }
}

/** Whether what was typed is a path, and not a name in `configs/`. */
export function isExperimentPath(given: string): boolean {
  return /[/\\]|\.[mc]?[jt]s$/.test(given);
}

/** What a run keeps of what was typed, so that the experiment can be loaded again from anywhere. */
export function lastingName(given: string): string {
  return isExperimentPath(given) ? typedPath(given) : given;
}

function typedFile(given: string): string {
  const path = typedPath(given);
  if (isFile(path)) return path;
  throw new UsageError(`Cannot find the experiment "${given}": there is no file "${path}".`);
}

async function refuseName(name: string): Promise<never> {
  const names = await experimentNames();
  const guess = didYouMean(name, names);
  throw new UsageError(
    `Unknown experiment "${name}". ${guess.startsWith("Known:") ? "" : guess + " "}Known: ${
      names.join(", ")
    }; ` +
      `or the path of a TypeScript file, e.g. ./my_experiment.ts.`,
  );
}
