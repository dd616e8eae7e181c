/** Weights named on the command line: a file, or a run. @module */
import { join } from "node:path";
import { type Checkpoint, openCheckpoint } from "../../stages/weights/checkpoint.ts";
import type { NetworkHints } from "../../stages/weights/foreign_weights.ts";
import type { ArgumentSpec, CommandInput, OptionSpec } from "../terminal/command.ts";
import { UsageError } from "../terminal/errors.ts";
import { typedPath } from "./experiment.ts";
import { findRun, type StoredRun } from "../runs/stored_runs.ts";
import { isFile } from "../../runtime/host/paths.ts";

/** The weights, as an argument. */
export const checkpointArgument: ArgumentSpec = {
  name: "weights",
  description:
    "a file that training wrote, here (.safetensors) or with PyTorch (.pth), or the id of a run (or latest): its last weights",
};

/** `--output-stride`. */
export const outputStrideOption: OptionSpec = {
  name: "output-stride",
  value: "8|16",
  description: "of PyTorch's weights, which do not tell it (default: 8 for 19 classes, else 16)",
};

/**
 * What the command line tells of a network that its file does not.
 * @throws {UsageError} If it is not 8 or 16.
 */
export function networkHints(input: CommandInput): NetworkHints {
  const outputStride = input.integer("output-stride");
  if (outputStride === undefined || outputStride === 8 || outputStride === 16) return { outputStride };
  throw new UsageError(`Cannot take "--output-stride ${outputStride}": it must be 8 or 16`);
}

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
  const hints = networkHints(input);
  const named = /\.(safetensors|pth|pt|th)$/i.test(given);
  if (named || /[/\\]/.test(given)) {
    const path = typedPath(given);
    if (isFile(path)) {
      if (/\.(pth|pt|th)$/i.test(given) && hints.outputStride === undefined) {
        input.terminal.note(
          `"${given}" does not tell its output stride: 8 is taken for 19 classes, else 16 (--output-stride says otherwise)`,
        );
      }
      return { checkpoint: openCheckpoint(path, hints) };
    }
    if (named) {
      throw new UsageError(`Cannot find the weights "${given}": there is no file "${path}".`);
    }
  }
  const run = await findRun(given, runs);
  const path = join(run.path, "weights", "last.safetensors");
  if (isFile(path)) return { checkpoint: openCheckpoint(path, hints), run };
  throw new UsageError(
    `Cannot find the weights of run "${run.id}": there is no file "${path}". Name a file instead.`,
  );
}
