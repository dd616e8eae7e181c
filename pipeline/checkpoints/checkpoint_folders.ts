/**
 * The checkpoints of a key, a folder for each lease under which some were written: `checkpoints/<key>/<token>/`. Who was taken
 * for dead and is not writes into a folder that nobody else has. @module
 */
import { join } from "node:path";
import { CacheError, messageOf } from "../errors.ts";
import { explainWrite } from "../files/files.ts";

/** Whether a name is one that checkpoints have; those in the writing end in `.tmp`. */
export function isCheckpointFile(name: string): boolean {
  return /^(state-\d{8,15}-at-\d{1,15}(-[0-9a-f]{64}|\.tmp)|part-[0-9a-f]{64}(\.tmp)?)$/.test(name);
}

/** Whether a name is a lease's token. */
function isLeaseToken(name: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name);
}

/**
 * Makes the checkpoints of earlier leases one's own, so that the work goes on from them.
 *
 * @param root Folder of the key.
 * @param token Of the lease that is held.
 * @param fence Throws if it is held no longer.
 * @returns The lease's own folder; it is there if there were checkpoints.
 * @throws {CacheError} If the file system refuses.
 */
export async function adoptCheckpoints(root: string, token: string, fence: () => void): Promise<string> {
  const own = join(root, token);
  for (const folder of (await foldersOf(root)).filter((folder) => folder !== own)) {
    // Parts first: wherever it ends, no state is without its parts when what is left is adopted, too.
    for (const name of (await list(folder)).filter(isCheckpointFile).sort()) {
      fence();
      try {
        await Deno.mkdir(own, { recursive: true });
        await Deno.rename(join(folder, name), join(own, name));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw explainWrite(error, join(own, name));
      }
    }
    if (folder !== root) await Deno.remove(folder).catch(() => {});
  }
  return own;
}

/**
 * Removes all checkpoints of a key, as far as it can; what else lies in its folder stays, and the folder with it.
 *
 * @param fence Throws if the key's lease is another's by now: then they are the other's, and stay.
 */
export async function removeCheckpoints(root: string, fence: () => void = () => {}): Promise<void> {
  try {
    fence();
  } catch {
    return;
  }
  for (const folder of await foldersOf(root).catch(() => [])) {
    for (const name of (await list(folder).catch(() => [])).filter(isCheckpointFile)) {
      await Deno.remove(join(folder, name)).catch(() => {});
    }
    if (folder !== root) await Deno.remove(folder).catch(() => {});
  }
  await Deno.remove(root).catch(() => {});
}

/** Folders of leases, then the key's own, where versions before leases had folders left some. */
async function foldersOf(root: string): Promise<string[]> {
  const entries = await read(root);
  const leases = entries.filter(({ name, isDirectory }) => isDirectory && isLeaseToken(name));
  return [...leases.map(({ name }) => join(root, name)).sort(), root];
}

async function list(folder: string): Promise<string[]> {
  return (await read(folder)).filter(({ isFile }) => isFile).map(({ name }) => name);
}

async function read(folder: string): Promise<Deno.DirEntry[]> {
  try {
    return await Array.fromAsync(Deno.readDir(folder));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    // What cannot be read now may be read later: nothing is begun anew for it.
    throw new CacheError(`Cannot read the checkpoints in "${folder}": ${messageOf(error)}`, { cause: error });
  }
}
