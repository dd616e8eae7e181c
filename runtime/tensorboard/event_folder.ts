/** A folder of event files, which TensorBoard shows as one run: what is there stays, and steps go on behind it. @module */
import { join } from "node:path";
import { explainWrite } from "../../pipeline/files/files.ts";
import { readTags, summaryEvent, type Value, versionEvent } from "./messages.ts";
import { frame, readRecords } from "./records.ts";

/** Seconds since 1970, and the files of one second in order: TensorBoard reads files by their names. */
const fileName = /^events\.out\.tfevents\.(\d{10})\.crossview\.\d{3}$/;

/**
 * Writes values at steps. Of each tag what lies in the folder already is not written again, so that a training that was stopped,
 * and makes some steps a second time, is one curve.
 */
export class EventFolder {
  /** The last step of each tag; undefined until the first value comes: another process may be writing until then. */
  #last: Map<string, number> | undefined;
  #file: Deno.FsFile | undefined;

  /**
   * @param path The folder; made if need be.
   * @param now Seconds since 1970.
   */
  constructor(readonly path: string, readonly now: () => number = () => Date.now() / 1000) {}

  /**
   * Writes values at a step.
   * @throws {CacheError} If they cannot be written.
   */
  write(step: number, values: readonly Value[]): void {
    try {
      const last = this.#last ??= lastSteps(this.path);
      const fresh = values.filter(({ tag }) => step > (last.get(tag) ?? -1));
      if (fresh.length === 0) return;
      const time = this.now();
      this.#file ??= this.#open(time);
      append(this.#file, summaryEvent(time, step, fresh));
      for (const { tag } of fresh) last.set(tag, step);
    } catch (error) {
      throw explainWrite(error, this.path);
    }
  }

  #open(time: number): Deno.FsFile {
    Deno.mkdirSync(this.path, { recursive: true });
    const latest = eventFiles(this.path).at(-1);
    // Where the clock was set back, a new file comes behind the others all the same.
    const seconds = Math.max(Math.floor(time), Number(fileName.exec(latest ?? "")?.[1] ?? 0));
    for (let number = 0;; number++) {
      const name = `events.out.tfevents.${seconds}.crossview.${String(number).padStart(3, "0")}`;
      try {
        const file = Deno.openSync(join(this.path, name), { write: true, createNew: true });
        append(file, versionEvent(time));
        return file;
      } catch (error) {
        if (!(error instanceof Deno.errors.AlreadyExists && number < 999)) throw error;
      }
    }
  }

  /** Closes the file. */
  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

function append(file: Deno.FsFile, record: Uint8Array): void {
  const bytes = frame(record);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** Names of the event files in a folder, in order; none if it is not there. */
function eventFiles(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isFile, name }) => isFile && fileName.test(name))
      .map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The last step of each tag in a folder's files, as far as they are whole. */
function lastSteps(path: string): Map<string, number> {
  const last = new Map<string, number>();
  for (const name of eventFiles(path)) {
    using file = Deno.openSync(join(path, name));
    for (const record of readRecords(file)) {
      const { step, tags } = readTags(record);
      for (const tag of tags) last.set(tag, Math.max(step, last.get(tag) ?? -1));
    }
  }
  return last;
}
