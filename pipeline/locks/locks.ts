/** Locks between the processes of one machine; the system frees them when their holder dies. @module */
import { join } from "node:path";
import { explainWrite } from "../files/files.ts";
import { isUnsupported } from "../files/system_error.ts";

/** A held lock; disposing gives it back. */
export interface Lock {
  /** Gives the lock back. */
  [Symbol.dispose](): void;
}

/** A held lock file. */
export interface FileLock extends Lock {
  /** Device and inode, or the path where there are none: equal for two openings of one file in one kernel, which is where the kernel's locks reach. */
  readonly file: string;
}

/**
 * Waits for a lock file, polling, so that an abort is heard.
 *
 * @param directory Where lock files lie; made if need be.
 * @param name Name of the lock.
 * @param options `shared`: many may hold it together; `signal`: stops the wait; `waiting`: called once if it is taken.
 * @throws {CacheError} If the directory is not writable. The signal's reason if aborted.
 */
async function acquireLock(
  directory: string,
  name: string,
  options: { shared?: boolean; signal?: AbortSignal | undefined; waiting?: () => void } = {},
): Promise<FileLock> {
  const path = join(directory, name);
  for (let tries = 0;; tries++) {
    options.signal?.throwIfAborted();
    const file = await open(directory, path);
    try {
      if (await file.tryLock(options.shared !== true)) {
        // A holder removes the file when it leaves: a lock on a removed file keeps nobody out.
        // Where files cannot be told apart, as on Windows, it stays instead.
        const stays = options.shared === true || identity(file.statSync()) === undefined;
        if (isSameFile(file, path)) return release(file, path, stays);
      } else if (tries === 0) {
        options.waiting?.();
      }
    } catch (error) {
      file.close();
      // Where nothing can be locked, nobody has a use for the file.
      await Deno.remove(path).catch(() => {});
      throw error;
    }
    file.close();
    await new Promise((resolve) => setTimeout(resolve, Math.min(20 + tries * 5, 250)));
  }
}

/** As {@linkcode acquireLock}; undefined on a file system that has no locks. */
export async function acquireLockIfAny(
  ...[directory, name, options]: Parameters<typeof acquireLock>
): Promise<FileLock | undefined> {
  try {
    return await acquireLock(directory, name, options);
  } catch (error) {
    if (isUnsupported(error)) return undefined;
    throw error;
  }
}

async function open(directory: string, path: string): Promise<Deno.FsFile> {
  try {
    await Deno.mkdir(directory, { recursive: true });
    return await Deno.open(path, { read: true, write: true, create: true });
  } catch (error) {
    throw explainWrite(error, path);
  }
}

function isSameFile(file: Deno.FsFile, path: string): boolean {
  try {
    return identity(file.statSync()) === identity(Deno.statSync(path));
  } catch {
    return false;
  }
}

/** What tells a file from every other one, where the system does. */
function identity({ dev, ino }: Deno.FileInfo): string | undefined {
  return ino === null || ino === 0 ? undefined : `${dev}:${ino}`;
}

function release(file: Deno.FsFile, path: string, stays: boolean): FileLock {
  return {
    file: identity(file.statSync()) ?? path,
    [Symbol.dispose]() {
      try {
        if (!stays) Deno.removeSync(path);
      } catch { /* removed by hand: the lock ends with the file's handle all the same */ }
      file.close();
    },
  };
}
