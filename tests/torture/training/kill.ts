/** Runs that are stopped at random moments end with the same bytes as one that was left alone. @module */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { randomNumbers, type TortureOptions, type TorturePart } from "../part.ts";
import { halfWritten, resultsOf, sleep, startTraining } from "./training.ts";

/** The part. */
export const kill: TorturePart = {
  name: "kill",
  summary: "stops a training (kill -9, SIGTERM, Ctrl-C) and compares its result with one left alone",
  run: torture,
};

/** How a run is stopped. */
interface Way {
  /** For the report. */
  readonly name: string;
  /** Asks for 130 and a written checkpoint, which the next run goes on from. */
  readonly inOrder?: boolean;
  readonly stop: (run: Started, moment: number) => Promise<void>;
}

type Started = ReturnType<typeof startTraining>;

const atRandom: Way = {
  name: "kill -9 at a random moment",
  async stop(run, moment) {
    await Promise.race([run.ended, sleep(moment)]);
    run.kill("SIGKILL");
  },
};

const inWrite: Way = {
  name: "kill -9 while a checkpoint is being written",
  async stop(run, moment) {
    // Not the first one that comes, or no run would ever get further.
    await Promise.race([run.line(/ step [1-9]/), sleep(moment / 4)]);
    while (!run.hasEnded() && halfWritten(run.cache).length === 0) await sleep(0);
    run.kill("SIGKILL");
  },
};

const politely = (signal: Deno.Signal): Way => ({
  name: signal === "SIGINT" ? "Ctrl-C" : signal,
  inOrder: true,
  async stop(run, moment) {
    // A signal that comes before the program listens ends it like a kill.
    await run.line(/ step \d/);
    await Promise.race([run.ended, sleep(moment / 8)]);
    run.kill(signal);
  },
});

async function torture({ short, seed, folder, say }: TortureOptions): Promise<void> {
  const random = randomNumbers(seed);
  const started = performance.now();
  const alone = startTraining(join(folder, "alone"), 1e6);
  assert.equal((await alone.ended).code, 0, alone.text());
  const whole = performance.now() - started;
  const wanted = await resultsOf(alone.cache);
  say(`left alone: ${(whole / 1000).toFixed(1)} s, ${Object.keys(wanted).length} results`);
  const ways = short
    ? [atRandom, inWrite, politely("SIGTERM"), politely("SIGINT")]
    : Array.from({ length: 26 }, (_, i) => {
      if (i >= 20) return politely(i % 2 ? "SIGINT" : "SIGTERM");
      return i % 2 ? inWrite : atRandom;
    });
  const place = join(folder, "stopped");
  let writes = 0, finished = 0, from: string | undefined;
  for (const way of ways) {
    // What ended before it could be stopped is compared, and begun anew: every way gets its stop.
    for (let tries = 0;; tries++) {
      assert.ok(tries < 5, `${way.name}: 5 runs ended before they could be stopped`);
      const run = startTraining(place, way.inOrder ? 1e6 : 0);
      const watched = way.stop(run, whole * (0.15 + 0.85 * random()));
      const { code, signal } = await run.ended;
      await watched;
      const text = run.text();
      if (from !== undefined && / step \d/.test(text)) {
        assert.match(text, new RegExp(`goes on from the checkpoint of step ${from} of `));
      }
      from = undefined;
      if (code === 0) {
        assert.deepEqual(await resultsOf(run.cache), wanted);
        await Deno.remove(place, { recursive: true });
        finished++;
        continue;
      }
      if (way.inOrder) {
        assert.equal(code, 130, text);
        from = /checkpoint of step (\d+) is written/.exec(text)?.[1];
      } else {
        assert.equal(signal, "SIGKILL", text);
        if (halfWritten(run.cache).length > 0) writes++;
      }
      const step = /goes on from the checkpoint of step (\d+)/.exec(text)?.[1];
      say(`${way.name}${step ? `, after going on from step ${step}` : ""}${from ? `, at step ${from}` : ""}`);
      break;
    }
  }
  const last = startTraining(place, 1e6);
  assert.equal((await last.ended).code, 0, last.text());
  assert.deepEqual(await resultsOf(last.cache), wanted);
  assert.deepEqual(halfWritten(last.cache), [], "nothing half-written stays");
  say(
    `${ways.length} stops, ${writes} of them in the writing of a checkpoint; ${
      finished + 1
    } runs ended, all with the same bytes`,
  );
  assert.ok(writes > 0, "no kill met a checkpoint being written");
}
