/** Permissions that a program of the library needs, asked for before work is done that one of them would break off. @module */
import { UserError } from "../pipeline/mod.ts";

/** What Deno can grant as a whole. */
export type Permission = "read" | "write" | "env" | "run" | "sys";

/**
 * Asks for permissions; Deno asks the person where there is a terminal.
 *
 * @param work What they are for, e.g. `"train"`.
 * @param wanted In the order in which they are asked for.
 * @throws {UserError} If one is refused, with the line to type.
 */
export async function requirePermissions(work: string, wanted: readonly Permission[]): Promise<void> {
  for (const name of wanted) {
    if ((await Deno.permissions.request({ name })).state === "granted") continue;
    const flags = wanted.map((each) => `--allow-${each}`).join(" ");
    throw new UserError(
      `Cannot ${work}: the permission --allow-${name} is not granted. Type: deno run ${flags} FILE`,
    );
  }
}
