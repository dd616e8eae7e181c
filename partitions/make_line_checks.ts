/**
 * Writes `line_checks.bin` from the published lists: `deno run -RW partitions/make_line_checks.ts FOLDER`.
 *
 * @module
 */
import { checksFile, lineChecks } from "./line_checks.ts";
import { publishedLists } from "./lists.ts";
import { verifyList } from "./reader.ts";

/** The checks of all lists in a folder, verified. */
export function allChecks(folder: string): Uint8Array {
  const parts = publishedLists.flatMap((list) => {
    const path = `${folder}/${list.path}`;
    return [...lineChecks(verifyList(list, Deno.readFileSync(path), path))];
  });
  return Uint8Array.from(parts);
}

if (import.meta.main) Deno.writeFileSync(checksFile, allChecks(Deno.args[0]!));
