/** A small `shapes-12` in a process of its own, to be stopped. @module */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { permissionsOf } from "../../../cli/process/permissions.ts";

/** Both phases, with scores in between. */
const settings = [
  "load.shapes.size=32",
  "load.shapes.labeled=4",
  "load.shapes.unlabeled=24",
  "load.shapes.validation=6",
  "augment.crop=32",
  "co-train.epochs=4",
  "co-train.warmUpEpochs=1",
  "co-train.stepsPerEpoch=8",
  "co-train.batch=2",
  "co-train.evaluateEvery=1",
  "co-train.logEvery=3",
];

/** A training's command line behind `deno`, with its cache and runs in a folder: the process that trains, which is to be killed. */
export function trainingArguments(
  folder: string,
  checkpointEvery: number,
  set: readonly string[] = [],
  experiment = "shapes-12",
): string[] {
  return [
    "run",
    ...permissionsOf(),
    fileURLToPath(new URL("../../../cli/program.ts", import.meta.url)),
    "train",
    experiment,
    ...[...settings, ...set].flatMap((text) => ["--set", text]),
    "--cache",
    join(folder, "cache"),
    "--runs",
    join(folder, "runs"),
    "--checkpoint-every",
    String(checkpointEvery),
  ];
}

/** A training that was started. */
export interface StartedTraining {
  /** Its cache. */
  readonly cache: string;
  /** Number of its process. */
  readonly pid: number;
  readonly ended: Promise<Deno.CommandStatus>;
  hasEnded(): boolean;
  /** What it has printed so far, stdout and stderr. */
  text(): string;
  /** Waits for a text, or for the end. */
  line(pattern: RegExp): Promise<void>;
  /** Waits for so many checkpoints, or for the end. */
  saved(count: number): Promise<void>;
  /** Sends a signal, unless it has ended. */
  kill(signal: Deno.Signal): void;
}

/** Starts a training in a folder, where it finds what an earlier one left. */
export function startTraining(
  folder: string,
  checkpointEvery: number,
  set: readonly string[] = [],
  experiment?: string,
): StartedTraining {
  const child = new Deno.Command(Deno.execPath(), {
    args: trainingArguments(folder, checkpointEvery, set, experiment),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "", isOver = false;
  const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) text += part;
  };
  const printed = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const ended = (async () => {
    const status = await child.status;
    isOver = true;
    await printed;
    return status;
  })();
  return {
    cache: join(folder, "cache"),
    pid: child.pid,
    ended,
    hasEnded: () => isOver,
    text: () => text,
    async line(pattern) {
      while (!isOver && !pattern.test(text)) await sleep(5);
    },
    async saved(count) {
      const cache = join(folder, "cache");
      while (!isOver && filesOf(cache, /^state-.*[0-9a-f]{64}$/).length < count) await sleep(5);
    },
    kill(signal) {
      try {
        child.kill(signal);
      } catch { /* it had ended */ }
    },
  };
}

/** Waits. */
export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Files of checkpoints that are being written, or were when their process was killed. */
export function halfWritten(cache: string): string[] {
  return filesOf(cache, /\.tmp$/);
}

/** Files of all keys' checkpoints, each of which has a folder for every process that wrote some. */
function filesOf(cache: string, pattern: RegExp): string[] {
  const checkpoints = join(cache, "checkpoints");
  const folders = list(checkpoints).flatMap((key) =>
    list(join(checkpoints, key)).map((token) => join(checkpoints, key, token))
  );
  return folders.flatMap(list).filter((name) => pattern.test(name));
}

/** Stage and key → its outputs' digests: all that a run computed, weights, history and scores. */
export async function resultsOf(cache: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for (const key of list(join(cache, "ac"))) {
    const { stage, outputs } = JSON.parse(await Deno.readTextFile(join(cache, "ac", key)));
    found[`${stage} ${key}`] = outputs;
  }
  return found;
}

function list(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
    throw error;
  }
}
