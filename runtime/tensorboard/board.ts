/** A run in TensorBoard's files: curves as its trainings tell them, pictures and scores at its end. @module */
import { dirname, join } from "node:path";
import { explainWrite } from "../../pipeline/files/files.ts";
import { CacheError, messageOf, type PipelineEvent, sha256 } from "../../pipeline/mod.ts";
import type { TrainingHistory } from "../../stages/training/history.ts";
import { type TrainingEvent, trainingEvent } from "../../stages/training/progress.ts";
import type { FoundOutput } from "../runs/outputs.ts";
import type { Curves } from "../report/curves.ts";
import { adapterName, type Facts } from "../runs/provenance.ts";
import { isRunScores } from "../runs/scores.ts";
import { EventFolder } from "./event_folder.ts";
import type { Value } from "./messages.ts";

/** What a training has told so far. */
interface Training {
  /** Its last step. */
  step: number;
  /** The last event, if it was a reading of the losses: whatever came between two took time, too. */
  last: { readonly images: number; readonly at: number } | undefined;
}

/** What is known at a run's end. */
export interface EndedRun {
  /** Every output of every stage. */
  readonly all: readonly FoundOutput[];
  /** Those that the pipeline returns. */
  readonly returned: readonly FoundOutput[];
  /** Of its trainings, by stage, as they were heard when they ran. */
  readonly curves: Readonly<Record<string, Curves>>;
}

/** What a run's folder is named by. */
export interface BoardRun {
  /** Name of the experiment. */
  readonly name: string;
  /** The method that stands in the place of the experiment's. */
  readonly method?: string | undefined;
  /** All `--set`. */
  readonly set: readonly string[];
  readonly seed: number;
  /** Digest of settings, code, sources and seed. */
  readonly settings: string;
  readonly gpu?: Facts | undefined;
}

/** Longest text of settings in a folder's name: file systems take 255 bytes. */
const longestSettings = 160;

/**
 * Path of a run's folder: what a person tells runs apart by, then a digest of all that its numbers depend on, so that a run that
 * was stopped goes on in its own folder, and no other does.
 */
export function boardName({ name, method, set, seed, settings, gpu }: BoardRun): string {
  // What a sweep varies stands at the end.
  const told = [...method === undefined ? [] : [method], set.join(",").slice(-longestSettings)]
    .filter((part) => part !== "").join(",").replaceAll(/[^\w.=,+-]/g, "_");
  const digest = sha256(`${settings} ${gpu === undefined ? "" : adapterName(gpu)}`).slice(0, 8);
  return `${name}/${told}${told === "" ? "" : ","}seed=${seed},${digest}`;
}

/**
 * Writes a run's files: one folder for each stage that has something to show. Where they can be written no longer, as on a full
 * disk, that is said, and the run goes on without them.
 */
export class Board {
  readonly #folders = new Map<string, EventFolder>();
  readonly #trainings = new Map<string, Training>();
  /** Stage → the stages whose results it takes. */
  #after: ReadonlyMap<string, readonly string[]> = new Map();
  #isBroken = false;

  /**
   * @param path Folder of the run.
   * @param note Takes the line that says why no more is written.
   * @param now Seconds since 1970.
   */
  private constructor(
    readonly path: string,
    readonly note: (line: string) => void,
    readonly now: () => number,
  ) {}

  /**
   * Makes the folder of a run.
   *
   * @param folder The folder that TensorBoard is started with.
   * @param name Path of the run in it.
   * @throws {CacheError} If it cannot be written to.
   */
  static open(
    folder: string,
    name: string,
    note: (line: string) => void,
    now: () => number = () => Date.now() / 1000,
  ): Board {
    const path = join(folder, name), probe = join(path, `.${crypto.randomUUID()}.tmp`);
    try {
      Deno.mkdirSync(path, { recursive: true });
      Deno.writeFileSync(probe, new Uint8Array(1), { createNew: true });
      Deno.removeSync(probe);
    } catch (error) {
      const isTaken = error instanceof Deno.errors.AlreadyExists ||
        error instanceof Deno.errors.NotADirectory;
      if (!isTaken) throw explainWrite(error, path);
      throw new CacheError(
        `Cannot write TensorBoard's files to "${folder}": a file is in the way. Name a folder.`,
        {
          cause: error,
        },
      );
    }
    return new Board(path, note, now);
  }

  /** Takes an event of the run. */
  event(event: PipelineEvent): void {
    if (event.type === "planned") this.#after = new Map(event.nodes.map(({ id, after }) => [id, after]));
    const told = event.type === "progress" ? trainingEvent(event.data) : undefined;
    if (event.type === "progress" && told !== undefined) this.#tell(event.node, told);
  }

  #tell(node: string, told: TrainingEvent): void {
    const training = this.#trainings.get(node) ?? { step: 0, last: undefined };
    this.#trainings.set(node, training);
    if ("step" in told) training.step = told.step;
    // A step that is handed over is part of the time between two readings.
    if (told.kind === "tick") return;
    const { last } = training;
    training.last = undefined;
    if (told.kind === "evaluation") this.#write(node, training.step, scalars("miou", told.miou));
    if (told.kind !== "step") return;
    const { step, images, rate, losses, shares = {} } = told, at = this.now();
    const pace = last && at > last.at ? (images - last.images) / (at - last.at) : null;
    this.#write(node, step, [
      ...scalars("loss", losses),
      ...scalars("share", shares),
      ...scalars("training", { learning_rate: rate, images_per_second: pace }),
    ]);
    training.last = { images, at };
  }

  /** Writes what is known at the end, as far as it is not there: pictures, scores, and curves of trainings out of the cache. */
  async complete({ all, returned, curves }: EndedRun): Promise<void> {
    for (const { node, read } of all.filter(({ kind }) => kind === "training-history")) {
      this.#recall(node, await read() as TrainingHistory, curves[node]?.readings ?? []);
    }
    for (const { node, kind, output, files, read } of returned) {
      const step = this.#stepsBefore(node);
      if (kind === "pictures" && output === "pictures") {
        const pngs = files.names().filter((name) => name.endsWith(".png"));
        for (const name of pngs) this.#write(node, step, picture(name, await files.bytes(name)));
      } else if (kind === "metrics") {
        const metrics = await read();
        if (isRunScores(metrics)) this.#write(node, step, scalars("miou", metrics.miou));
      }
    }
  }

  /** Losses and scores are the history's; of readings that are few for a page's sake, rate and pace are known all the same. */
  #recall(node: string, { losses, evaluations }: TrainingHistory, readings: Curves["readings"]): void {
    const values = new Map(losses.map(({ step, terms, shares = {} }) => [
      step,
      [...scalars("loss", terms), ...scalars("share", shares)],
    ]));
    const ends = new Map(losses.map(({ step, epoch }) => [epoch + 1, step]));
    for (const { epoch, miou } of evaluations) values.get(ends.get(epoch)!)?.push(...scalars("miou", miou));
    for (const { step, rate = null, imagesPerSecond = null } of readings) {
      values.get(step)?.push(
        ...scalars("training", { learning_rate: rate, images_per_second: imagesPerSecond }),
      );
    }
    for (const [step, each] of values) this.#write(node, step, each);
    this.#trainings.set(node, { step: losses.at(-1)?.step ?? 0, last: undefined });
  }

  /** The last step of the trainings that a stage's results come from. */
  #stepsBefore(node: string): number {
    const before = new Set([node]);
    // What is added is walked, too.
    for (const id of before) for (const earlier of this.#after.get(id) ?? []) before.add(earlier);
    return Math.max(...[...before].map((id) => this.#trainings.get(id)?.step ?? 0));
  }

  #write(node: string, step: number, values: readonly Value[]): void {
    if (this.#isBroken) return;
    const folder = this.#folders.get(node) ?? new EventFolder(join(this.path, node), this.now);
    this.#folders.set(node, folder);
    try {
      folder.write(step, values);
    } catch (error) {
      this.#isBroken = true;
      this.note(`${messageOf(error)} The run goes on without files for TensorBoard; run again to have them.`);
    }
  }

  /** Closes the files; folders in which nothing came to lie go. */
  [Symbol.dispose](): void {
    for (const folder of this.#folders.values()) folder.close();
    for (const path of [this.path, dirname(this.path)]) {
      try {
        Deno.removeSync(path);
      } catch { /* something lies there */ }
    }
  }
}

/** Numbers under a common name; those that could not be made are left out. */
function scalars(group: string, values: Readonly<Record<string, number | null>>): Value[] {
  return Object.entries(values).flatMap(([name, scalar]) =>
    scalar === null ? [] : [{ tag: `${group}/${name}`, scalar }]
  );
}

/** A picture under its name, if it is one. */
function picture(name: string, png: Uint8Array): Value[] {
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  if (png.length < 24 || signature.some((byte, i) => png[i] !== byte)) return [];
  // Its first chunk begins with width and height.
  const view = new DataView(png.buffer, png.byteOffset);
  return [{ tag: name.replace(/\.png$/, ""), png, width: view.getUint32(16), height: view.getUint32(20) }];
}
