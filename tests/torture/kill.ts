/** Runs that are killed at random moments end with the same bytes as one that was not. @module */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { commandPermissions } from "../../cli/permissions.ts";
import { randomNumbers, type TortureOptions, type TorturePart } from "./part.ts";

/** A `shapes-12` in small: both phases, scores within training, a checkpoint every few steps. */
const settings = [
  "load.shapes.size=32",
  "load.shapes.labeled=4",
  "load.shapes.unlabeled=24",
  "load.shapes.validation=6",
  "augment.crop=32",
  "co-train.epochs=3",
  "co-train.warmUpEpochs=1",
  "co-train.stepsPerEpoch=8",
  "co-train.batch=2",
  "co-train.evaluateEvery=1",
  "co-train.logEvery=3",
];

interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly text: string;
}

/** Starts the run in a process of its own; `doom` may end it. */
async function train(
  folder: string,
  doom?: (child: Deno.ChildProcess, ended: Promise<unknown>) => Promise<void>,
): Promise<Ended> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...commandPermissions,
      fileURLToPath(new URL("../../cli/main.ts", import.meta.url)),
      "train",
      "shapes-12",
      ...settings.flatMap((text) => ["--set", text]),
      "--cache",
      join(folder, "cache"),
      "--runs",
      join(folder, "runs"),
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = child.output();
  await doom?.(child, output);
  const { code, signal, stdout, stderr } = await output;
  return { code, signal, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** What a cache says of every stage: its outputs' digests by key, all that the run computed. */
async function results(folder: string): Promise<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  for await (const { name } of Deno.readDir(join(folder, "cache", "ac"))) {
    const text = await Deno.readTextFile(join(folder, "cache", "ac", name));
    const { stage, outputs } = JSON.parse(text.slice(text.indexOf("{")));
    found[`${stage} ${name}`] = outputs;
  }
  return found;
}

export const kill: TorturePart = {
  name: "kill",
  summary: "kills a training (SIGKILL, SIGTERM, Ctrl-C) and compares its result with one left alone",
  run: ({ short, seed, folder, say }: TortureOptions) => run(short, seed, folder, say),
};

async function run(short: boolean, seed: number, folder: string, say: (line: string) => void): Promise<void> {
  const started = performance.now();
  const alone = await train(join(folder, "alone"));
  assert.equal(alone.code, 0, alone.text);
  const whole = performance.now() - started;
  const wanted = await results(join(folder, "alone"));
  say(`left alone: ${(whole / 1000).toFixed(1)} s, ${Object.keys(wanted).length} results`);
  const random = randomNumbers(seed);
  const place = join(folder, "killed");
  for (let kills = 0; kills < (short ? 3 : 20); kills++) {
    const at = random() * whole;
    const { signal } = await train(place, async (child, ended) => {
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, at))]);
      try {
        child.kill("SIGKILL");
      } catch { /* it had ended */ }
    });
    say(`${signal ?? "ended"} after ${(at / 1000).toFixed(1)} s`);
  }
  const last = await train(place);
  assert.equal(last.code, 0, last.text);
  assert.deepEqual(await results(place), wanted);
}
