/** A long training: what it takes of memory, open files and room for its events must not grow with its steps. @module */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import type { TortureOptions, TorturePart } from "../part.ts";
import { sleep, startTraining } from "./training.ts";
import { skip } from "../../support/skip.ts";

/** The part. */
export const long: TorturePart = {
  name: "long",
  summary: "trains for 3,000 steps, and watches memory, open files and events.jsonl (needs /proc)",
  run: torture,
};

/** What a process takes at a moment. */
interface Sample {
  readonly step: number;
  /** Mebibytes of resident memory. */
  readonly memory: number;
  /** Open files, sockets and pipes. */
  readonly files: number;
}

/** Mebibytes of resident memory that may come and go: what a garbage collector leaves for later. */
const slack = 48;

async function torture({ short, folder, say }: TortureOptions): Promise<void> {
  if (Deno.build.os !== "linux") return skip("only Linux has a /proc to look into", say);
  const epochs = short ? 4 : 30, steps = epochs * 100;
  const run = startTraining(folder, 5, [
    "augment.crop=16",
    `co-train.epochs=${epochs}`,
    "co-train.stepsPerEpoch=100",
    "load.shapes.validation=1",
    // Every step is a reading of the losses, and an event.
    "co-train.logEvery=1",
  ]);
  const samples: Sample[] = [];
  while (!run.hasEnded()) {
    const step = await lastStep(folder);
    if (step > 0) {
      const sample = await look(run.pid, step);
      if (sample !== undefined) samples.push(sample);
    }
    await sleep(250);
  }
  assert.equal((await run.ended).code, 0, run.text());
  // The first fifth fills pools; after the last step other stages run, which open files of their own.
  const between = (from: number, to: number) =>
    samples.filter(({ step }) => step > from * steps && step < to * steps);
  const early = between(0.2, 0.4), late = between(0.8, 1);
  assert.ok(early.length >= 2 && late.length >= 2, "too few samples");
  const median = (of: readonly Sample[], value: "memory" | "files") =>
    of.map((sample) => sample[value]).sort((a, b) => a - b)[Math.floor(of.length / 2)]!;
  const highest = (of: readonly Sample[], value: "memory" | "files") =>
    Math.max(...of.map((sample) => sample[value]));
  const [memory, files] = [median(early, "memory"), highest(early, "files")];
  const lines = (await events(folder)).length;
  const size = (await events(folder)).join("\n").length;
  say(
    `${steps} steps: memory ${memory.toFixed(0)} MiB early, ${
      median(late, "memory").toFixed(0)
    } late; open files at most ` +
      `${files} early, ${highest(late, "files")} late; events.jsonl ${lines} lines, ${
        (size / 1000).toFixed(0)
      } kB`,
  );
  assert.ok(median(late, "memory") <= memory + slack, `memory grew: ${JSON.stringify(samples)}`);
  // One more may be open just as a checkpoint is written.
  assert.ok(highest(late, "files") <= files + 2, `open files grew: ${JSON.stringify(samples)}`);
  // A thousand readings whole, then every tenth; two lines an epoch; checkpoints every 5 s at the most.
  const readings = Math.min(steps, 1000) + Math.max(0, Math.ceil((steps - 1000) / 10));
  assert.ok(lines <= readings + 1000 && size < 1_500_000, `events.jsonl grew: ${lines} lines, ${size} bytes`);
}

/** What a process takes now, as the system's own programs read it; undefined once it is gone. */
async function look(pid: number, step: number): Promise<Sample | undefined> {
  const status = await printed("cat", `/proc/${pid}/status`), open = await printed("ls", `/proc/${pid}/fd`);
  const memory = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return memory === undefined
    ? undefined
    : { step, memory: Number(memory) / 1024, files: open.trim().split("\n").length };
}

async function printed(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args, stdin: "null", stderr: "null" }).output();
  return new TextDecoder().decode(stdout);
}

/** The newest step that the run's events tell of; 0 before the first. */
async function lastStep(folder: string): Promise<number> {
  const line = (await events(folder)).findLast((line) => line.includes('"kind":"step"'));
  return line === undefined ? 0 : JSON.parse(line).data.step;
}

/** The whole lines of the run's events. */
async function events(folder: string): Promise<string[]> {
  try {
    const [run] = [...Deno.readDirSync(join(folder, "runs", "shapes-12"))];
    const text = await Deno.readTextFile(join(folder, "runs", "shapes-12", run!.name, "events.jsonl"));
    return text.split("\n").slice(0, -1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
