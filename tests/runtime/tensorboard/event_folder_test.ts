import assert from "node:assert/strict";
import { join } from "node:path";
import { EventFolder } from "../../../runtime/tensorboard/event_folder.ts";
import { CacheError } from "../../../pipeline/mod.ts";
import { folderEvents, readSeries } from "../../support/event_files.ts";

/** Runs a test with a folder that is not there yet. */
function folderTest(name: string, body: (path: string) => void): void {
  Deno.test(name, async () => {
    const parent = await Deno.makeTempDir({ prefix: "crossview-" });
    try {
      body(join(parent, "run"));
    } finally {
      await Deno.remove(parent, { recursive: true });
    }
  });
}

/** Writes steps of the tag `loss`, as a process that then ends. */
function write(path: string, from: number, to: number, now = 1e9): void {
  const folder = new EventFolder(path, () => now);
  for (let step = from; step <= to; step++) folder.write(step, [{ tag: "loss", scalar: step / 2 }]);
  folder.close();
}

const names = (path: string) => [...Deno.readDirSync(path)].map(({ name }) => name).sort();
const steps = (path: string) => readSeries(path).get("loss")!.map(([step]) => step);

folderTest("steps that lie in the folder are not written again, and others go on behind them", (path) => {
  write(path, 1, 7);
  write(path, 4, 9);
  assert.deepEqual(steps(path), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(readSeries(path).get("loss")![8], [9, 4.5]);
  write(path, 1, 9);
  assert.equal(names(path).length, 2, "no file where nothing is to be added");
});

folderTest("each tag has its own last step", (path) => {
  write(path, 1, 3);
  const folder = new EventFolder(path);
  folder.write(3, [{ tag: "loss", scalar: 0 }, { tag: "miou", scalar: 50 }]);
  folder.close();
  assert.deepEqual([...readSeries(path)].map(([tag, values]) => [tag, values.length]), [["loss", 3], [
    "miou",
    1,
  ]]);
});

folderTest("half a record at a file's end, as a kill leaves it, hides nothing of what comes", (path) => {
  write(path, 1, 4);
  const file = join(path, names(path)[0]!), bytes = Deno.readFileSync(file);
  Deno.writeFileSync(file, bytes.subarray(0, -5));
  write(path, 2, 6);
  Deno.writeFileSync(file, bytes.subarray(0, 40 + 3 * 42));
  assert.deepEqual(steps(path), [1, 2, 3, 4, 5, 6]);
});

folderTest("files lie in the order in which they were written, whatever the clock does", (path) => {
  write(path, 1, 1, 2e9);
  write(path, 2, 2, 2e9);
  write(path, 3, 3, 1e9);
  assert.deepEqual(
    names(path),
    [0, 1, 2].map((number) => `events.out.tfevents.2000000000.crossview.00${number}`),
  );
  assert.deepEqual(steps(path), [1, 2, 3]);
  assert.deepEqual(folderEvents(path).map(({ wall_time }) => wall_time), [2e9, 2e9, 1e9]);
});

folderTest("files of others are left alone, and what is no file is refused by name", (path) => {
  Deno.mkdirSync(path);
  Deno.writeTextFileSync(join(path, "events.out.tfevents.1.host"), "not mine");
  write(path, 1, 2);
  assert.deepEqual(names(path).length, 2);
  assert.equal(Deno.readTextFileSync(join(path, "events.out.tfevents.1.host")), "not mine");
  const taken = join(path, "taken");
  Deno.writeTextFileSync(taken, "");
  const refusal = (error: unknown) =>
    error instanceof CacheError && error.message.includes(`Cannot write "${taken}"`);
  assert.throws(() => write(taken, 1, 1), refusal);
});
