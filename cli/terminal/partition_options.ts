/** Partitions as they are named on the command line. @module */
import { didYouMean } from "../../pipeline/mod.ts";
import { type Partition, partitions } from "../../partitions/manifest.ts";
import type { CommandInput, OptionSpec } from "./command.ts";
import { UsageError } from "./errors.ts";
import { typedPath } from "../experiment/experiment.ts";

/** `--lists`. */
export const listsOption: OptionSpec = {
  name: "lists",
  value: "dir",
  description: "folder of the published lists (default: partitions/lists)",
};

/** The folder that `--lists` names. */
export function folderOf(input: CommandInput): string {
  const given = input.text("lists");
  return given === undefined ? "partitions/lists" : typedPath(given);
}

/** @throws {UsageError} If there is no partition of that name. */
export function namedPartition(name: string): Partition {
  const found = partitions.find((partition) => partition.name === name);
  if (found !== undefined) return found;
  const guess = didYouMean(name, partitions.map((partition) => partition.name));
  throw new UsageError(`Unknown partition "${name}". ${guess}`);
}

/**
 * The partitions of these names, each once; all if there are none.
 *
 * @throws {UsageError} If one is unknown.
 */
export function namedPartitions(names: readonly string[]): readonly Partition[] {
  return names.length === 0 ? partitions : [...new Set(names)].map(namedPartition);
}
