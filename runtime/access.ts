/** Permissions that a program of the library needs, asked for before work is done that one of them would break off. @module */
import { UserError } from "../pipeline/mod.ts";

/** What Deno can grant. */
export type Permission = "read" | "write" | "env" | "run" | "sys";

/** Of the system's facts, those that are asked for: the room on a disk, and whose files those are that are made. */
const systemFacts = ["statfs", "uid"] as const;

/**
 * Asks for permissions; Deno asks the person where there is a terminal.
 *
 * @param work What they are for, e.g. `"train"`.
 * @param wanted In the order in which they are asked for.
 * @throws {UserError} If one is refused, with the line to type.
 */
export async function requirePermissions(work: string, wanted: readonly Permission[]): Promise<void> {
  const flagOf = (name: Permission) => `--allow-${name}`;
  for (const name of wanted) {
    const parts: readonly Deno.PermissionDescriptor[] = name === "sys"
      ? systemFacts.map((kind) => ({ name, kind }))
      : [{ name }];
    for (const part of parts) {
      if ((await Deno.permissions.request(part)).state === "granted") continue;
      throw new UserError(
        `Cannot ${work}: the permission ${flagOf(name)} is not granted. Type: deno run ${
          wanted.map(flagOf).join(" ")
        } FILE`,
      );
    }
  }
}
