/** Why an experiment's imports failed, in the project's words where Deno speaks of its own flags and files. @module */
import { stripVTControlCharacters } from "node:util";
import { projectRoot } from "../process/isolation.ts";

/**
 * Says why an import failed.
 *
 * @param message Deno's.
 */
export function importFailure(message: string): string {
  const text = stripVTControlCharacters(message);
  const remote = /JSR package manifest for '([^']+)'|remote specifier was requested: "([^"]+)"/.exec(text);
  if (remote !== null) {
    const address = remote[1] === undefined ? remote[2]! : `jsr:${remote[1]}`;
    return `it imports "${address}", and an experiment fetches no code. Save the file beside it and import that`;
  }
  const notLocked = text.startsWith("The lockfile is out of date")
    ? /"npm:([^"]+)"/.exec(text)?.[1]
    : undefined;
  const wanted = notLocked ?? /npm package not found in cache: "([^"]+)"/.exec(text)?.[1] ??
    /^Import "([^"]+)" not a dependency/.exec(text)?.[1];
  if (wanted === undefined) return message;
  return `it imports the package "${wanted}", which the project's deno.lock does not name, and an experiment fetches no code. ` +
    `Import a local file, or a package of deno.json by its name there; to add one, type in "${projectRoot}": ` +
    `deno add --frozen=false npm:${wanted}`;
}
