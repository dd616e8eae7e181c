/** Weights named on the command line: a file, or a run. @module */
import { join } from "node:path";
import { type Checkpoint, openCheckpoint } from "../stages/checkpoint.ts";
import type { ArgumentSpec, CommandInput } from "./command.ts";
import { UsageError } from "./errors.ts";
import { typedPath } from "./experiment.ts";
import { findRun, type StoredRun } from "./stored_runs.ts";

/** The weights, as an argument. */
export const checkpointArgument: ArgumentSpec = {
  name: "weights",
  description: "a .safetensors file that training wrote, or the id of a run (or latest): its last weights",
};

/** Weights, and the run they come from if a run was named. */
export interface NamedCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly run?: StoredRun;
}

/**
 * Finds weights.
 * @param runs Folder of the runs.
 * @throws {UsageError} If there is no such file and no such run, or the run made no weights.
 */
export async function findCheckpoint(input: CommandInput, runs: string): Promise<NamedCheckpoint> {
  const given = input.positional[0]!;
  if (/[/\\]|\.safetensors$/.test(given)) {
    const path = typedPath(given);
    if (isFile(path)) return { checkpoint: openCheckpoint(path) };
    if (given.endsWith(".safetensors")) {
      throw new UsageError(`Cannot find the weights "${given}": there is no file "${path}".`);
    }
  }
  const run = await findRun(given, runs);
  const path = join(run.path, "weights", "last.safetensors");
  if (isFile(path)) return { checkpoint: openCheckpoint(path), run };
  throw new UsageError(
    `Cannot find the weights of run "${run.id}": there is no file "${path}". Name a file instead.`,
  );
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
