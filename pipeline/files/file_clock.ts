/** The time as a file system has it: what its files' times are held against, whatever the clock of this host says. @module */
import { sha256 } from "../plan/canonical_json.ts";
import { join } from "node:path";
import { explainWrite } from "./files.ts";
import { isDiskFull } from "./system_error.ts";

/** For so long it goes on by this process's own clock, which stands still while the machine sleeps. */
const trustedMilliseconds = 60_000;

/** A folder's clock. */
export class FileClock {
  #read: { readonly time: number; readonly at: number } | undefined;

  /**
   * The clock of a folder's file system; nothing is written yet.
   *
   * @param folder Where a file is written to read it; made if need be.
   * @param ready What is to be done before.
   */
  constructor(readonly folder: string, readonly ready: () => Promise<void>) {}

  /**
   * Milliseconds since 1970.
   *
   * @throws {CacheError} If the folder cannot be written.
   */
  async now(): Promise<number> {
    const age = performance.now() - (this.#read?.at ?? -Infinity);
    if (age > trustedMilliseconds) {
      await this.ready();
      this.#read = { time: await this.#writtenNow(), at: performance.now() };
    }
    return this.#read!.time + performance.now() - this.#read!.at;
  }

  /** The time of change of a file just written. */
  async #writtenNow(): Promise<number> {
    // Named as what a writer of notes has aside: a process that dies here leaves what will be swept.
    const path = join(this.folder, `${sha256("clock")}.${crypto.randomUUID()}.tmp`);
    try {
      await Deno.mkdir(this.folder, { recursive: true });
      try {
        await Deno.writeFile(path, new Uint8Array(1), { createNew: true });
      } catch (error) {
        if (!isDiskFull(error)) throw error; // A full disk gives no room for the byte, and a time all the same.
      }
      return (await Deno.stat(path)).mtime?.getTime() ?? Date.now();
    } catch (error) {
      throw explainWrite(error, path);
    } finally {
      await Deno.remove(path).catch(() => {});
    }
  }
}
