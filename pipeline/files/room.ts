/** Room on a disk, looked at before much is put there. @module */
import { statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Room on the file system of a path, bytes. */
export interface Room {
  /** Free for this user. */
  readonly free: number;
  /** What others are left: a twentieth of the disk, and a gigabyte at most. */
  readonly reserve: number;
}

/** The room where a path is or will be; undefined where that cannot be told. */
export function roomAt(path: string): Room | undefined {
  for (let at = resolve(path);; at = dirname(at)) {
    try {
      const { bavail, blocks, bsize } = statfsSync(at);
      return { free: bavail * bsize, reserve: Math.min(1e9, blocks * bsize / 20) };
    } catch {
      // Not there yet; or no permission to ask, anywhere.
      if (at === dirname(at)) return undefined;
    }
  }
}
