/** Why an experiment's imports failed, in the project's words where Deno speaks of its own flags and files. @module */
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { origin, projectRoot } from "../../runtime/host/place.ts";

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
  // Where Deno knows the package of old, it looks at all others anew, and misses one of those.
  const [what, name] = isLocked(wanted)
    ? ["a package that", "NAME"]
    : [`the package "${wanted}", which`, wanted];
  if (origin !== "clone") {
    return `it imports ${what} the deno.lock of its project does not name, and an experiment fetches no code. Import a local ` +
      `file, or add the package: deno add npm:${name}`;
  }
  return `it imports ${what} the project's deno.lock does not name, and an experiment fetches no code. Import a local ` +
    `file, or a package of deno.json by its name there; to add one, type in "${projectRoot}": ` +
    `deno add --frozen=false npm:${name}`;
}

/** Whether the project's lock names a package, in any version. */
function isLocked(name: string): boolean {
  if (origin !== "clone") return false;
  const { npm } = JSON.parse(Deno.readTextFileSync(join(projectRoot, "deno.lock")));
  return Object.keys(npm).some((key) => key.startsWith(`${name}@`));
}
