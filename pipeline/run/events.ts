/** What happens in a run, as typed events: for a terminal, for `events.jsonl`, for tests. @module */
import { explainWrite } from "../files/files.ts";
import { isUnsupported } from "../files/system_error.ts";

/** One event. `node` is an instance id, `key` 64 hex digits. */
export type PipelineEvent =
  | {
    readonly type: "planned";
    readonly pipeline: string;
    readonly seed: number;
    readonly nodes: readonly {
      readonly id: string;
      readonly stage: string;
      readonly after: readonly string[];
    }[];
  }
  /** The result is in the cache; `from`: it was brought there from a remote store just now. */
  | { readonly type: "hit"; readonly node: string; readonly key: string; readonly from?: "remote" }
  /** It is not; `why` has a line for each part that differs from the nearest earlier entry, `short` a few words. */
  | {
    readonly type: "miss";
    readonly node: string;
    readonly key: string;
    readonly why: readonly string[];
    readonly short: string;
  }
  /** Another process runs the same key; its result will be taken. `takesOverIn`: it seems dead; seconds until it counts as that. */
  | { readonly type: "waiting"; readonly node: string; readonly key: string; readonly takesOverIn?: number }
  | { readonly type: "started"; readonly node: string; readonly key: string }
  | { readonly type: "progress"; readonly node: string; readonly data: Readonly<Record<string, unknown>> }
  /** `stored` is false where code or sources changed during the run: the result serves this run only. */
  | {
    readonly type: "finished";
    readonly node: string;
    readonly key: string;
    readonly seconds: number;
    readonly outputs: Readonly<Record<string, string>>;
    readonly stored: boolean;
  }
  /** Code or sources have changed: said before the stage runs, and after it. */
  | { readonly type: "changed"; readonly node: string; readonly message: string }
  /** Something in the cache was damaged and is made again. */
  | { readonly type: "damaged"; readonly node: string; readonly message: string }
  /** Nothing failed, and yet it is worth knowing: what was not taken out of the cache, and why. */
  | { readonly type: "notice"; readonly message: string }
  | { readonly type: "failed"; readonly node: string; readonly message: string }
  | { readonly type: "done"; readonly ran: number; readonly hits: number; readonly seconds: number };

/** Hands events to listeners, in order, at once. */
export class Events {
  readonly #listeners = new Set<(event: PipelineEvent) => void>();

  /**
   * Adds a listener.
   * @returns A function that takes it off again.
   */
  on(listener: (event: PipelineEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Hands an event to all listeners. */
  emit(event: PipelineEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}

/** What a wait for a key's lock tells. */
export function waitingEvent(events: Events, node: string, key: string): (takesOverIn?: number) => void {
  return (takesOverIn) =>
    events.emit({ type: "waiting", node, key, ...(takesOverIn === undefined ? {} : { takesOverIn }) });
}

/** A file that is only appended to: one JSON object a line, each with the time it was written at. */
export class JsonLines {
  readonly #file: Deno.FsFile;
  readonly #path: string;

  /**
   * Opens a file to append to.
   *
   * @param path The file; made if need be, its directory not.
   * @throws {CacheError} If it cannot be written.
   */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = Deno.openSync(path, { append: true, create: true });
    } catch (error) {
      throw explainWrite(error, path);
    }
  }

  /** Appends one object. */
  write(value: Readonly<Record<string, unknown>>): void {
    const line = new TextEncoder().encode(
      JSON.stringify({ time: new Date().toISOString(), ...value }) + "\n",
    );
    try {
      for (let at = 0; at < line.length;) at += this.#file.writeSync(line.subarray(at));
    } catch (error) {
      throw explainWrite(error, this.#path);
    }
  }

  /** Syncs and closes the file. */
  [Symbol.dispose](): void {
    try {
      this.#file.syncDataSync();
    } catch (error) {
      if (!isUnsupported(error)) throw explainWrite(error, this.#path);
    } finally {
      this.#file.close();
    }
  }
}
