/** A run's folder, `runs/<name>/<id>/`: events as they happen, all else written aside and renamed into place. @module */
import { join } from "node:path";
import { explainWrite, writeAtomically } from "../../pipeline/files/files.ts";
import { CacheError, JsonLines, type PipelineEvent } from "../../pipeline/mod.ts";
import { isUnsupported } from "../../pipeline/files/system_error.ts";
import type { RunScores } from "./scores.ts";
import { Thinning } from "./thinning.ts";
import type { TrainingCost } from "./training_cost.ts";
import { exists } from "../host/paths.ts";

/** How far a run came. `stopped`: its process ended without a word. */
export type RunState = "running" | "done" | "failed" | "interrupted" | "stopped";

/** An output of a run, as `run.json` names it. */
export interface RecordedOutput {
  /** Path in what the pipeline returns, e.g. `"score.metrics"`. */
  readonly name: string;
  readonly kind: string;
  /** Version of the kind's byte format. */
  readonly version?: number;
  /** The node and output that made it. */
  readonly node: string;
  readonly output: string;
  /** Content digest. */
  readonly digest: string;
}

/** The file `run.json`. */
export interface RunRecord {
  /** Name of the pipeline. */
  readonly name: string;
  /** Time (UTC) and the beginning of the settings' digest: sorts by time. */
  readonly id: string;
  /** What the pipeline was loaded by: a name in `configs/`, or the absolute path of a file. */
  readonly experiment?: string;
  /** The method that stood in the place of the experiment's, for a comparison. */
  readonly method?: string;
  /** The stage beyond which it did not go, where it was told one. */
  readonly until?: string;
  readonly seed: number;
  /** All `--set`, as typed. */
  readonly set: readonly string[];
  /** Settings that differ from the experiment's, by name: `co-train.epochs`; a side that has none is absent. */
  readonly changed?: readonly { readonly name: string; readonly from?: unknown; readonly to?: unknown }[];
  readonly state: RunState;
  /** ISO 8601. */
  readonly started: string;
  readonly seconds?: number;
  /**
   * Adapter, driver, features: while it runs, of its process; once it is done, of the adapter that made its results, and `mixed`
   * if that were several.
   */
  readonly gpu?: Readonly<Record<string, string>>;
  /** Deno, system, commit of its process. */
  readonly facts?: Readonly<Record<string, string>>;
  readonly miou?: RunScores["miou"];
  /** The prediction that stands for the run. */
  readonly headline?: string | undefined;
  /** How they were scored. */
  readonly protocol?: string;
  readonly nodes?: readonly {
    readonly id: string;
    readonly stage: string;
    readonly key: string;
    readonly state: string;
    readonly seconds: number;
    /** Where and with what its result was made, which may be long ago and elsewhere. */
    readonly facts?: Readonly<Record<string, string>>;
    /** What its training took, if it trained in this run. */
    readonly training?: TrainingCost;
  }[];
  readonly outputs?: readonly RecordedOutput[];
  /** What failed. */
  readonly error?: string;
}

/** `20260131-235959-3fa9c1d2` for a time and a digest. */
export function runId(time: Date, digest: string): string {
  const [date, clock] = time.toISOString().slice(0, 19).replaceAll(/[-:]/g, "").split("T");
  return `${date}-${clock}-${digest.slice(0, 8)}`;
}

/** The folder of one run, while it is written. */
export class RunFolder {
  readonly #events: JsonLines;
  readonly #thinning = new Thinning();
  readonly #lock: Deno.FsFile | undefined;
  #record: RunRecord;

  private constructor(readonly path: string, record: RunRecord, readonly made: readonly string[]) {
    this.#record = record;
    this.#events = new JsonLines(join(path, "events.jsonl"));
    this.#lock = lockIfAny(join(path, "events.jsonl"));
  }

  /**
   * Makes the folder; a run with the same id in the same second gets a number behind it.
   * @throws {CacheError} If it cannot be written.
   */
  static async create(runs: string, record: Omit<RunRecord, "state">): Promise<RunFolder> {
    if (runs === "") throw new CacheError('Cannot write a run to "": the path is empty. Name a folder');
    const parent = join(runs, record.name);
    const made = [parent, runs].filter((directory) => !exists(directory));
    for (let again = 1;; again++) {
      const id = again === 1 ? record.id : `${record.id}-${again}`;
      const path = join(parent, id);
      try {
        Deno.mkdirSync(parent, { recursive: true });
        Deno.mkdirSync(path);
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists && again < 1000) continue;
        throw explainWrite(error, path);
      }
      const folder = new RunFolder(path, { ...record, id, state: "running" }, made);
      await folder.update({});
      return folder;
    }
  }

  /** Id of the run. */
  get id(): string {
    return this.#record.id;
  }

  /** The run as `run.json` has it. */
  get record(): RunRecord {
    return this.#record;
  }

  /** Appends an event, unless it is progress of which there is enough: see {@linkcode Thinning}. */
  event(event: PipelineEvent): void {
    if (this.#thinning.keeps(event)) this.#events.write(event);
  }

  /** Changes `run.json`. */
  async update(change: Partial<RunRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await this.json("run.json", this.#record);
  }

  /** Writes a file of JSON for people: indented, whole or not at all. */
  async json(name: string, value: unknown): Promise<void> {
    const text = JSON.stringify(value, null, 2) + "\n";
    await writeAtomically(join(this.path, name), new TextEncoder().encode(text));
  }

  /** Fills a folder within the run's: made aside, then renamed. */
  async directory(name: string, fill: (path: string) => Promise<void>): Promise<void> {
    const aside = join(this.path, `.${name}.tmp`);
    try {
      await Deno.mkdir(aside);
      await fill(aside);
      await Deno.rename(aside, join(this.path, name));
    } catch (error) {
      await Deno.remove(aside, { recursive: true }).catch(() => {});
      throw explainWrite(error, join(this.path, name));
    }
  }

  /** Ends the writing; with `remove` nothing of the run stays. */
  async close(options: { remove?: boolean } = {}): Promise<void> {
    try {
      this.#events[Symbol.dispose]();
    } finally {
      this.#lock?.close();
    }
    if (options.remove !== true) return;
    await Deno.remove(this.path, { recursive: true });
    // The folders above that were made for it go, too, unless another run came into them.
    for (const parent of this.made) await Deno.remove(parent).catch(() => {});
  }
}

/**
 * Locks a file until it is closed, so that `runs` can tell a run that works from one whose process is gone; undefined on a
 * file system that has no locks, where it cannot.
 */
function lockIfAny(path: string): Deno.FsFile | undefined {
  let file;
  try {
    file = Deno.openSync(path, { read: true, write: true });
    file.lockSync(true);
    return file;
  } catch (error) {
    file?.close();
    if (isUnsupported(error)) return undefined;
    throw explainWrite(error, path);
  }
}
