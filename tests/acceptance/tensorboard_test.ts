/** TensorBoard's files of a training that is killed, against those of one that is left alone. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { boardRuns, readSeries } from "../support/event_files.ts";
import { lacksSignals, testUnless } from "../support/skip.ts";
import { sleep, trainingArguments } from "../torture/training/training.ts";

/** Trains in a folder; with a `kill`, until a reading of that step has been written. */
async function trainIn(folder: string, kill?: number): Promise<Deno.CommandStatus> {
  const board = join(folder, "board");
  const child = new Deno.Command(Deno.execPath(), {
    args: [...trainingArguments(folder, 0), "--tensorboard", board],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  const ended = child.status;
  let isOver = false;
  ended.then(() => isOver = true);
  while (kill !== undefined && !isOver && lastStep(board) < kill) await sleep(5);
  if (!isOver && kill !== undefined) child.kill("SIGKILL");
  return await ended;
}

/** The last step that lies in the files; what is being written is no whole record yet. */
function lastStep(board: string): number {
  try {
    const run = boardRuns(board).find((run) => run.endsWith("/co-train"));
    return run === undefined
      ? 0
      : Math.max(...[...readSeries(join(board, run)).values()].map((values) => values.at(-1)![0]));
  } catch {
    return 0;
  }
}

testUnless(
  lacksSignals,
  "a training that was killed three times has the curves of one left alone",
  async () => {
    const folder = await Deno.makeTempDir({ prefix: "crossview-" });
    try {
      const alone = join(folder, "alone"), killed = join(folder, "killed");
      assert.equal((await trainIn(alone)).code, 0);
      for (const step of [6, 15, 24]) {
        const { signal } = await trainIn(killed, step);
        assert.equal(signal, "SIGKILL", `before step ${step}`);
      }
      assert.equal((await trainIn(killed)).code, 0);
      const runs = boardRuns(join(alone, "board"));
      assert.deepEqual(boardRuns(join(killed, "board")), runs);
      let points = 0;
      for (const run of runs) {
        const wanted = readSeries(join(alone, "board", run)), series = readSeries(join(killed, "board", run));
        assert.deepEqual([...series.keys()].sort(), [...wanted.keys()].sort());
        for (const [tag, values] of series) {
          assert.ok(values.every(([step], i) => i === 0 || step > values[i - 1]![0]), `${tag}: steps grow`);
          if (tag !== "training/images_per_second") assert.deepEqual(values, wanted.get(tag), tag);
          points += values.length;
        }
      }
      const files = [...Deno.readDirSync(join(killed, "board", runs[0]!))].length;
      console.log(`${points} points, in ${files} files of 4 processes`);
      assert.ok(files > 1);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
);
