import assert from "node:assert/strict";
import { experimentNames } from "../../cli/experiment/experiment.ts";
import { loadExperiment } from "../../cli/experiment/load_experiment.ts";
import { makeSampler } from "../../stages/training/sampler.ts";
import { configsOf } from "./leaves.ts";

/** The files of a folder of configs/: path → the name that such a file goes by. */
function filesIn(folder: string): Map<string, string> {
  const files = [...Deno.readDirSync(new URL(folder, configs))].filter(({ isFile }) => isFile);
  return new Map(
    files.map(({ name }) => [`${folder}${name}`, name.replace(/\.ts$/, "").replaceAll("_", "-")]),
  );
}
const configs = new URL("../../configs/", import.meta.url);

Deno.test("every file of configs/ and every experiment of a family is known by its name, which the family begins", async () => {
  const known = [...filesIn("./").values()].filter((name) => name !== "experiments");
  for (const [path, family] of filesIn("./families/")) {
    const { experiments = {} } = await import(new URL(path, configs).href);
    for (const name of Object.keys(experiments)) {
      assert.ok(name.startsWith(`${family}-`), `${path}: ${name}`);
      known.push(name);
    }
  }
  assert.deepEqual((await experimentNames()).sort(), known.sort());
});

Deno.test("a name that only begins like a family's is of no experiment, and a near one is told", async () => {
  await assert.rejects(loadExperiment("pascal-367"), /Unknown experiment "pascal-367".*"pascal-366"/);
  await assert.rejects(loadExperiment("cps-"), /Unknown experiment "cps-"/);
  await assert.rejects(loadExperiment("constructor"), /Unknown experiment "constructor"/);
});

/** Stages of rounds before the last one. */
const rounds = /^(co-train|pseudo-label)-\d+$/;

Deno.test("every experiment builds under its own name, with the five stages, and earlier rounds of two", async () => {
  const names = await experimentNames();
  assert.ok(names.length >= 15);
  for (const name of names) {
    const pipeline = await loadExperiment(name);
    assert.equal(pipeline.name, name);
    const ids = pipeline.build().nodes.map(({ id }) => id);
    // Where all images are labeled there is none to label.
    const { load: { allLabeled } } = await configsOf(name);
    const labels = allLabeled ? [] : ["pseudo-label"];
    assert.deepEqual(ids.filter((id) => !rounds.test(id)), [
      "load",
      "augment",
      "co-train",
      ...labels,
      "evaluate",
    ]);
  }
});

Deno.test("an epoch of every published experiment has the published number of steps", async () => {
  const published: Record<string, readonly [images: number, steps: number]> = {
    "pascal-92": [10490, 1311],
    "pascal-183": [10399, 1300],
    "pascal-366": [10216, 1277],
    "pascal-732": [9850, 1231],
    "pascal-1464": [9118, 1140],
    "pascal-1-16": [9920, 1240],
    "pascal-1-8": [9259, 1157],
    "pascal-1-4": [7936, 992],
    "cityscapes-1-30": [2875, 359],
    "cityscapes-1-16": [2789, 349],
    "cityscapes-1-8": [2603, 325],
    "cityscapes-1-4": [2231, 279],
    "unimatch-pascal-366": [10216, 1277],
    "unimatch-cityscapes-1-8": [2603, 325],
    "deeplabv3plus-pascal": [10582, 661],
  };
  for (const [name, [count, steps]] of Object.entries(published)) {
    const { load: { allLabeled }, "co-train": { batch, shards, pairing, stepsPerEpoch } } = await configsOf(
      name,
    );
    assert.equal(stepsPerEpoch, undefined);
    const images = allLabeled ? { labeled: count, unlabeled: 0 } : { labeled: 92, unlabeled: count };
    const walk = { seed: 0, ...images, batch, shards, pairing } as Parameters<
      typeof makeSampler
    >[0];
    assert.equal(makeSampler(walk).stepsPerEpoch, steps, name);
  }
});
