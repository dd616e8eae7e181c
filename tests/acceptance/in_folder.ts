/** Commands that keep to a folder. @module */
import { type CommandResult, runTask } from "../support/command.ts";

/** Runs a command with a cache and runs of a folder's own; it prints JSON. */
export function runIn(
  folder: string,
  [command, ...given]: readonly string[],
  cache = "cache",
): Promise<CommandResult> {
  const places = ["--cache", `${folder}/${cache}`, "--runs", `${folder}/runs`];
  return runTask(command!, ...given, "--json", ...places);
}
