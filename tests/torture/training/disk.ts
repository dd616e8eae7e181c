/** Disks that fill up, turn read-only or vanish under a training: it says so, and goes on when they are back. @module */
import { strict as assert } from "node:assert";
import { join } from "node:path";
import type { TortureOptions, TorturePart } from "../part.ts";
import { must, system } from "../system.ts";
import { resultsOf, type StartedTraining, startTraining } from "./training.ts";
import { skip } from "../../support/skip.ts";

/** The part. */
export const disk: TorturePart = {
  name: "disk",
  summary:
    "fills a file system of 64 MiB under a training, makes it read-only, takes it away (needs root and mount)",
  run: torture,
};

/** What happens to the disk, what must be said, and how it is mended. */
interface Mishap {
  readonly name: string;
  /** Whether it happens between two runs: no disk turns read-only while a file is open for writing. */
  readonly between?: boolean;
  readonly harm: (mount: string) => Promise<void>;
  readonly said: RegExp;
  readonly mend: (mount: string) => Promise<void>;
}

const mebibyte = 2 ** 20;

async function torture({ short, folder, say }: TortureOptions): Promise<void> {
  const place = join(folder, "place"), mount = join(place, "cache"), below = join(folder, "below");
  await Deno.mkdir(mount, { recursive: true });
  await Deno.mkdir(below);
  const refusal = await system("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", below);
  if (refusal !== undefined) return skip(`no file system of 64 MiB can be mounted here (${refusal})`, say);
  // Bound to a second place, from which it can be taken while its content stays.
  const bind = () => must("mount", "--bind", below, mount);
  await bind();
  const mishaps: Mishap[] = [
    {
      name: "full",
      harm: fill,
      said:
        /Cannot write ".*\/(state|part)-[^"]+": there is no space left: [\d,]+ bytes are needed, [\d,]+ bytes are free\./,
      mend: (mount) => Deno.remove(join(mount, "filler")),
    },
    {
      name: "read-only",
      between: true,
      harm: (mount) => must("mount", "-o", "remount,bind,ro", mount),
      said: /Cannot write ".+": it is not writable\./,
      mend: (mount) => must("mount", "-o", "remount,bind,rw", mount),
    },
    {
      name: "gone",
      harm: (mount) => must("umount", "-l", mount),
      said: /".*" is gone|".*": .*Its directory or disk is gone/,
      mend: bind,
    },
  ];
  try {
    const alone = startTraining(join(folder, "alone"), 1e6);
    assert.equal((await alone.ended).code, 0, alone.text());
    for (const { name, between, harm, said, mend } of mishaps.slice(0, short ? 1 : undefined)) {
      let run = startTraining(place, 0);
      await run.saved(2);
      if (between) {
        run.kill("SIGINT");
        assert.equal((await run.ended).code, 130, run.text());
      }
      await harm(mount);
      if (between) run = startTraining(place, 0);
      assert.equal((await run.ended).code, 1, `${name}: ${run.text()}`);
      assert.match(run.text(), said, name);
      assert.doesNotMatch(run.text(), /defect|^\s+at .*\.ts:/m, "no stack trace for a disk");
      say(`${name}: ${/^error: (.*)$/m.exec(run.text())?.[1]}`);
      await mend(mount);
      await goOn(place, join(folder, "alone", "cache"), name, say);
    }
    if (!short) await overflow(place, say);
  } finally {
    await system("umount", "-l", mount);
    await system("umount", "-l", below);
  }
}

/** The same command again: from the checkpoint to the result of a run that was left alone. */
async function goOn(place: string, wanted: string, name: string, say: (line: string) => void): Promise<void> {
  const again = startTraining(place, 1e6);
  assert.equal((await again.ended).code, 0, again.text());
  const from = /goes on from the checkpoint of step (\d+)/.exec(again.text())?.[1];
  assert.ok(from !== undefined, `${name}: ${again.text()}`);
  assert.deepEqual(await resultsOf(again.cache), await resultsOf(wanted));
  say(`${name}: went on from step ${from} to the same bytes`);
  for (const entry of Deno.readDirSync(again.cache)) {
    await Deno.remove(join(again.cache, entry.name), { recursive: true });
  }
}

/** A data set that does not fit: the error says where, what is free, and how far it came. */
async function overflow(place: string, say: (line: string) => void): Promise<void> {
  const run: StartedTraining = startTraining(place, 1e6, [
    "load.shapes.size=512",
    "load.shapes.unlabeled=120",
  ]);
  assert.equal((await run.ended).code, 1, run.text());
  assert.match(
    run.text(),
    /Stage "load" failed: Cannot write ".*\/scratch\/.*": there is no space left: [\d,]+ bytes are free\./,
  );
  assert.match(run.text(), /The stage had written [\d,]+ bytes there\./);
  say(`overflow: ${/^error: (.*)$/m.exec(run.text())?.[1]}`);
}

/** Takes all the room there is. */
async function fill(mount: string): Promise<void> {
  using file = await Deno.open(join(mount, "filler"), { write: true, create: true });
  for (let size = mebibyte; size >= 4096;) {
    try {
      await file.write(new Uint8Array(size));
    } catch {
      size /= 2;
    }
  }
}
