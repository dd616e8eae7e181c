import assert from "node:assert/strict";
import { join } from "node:path";
import type { Device } from "../../../kernels/device.ts";
import { UserError } from "../../../pipeline/errors.ts";
import type { Checkpoint } from "../../../stages/weights/checkpoint.ts";
import type { CoTrainInput } from "../../../stages/co_train.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { supervised } from "../../../stages/methods/supervised.ts";
import { TrainingStoppedError } from "../../../stages/training/loop.ts";
import { DivergenceError } from "../../../stages/training/losses.ts";
import { gpuTest, openTestDevice } from "../../support/gpu.ts";
import { testContext, withFolder } from "../../support/stage_run.ts";
import { gpuResources, shapesViews, trainingOf } from "../../support/training.ts";

const views = shapesViews();
/** 4 steps an epoch; labels alone in the first. */
const both = {
  method: ccvc({ augmentation: "strong" }),
  backbone: "resnet14",
  batch: 2,
  epochs: 2,
  warmUpEpochs: 1,
  logEvery: 3,
  baseRate: 0.01,
} as const;
const plain = { ...both, method: supervised(), warmUpEpochs: 0 } as const;

type Event = Record<string, unknown>;

interface Attempt {
  readonly events: readonly Event[];
  /** What it ended with: bytes of each output, or what was thrown. */
  readonly bytes?: Record<string, string>;
  readonly error?: unknown;
}

/** Trains with the checkpoints of a folder; `stop` is asked at each event whether the run is to be stopped. */
async function attempt(
  device: Device,
  folder: string,
  input: CoTrainInput,
  { every = 0, stop = () => false }: { every?: number; stop?: (event: Event) => boolean | void } = {},
): Promise<Attempt> {
  await Deno.mkdir(folder, { recursive: true });
  const controller = new AbortController();
  const context = testContext(folder, controller.signal, { ...gpuResources(device), checkpointEvery: every });
  try {
    const { stage, config } = trainingOf(input);
    const { history, ...nets } = await stage.definition.run({
      inputs: { views },
      config,
      context: {
        ...context,
        progress(event) {
          context.progress(event);
          if (stop(event)) controller.abort(new DOMException("stopped", "AbortError"));
        },
      },
    });
    const bytes = Object.fromEntries(
      Object.entries<Checkpoint>(nets).map(([name, { path }]) => [name, digest(path)]),
    );
    return { events: context.events, bytes: { ...bytes, history: JSON.stringify(history) } };
  } catch (error) {
    return { events: context.events, error };
  }
}

function digest(path: string): string {
  const bytes = Deno.readFileSync(path);
  let sum = 0;
  for (const byte of bytes) sum = (Math.imul(sum, 31) + byte) | 0;
  return `${bytes.length} ${sum}`;
}

const states = (folder: string) =>
  [...Deno.readDirSync(join(folder, "checkpoints"))].map(({ name }) => name).sort();
const flip = (path: string, at: number) => {
  const bytes = Deno.readFileSync(path);
  bytes[at]! ^= 16;
  Deno.writeFileSync(path, bytes);
};
const of = (kind: string, { events }: Attempt) => events.filter((event) => event.kind === kind);

gpuTest(
  "a run stopped again and again, at every step and score, ends with the same bytes",
  (device) =>
    withFolder(async (folder) => {
      const alone = await attempt(device, join(folder, "alone"), both, { every: 1000 });
      assert.ok(alone.bytes, String(alone.error));
      assert.deepEqual(of("checkpoint", alone), [], "none is due");
      // The warm-up sees the 2 labeled images of a step, the method 2 unlabeled ones, too.
      assert.deepEqual(of("step", alone).map(({ step, phase, images }) => [step, phase, images]), [
        ...[[1, "warm-up", 2], [3, "warm-up", 6], [4, "warm-up", 8]],
        ...[[6, "method", 16], [8, "method", 24]],
      ]);
      const stopped = join(folder, "stopped");
      const from: unknown[] = [];
      let last: Attempt;
      do {
        // Stopped at its first event of work: one step or one score further each time.
        last = await attempt(device, stopped, both, {
          stop: ({ kind }) => ["checkpoint", "evaluation"].includes(String(kind)),
        });
        from.push(of("resumed", last)[0]?.step);
        assert.ok(states(stopped).filter((name) => name.startsWith("state-")).length <= 2);
      } while (last.bytes === undefined && from.length < 20);
      assert.deepEqual(last.bytes, alone.bytes);
      assert.deepEqual(from[0], undefined);
      assert.ok(from.length > 4, `${from.length} runs`);
      assert.deepEqual(last.events.filter(({ kind }) => kind === "fact").length, 1);
    })(),
);

gpuTest(
  "a damaged checkpoint falls back to the one before, and a damaged pair to the start, said",
  (device) =>
    withFolder(async (folder) => {
      const alone = await attempt(device, join(folder, "alone"), plain, { every: 1000 });
      const place = join(folder, "damaged");
      const path = (name: string) => join(place, "checkpoints", name);
      const stopAt = (wanted: number) => ({ kind, step }: Event) => kind === "checkpoint" && step === wanted;
      const stopped = await attempt(device, place, plain, { stop: stopAt(5) });
      assert.equal((stopped.error as Error).name, "AbortError");
      const [part, older, newer] = states(place);
      assert.match(part!, /^part-/);
      assert.match(older!, /-at-5-/);
      assert.match(newer!, /-at-6-/);
      flip(path(newer!), 70_000);
      const second = await attempt(device, place, plain, { stop: stopAt(6) });
      const [resumed] = of("resumed", second);
      assert.equal(resumed!.step, 5);
      assert.match(
        String(resumed!.damage),
        /checkpoint at 6 is damaged \(its bytes are not those its name says\)/,
      );
      // The best weights so far are needed by both states.
      flip(path(part!), 1000);
      const third = await attempt(device, place, plain);
      assert.equal(of("resumed", third)[0]!.step, 0);
      assert.match(String(of("resumed", third)[0]!.damage), /at 7 .*weights .* are damaged.*at 6 /);
      assert.deepEqual(third.bytes, alone.bytes);
    })(),
);

gpuTest(
  "a loss that turns NaN: term, step and images are named, the last good checkpoint is kept",
  (device) =>
    withFolder(async (folder) => {
      const input = { ...plain, baseRate: 1e30, logEvery: 4 };
      const failed = await attempt(device, folder, input);
      assert.ok(failed.error instanceof DivergenceError && failed.error instanceof UserError);
      assert.match(
        failed.error.message,
        /loss term "ce" was NaN or infinite at step [23] \(labeled "scene \d", "scene \d"; unlabeled "scene 1\d", "scene 1\d"\)\./,
      );
      // What follows the first step's update may be finite still; what is kept is.
      const [, kept] = /The last good checkpoint, of step (\d), is kept/.exec(failed.error.message)!;
      const again = await attempt(device, folder, input);
      assert.equal(of("resumed", again)[0]!.step, Number(kept));
      assert.equal(String(again.error), String(failed.error), "the same images fail again");
    })(),
);

gpuTest(
  "a device that is lost is said; another one goes on from the checkpoint to the same bytes",
  (device) =>
    withFolder(async (folder) => {
      const alone = await attempt(device, join(folder, "alone"), plain, { every: 1000 });
      const frail = await openTestDevice();
      const place = join(folder, "lost");
      const failed = await attempt(frail, place, plain, {
        stop: ({ kind, step }) => {
          if (kind === "checkpoint" && step === 3) frail.gpu.destroy();
        },
      });
      assert.ok(
        failed.error instanceof TrainingStoppedError && failed.error instanceof UserError,
        `${failed.error}`,
      );
      assert.match(
        failed.error.message,
        /^Cannot go on training after step [34] of 8: The device was lost.* of step 3, is kept; the same command goes on/,
      );
      const resumed = await attempt(device, place, plain, { every: 1000 });
      assert.equal(of("resumed", resumed)[0]!.step, 3);
      assert.deepEqual(resumed.bytes, alone.bytes);
    })(),
);

gpuTest(
  "a disk that is full when the user leaves is said, and does not keep the run",
  (device) =>
    withFolder(async (folder) => {
      const place = join(folder, "full");
      const stopped = await attempt(device, place, plain, {
        every: 1000,
        stop: ({ kind, step }) => {
          if (kind !== "step" || step !== 1) return;
          // A file where the directory is wanted: nothing can be written there.
          Deno.writeTextFileSync(join(place, "checkpoints"), "");
          return true;
        },
      });
      assert.equal((stopped.error as Error).name, "AbortError");
      assert.match(String(of("warning", stopped)[0]!.message), /Cannot (write|read) .*checkpoints/);
    })(),
);

gpuTest(
  "a training ends where its scores have not become better for so long, and a stopped one likewise",
  (device) =>
    withFolder(async (folder) => {
      const patient = { ...plain, epochs: 30, stepsPerEpoch: 1, patience: 2 } as const;
      const whole = await attempt(device, join(folder, "whole"), patient);
      const { evaluations } = JSON.parse(whole.bytes!.history!) as {
        evaluations: readonly { readonly epoch: number; readonly miou: { readonly network: number } }[];
      };
      const scores = evaluations.map(({ miou }) => miou.network);
      const best = scores.indexOf(Math.max(...scores));
      assert.ok(evaluations.length < 30, `${scores}`);
      assert.equal(evaluations.length - 1 - best, 2);
      // The first time that it could end, it did.
      for (let i = 0; i + 2 < scores.length - 1; i++) {
        assert.ok(
          Math.max(...scores.slice(i + 1, i + 3)) > Math.max(...scores.slice(0, i + 1)),
          `${scores} at ${i}`,
        );
      }
      const last = whole.events.find(({ kind }) => kind === "stopped");
      assert.deepEqual(last, { kind: "stopped", epoch: evaluations.length, epochs: 30, best: best + 1 });
      const broken = join(folder, "broken");
      await attempt(device, broken, patient, {
        stop: ({ kind, epoch }) => kind === "evaluation" && epoch === best + 1,
      });
      assert.deepEqual((await attempt(device, broken, patient)).bytes, whole.bytes);
    })(),
);
