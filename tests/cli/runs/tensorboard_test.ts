/** `--tensorboard`: event files beside the runs, and folders that cannot take them. @module */
import assert from "node:assert/strict";
import { join } from "node:path";
import { projectRoot } from "../../../runtime/host/place.ts";
import { boardRuns, readSeries } from "../../support/event_files.ts";
import { fixture, placeTest } from "../support.ts";

const tiny = fixture("tiny");

placeTest(
  "train writes a folder for each run and stage, which people and seeds tell apart",
  async (place) => {
    const board = join(place.folder, "board");
    const args = ["--seeds", "0,1", "--set", "load.value=2", "--tensorboard", board];
    const { status, notes } = await place.process(["train", tiny, ...args]);
    assert.equal(status, 0, notes);
    const runs = boardRuns(board);
    assert.deepEqual(runs.map((run) => run.replace(/[0-9a-f]{8}(?=\/)/, "…")), [
      "tiny/load.value=2,seed=0,…/co-train",
      "tiny/load.value=2,seed=0,…/evaluate",
      "tiny/load.value=2,seed=1,…/co-train",
      "tiny/load.value=2,seed=1,…/evaluate",
    ]);
    const series = readSeries(join(board, runs[0]!));
    assert.deepEqual(series.get("loss/ce1"), [[1, 1], [2, 0.5]]);
    assert.deepEqual(readSeries(join(board, runs[1]!)).get("miou/average"), [[2, 52]]);
  },
);

placeTest("compare and sweeps name the method and the settings", async (place) => {
  const board = join(place.folder, "board");
  await place.command("compare", tiny, "--seeds", "0", "--tensorboard", board);
  await place.command("train", tiny, "--sweep", "co-train.epochs=1,3", "--tensorboard", board);
  const names = new Set(boardRuns(board).map((run) => run.split("/")[1]!.replace(/[0-9a-f]{8}$/, "")));
  assert.deepEqual(
    names,
    new Set(["co-train.epochs=1,seed=0,", "co-train.epochs=3,seed=0,", "seed=0,", "supervised,seed=0,"]),
  );
});

placeTest("a folder that cannot take them is refused before anything runs", async (place) => {
  const file = join(place.folder, "file");
  Deno.writeTextFileSync(file, "mine");
  const refused = async (folder: string, status: number, message: RegExp) => {
    const outcome = await place.process(["train", tiny, "--tensorboard", folder]);
    assert.equal(outcome.status, status, outcome.notes);
    assert.match(outcome.notes, message);
    assert.deepEqual(place.files(), [], "no run began");
  };
  await refused(
    file,
    1,
    /Cannot write TensorBoard's files to ".*file": a file is in the way\. Name a folder\./,
  );
  await refused(
    join(file, "below"),
    1,
    /Cannot write TensorBoard's files to ".*below": a file is in the way/,
  );
  await refused("", 2, /Cannot take --tensorboard "": it is empty/);
  await refused(projectRoot, 2, /Cannot write into ".*" \(--tensorboard\): it holds the project itself/);
  assert.equal(Deno.readTextFileSync(file), "mine");
});
