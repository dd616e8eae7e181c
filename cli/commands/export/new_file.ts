/** Files that exports write: new ones alone. @module */
import { dirname } from "node:path";
import { UserError } from "../../../pipeline/mod.ts";
import { explainWrite } from "../../../pipeline/files/files.ts";

/** @throws {UserError} If there is something at a path. */
export async function refuseExisting(path: string): Promise<void> {
  const found = await Deno.lstat(path).catch(() => undefined);
  if (found === undefined) return;
  const what = found.isDirectory ? "it is a folder" : "it exists";
  throw new UserError(
    `Cannot write "${path}": ${what}. Name another file${found.isDirectory ? "" : ", or remove it"}.`,
  );
}

/**
 * Writes the file itself, as nothing beside it may be written; folders above it are made. What fails leaves none.
 *
 * @throws {UserError} If there is something at the path. {@linkcode CacheError} if it cannot be written.
 */
export async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  await refuseExisting(path);
  try {
    const folder = dirname(path);
    if (!await Deno.stat(folder).then(() => true, () => false)) await Deno.mkdir(folder, { recursive: true });
    await Deno.writeFile(path, bytes, { createNew: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) await Deno.remove(path).catch(() => {});
    throw explainWrite(error, path);
  }
}
