/** Processes that are stopped while they hold a lease, and woken when another has it: neither hurts the other. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { permissionsOf } from "../../../cli/process/permissions.ts";
import { Cache, verifyBlobs } from "../../../pipeline/mod.ts";
import { chain, type FencedArguments, lostStatus } from "./fenced_child.ts";
import { randomNumbers, type TortureOptions, type TorturePart } from "../part.ts";
import { sleep } from "../training/training.ts";
import { skip } from "../../support/skip.ts";

/** The part. */
export const fenced: TorturePart = {
  name: "fenced",
  summary:
    "stops, wakes and kills processes on one key where kernel locks do not reach (two mounts, if bindfs is there)",
  run: torture,
};

const steps = 30, beat = 100, stale = 1500;

async function torture({ short, seed, folder, say }: TortureOptions): Promise<void> {
  const random = randomNumbers(seed);
  const below = join(folder, "below"), mounts = [join(folder, "one"), join(folder, "two")];
  for (const path of [below, ...mounts]) await Deno.mkdir(path);
  const isMounted = await succeeds("bindfs", below, mounts[0]!) &&
    await succeeds("bindfs", below, mounts[1]!);
  if (!isMounted) skip("no folder can be mounted twice here (bindfs); locks are refused instead", say);
  const counts = { rounds: 0, ended: 0, lost: 0, killed: 0, resumed: 0 };
  try {
    for (let round = 0; round < (short ? 2 : 10); round++) {
      // Where a file system has no locks at all, and where it has some that one mount does not tell the other of.
      const apart = isMounted && round % 2 === 1;
      const roots = (apart ? mounts : [below, below]).map((mount) => join(mount, String(round)));
      await oneRound(roots, apart, random, counts);
      const cache = new Cache(join(below, String(round)));
      assert.equal((await cache.keys()).length, 1);
      assert.deepEqual((await verifyBlobs(cache)).damage, []);
      assert.deepEqual([...Deno.readDirSync(join(cache.root, "checkpoints"))], []);
    }
  } finally {
    for (const mount of mounts) if (isMounted) await succeeds("umount", "-l", mount);
  }
  const { rounds, ended, lost, killed, resumed } = counts;
  say(
    `${rounds} rounds: ${ended} processes ended with the right result, ${lost} found their lease to be another's and said ` +
      `so, ${killed} were killed; ${resumed} went on from another's checkpoint`,
  );
  assert.ok(lost > 0, "no process was ever taken for dead");
  assert.ok(resumed > 0, "no process ever went on from another's checkpoint");
}

/** Two processes on one key; the first is stopped for longer than it may be silent, now and then killed. */
async function oneRound(
  roots: readonly string[],
  locks: boolean,
  random: () => number,
  counts: Record<"rounds" | "ended" | "lost" | "killed" | "resumed", number>,
): Promise<void> {
  const start = (root: string) => startChild({ root, steps, pause: 60, beat, stale, locks });
  const owner = start(roots[0]!);
  await owner.started;
  await sleep(200 + 1000 * random());
  owner.signal("SIGSTOP");
  const successor = start(roots[1]!);
  // Mostly when the other has taken over; at times before, when it must still find the heart beating.
  if (random() < 0.75) await successor.started;
  await sleep(1000 * random());
  const isKilled = random() < 0.25;
  owner.signal(isKilled ? "SIGKILL" : "SIGCONT");
  const ends = [await owner.ended, await successor.ended];
  counts.rounds++;
  for (const [i, { code, text }] of ends.entries()) {
    if (/"type":"progress".*"step":[1-9]/.test(text)) counts.resumed++;
    if (code === 0) {
      counts.ended++;
      assert.match(text, new RegExp(`"value":"${chain(steps)}"`));
    } else if (code === lostStatus) {
      counts.lost++;
      assert.match(text, /Cannot go on: the lease .*run again to take its result/);
    } else {
      assert.ok(i === 0 && isKilled, text);
      counts.killed++;
    }
    assert.doesNotMatch(text, /damaged|^\s+at /m, text);
  }
  assert.equal(ends[1]!.code, 0, "who was never stopped ends well");
}

interface Child {
  /** Its stage runs. */
  readonly started: Promise<void>;
  readonly ended: Promise<{ readonly code: number; readonly text: string }>;
  signal(name: Deno.Signal): void;
}

function startChild(given: FencedArguments): Child {
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      ...permissionsOf(),
      fileURLToPath(new URL("./fenced_child.ts", import.meta.url)),
      JSON.stringify(given),
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let text = "";
  const { promise: started, resolve } = Promise.withResolvers<void>();
  const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (/"type":"started"/.test(text)) resolve();
    }
  };
  const printed = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const ended = (async () => {
    const { code } = await child.status;
    await printed;
    resolve();
    return { code, text };
  })();
  return {
    started,
    ended,
    signal(name) {
      try {
        child.kill(name);
      } catch { /* it had ended */ }
    },
  };
}

async function succeeds(program: string, ...args: string[]): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args, stdout: "null", stderr: "null" }).output()).success;
  } catch {
    return false;
  }
}
