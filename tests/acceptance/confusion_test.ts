import assert from "node:assert/strict";
import { join } from "node:path";
import { camvidClasses, type ClassList, pascalClasses } from "../../stages/datasets/classes.ts";
import { lastJson, runTask } from "../support/command.ts";
import { runPython, testWithPython } from "../support/python.ts";
import { lacksShared, sharedPath } from "../support/shared_data.ts";
import { testCheckpoint } from "../support/training.ts";

const script = new URL("./confusion.py", import.meta.url);

/** Lists with the first lines of a data set's own, so that the test takes a minute. */
async function shortLists(root: string, folder: string, from: readonly [string, string]): Promise<string> {
  const lines = async (name: string) => (await Deno.readTextFile(join(root, name))).trim().split("\n");
  const [train, validation] = [await lines(from[0]), await lines(from[1])];
  const lists = {
    labeled: train.slice(0, 1),
    unlabeled: train.slice(1, 2),
    validation: validation.slice(0, 4),
  };
  for (const [name, items] of Object.entries(lists)) {
    await Deno.writeTextFile(join(folder, `${name}.txt`), items.join("\n") + "\n");
  }
  return JSON.stringify(
    Object.fromEntries(Object.keys(lists).map((name) => [name, join(folder, `${name}.txt`)])),
  );
}

function countedAnew(
  dataset: string,
  classes: ClassList,
  from: readonly [string, string],
  how: readonly string[],
): void {
  const name = `${dataset}: numpy counts the same pixels from PNG files, ${how.join(" ") || "images whole"}`;
  const path = `data/${dataset}`;
  testWithPython(["numpy", "PIL"], name, async (python) => {
    const root = sharedPath(path)!;
    const folder = await Deno.makeTempDir();
    try {
      const weights = join(folder, "w.safetensors"), out = join(folder, "out");
      await testCheckpoint(weights, { classes, seed: 6 });
      const set = ["--set", `load.lists=${await shortLists(root, folder, from)}`, ...how];
      const scored = await runTask(
        "evaluate",
        weights,
        root,
        ...set,
        "--json",
        "--cache",
        join(folder, "cache"),
      );
      assert.equal(scored.code, 0, scored.stderr);
      const predicted = await runTask("predict", weights, "--data", root, "--all", ...set, "--out", out);
      assert.equal(predicted.code, 0, predicted.stderr);
      const metrics = lastJson(scored), counted = await runPython(python, script, out);
      for (const prediction of ["branch1", "branch2", "average"]) {
        assert.deepEqual(counted[prediction].confusion, metrics.confusions[prediction]);
        assert.ok(Math.abs(counted[prediction].miou - metrics.miou[prediction]) < 1e-9);
      }
      const columns = (metrics.confusion as number[][])[0]!.map((_, c) =>
        (metrics.confusion as number[][]).reduce((sum, row) => sum + row[c]!, 0)
      );
      assert.ok(columns.filter((pixels) => pixels > 0).length >= 3, "several classes are predicted");
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }, lacksShared(path));
}

const voc = ["ImageSets/labeled.txt", "ImageSets/val.txt"] as const;
countedAnew("voc", pascalClasses, voc, []);
countedAnew("voc", pascalClasses, voc, ["--protocol", "sliding_window", "--crop", "321"]);
countedAnew("camvid", camvidClasses, ["train.txt", "val.txt"], [
  "--protocol",
  "center_crop",
  "--crop",
  "129",
]);
