import assert from "node:assert/strict";
import { experimentNames, loadExperiment } from "../../cli/experiment.ts";

interface Leaves {
  readonly load: Record<string, unknown>;
  readonly augment: Record<string, unknown>;
  readonly evaluate: Record<string, unknown>;
  readonly "co-train": Record<string, unknown> & { readonly method: Record<string, unknown> };
}

async function configsOf(name: string): Promise<Leaves> {
  const { nodes } = (await loadExperiment(name)).build();
  return Object.fromEntries(nodes.map(({ id, config }) => [id, config])) as unknown as Leaves;
}

/** Those of `wanted` that differ in `found`. */
function differing(found: Record<string, unknown>, wanted: Record<string, unknown>): string[] {
  return Object.entries(wanted).filter(([key, value]) => found[key] !== value)
    .map(([key, value]) => `${key} is ${found[key]}, not ${value}`);
}

Deno.test("every experiment builds under its own name, with the five stages", async () => {
  const names = experimentNames();
  assert.ok(names.length >= 15);
  for (const name of names) {
    const pipeline = await loadExperiment(name);
    assert.equal(pipeline.name, name);
    const ids = pipeline.build().nodes.map(({ id }) => id);
    assert.deepEqual(ids, ["load", "augment", "co-train", "pseudo-label", "evaluate"]);
  }
});

Deno.test("PASCAL: each its partition, all the published no-augmentation settings", async () => {
  const partitions = {
    "pascal-92": "pascal/92",
    "pascal-183": "pascal/183",
    "pascal-366": "pascal/366",
    "pascal-732": "pascal/732",
    "pascal-1464": "pascal/1464",
    "pascal-1-16": "pascal/1_16",
    "pascal-1-8": "pascal/1_8",
    "pascal-1-4": "pascal/1_4",
  };
  for (const [name, partition] of Object.entries(partitions)) {
    const { load, augment, "co-train": train } = await configsOf(name);
    assert.deepEqual(differing(load, { dataset: "pascal", partition }), [], name);
    assert.equal(augment.crop ?? train.crop, 512);
    const published = { backbone: "resnet101", epochs: 40, batch: 8, outputStride: 16, pairing: "fixed" };
    const rates = {
      baseRate: 0.001,
      backboneRate: 1,
      headRate: 10,
      power: 0.9,
      momentum: 0.9,
      weightDecay: 1e-4,
    };
    assert.deepEqual(differing(train, { ...published, ...rates }), [], name);
    const method = {
      name: "ccvc",
      augmentation: "weak",
      mode: "vote_threshold",
      threshold: 0.9,
      conflictWeight: 2,
    };
    const weights = { supervisedWeight: 5, consistencyWeight: 2, discrepancyWeight: 1 };
    const mapping = { mapping: "second", mappingNorm: true, dropout: 0.5 };
    assert.deepEqual(differing(train.method, { ...method, ...weights, ...mapping }), [], name);
  }
});

Deno.test("Cityscapes: each its partition, all the published training script", async () => {
  for (const fraction of ["1-30", "1-16", "1-8", "1-4"]) {
    const name = `cityscapes-${fraction}`;
    const { load, augment, "co-train": train, evaluate } = await configsOf(name);
    const partition = `cityscapes/${fraction.replace("-", "_")}`;
    assert.deepEqual(differing(load, { dataset: "cityscapes", partition }), [], name);
    assert.equal(augment.crop ?? train.crop, 712);
    const published = { backbone: "resnet50", epochs: 250, batch: 8, outputStride: 8 };
    const rates = {
      baseRate: 0.001,
      backboneRate: 5,
      headRate: 5,
      power: 0.9,
      momentum: 0.9,
      weightDecay: 1e-4,
    };
    assert.deepEqual(differing(train, { ...published, ...rates }), [], name);
    const method = {
      name: "ccvc",
      augmentation: "strong",
      mode: "vote_threshold",
      threshold: 0,
      conflictWeight: 2,
    };
    const weights = { supervisedWeight: 1, consistencyWeight: 1, discrepancyWeight: 1 };
    assert.deepEqual(differing(train.method, { ...method, ...weights }), [], name);
    assert.deepEqual(train.evaluation, {
      protocol: "sliding_window",
      crop: 712,
      earlier: "center_crop",
      finalEpochs: 20,
      best: "across_protocols",
    });
    assert.deepEqual(differing(evaluate, { protocol: "sliding_window", crop: 712 }), [], name);
  }
});

Deno.test("the folders' experiments run on the small backbone and take another root", async () => {
  for (const [name, dataset] of [["voc-folder", "pascal"], ["camvid-46", "camvid"]] as const) {
    const { load, "co-train": train } = await configsOf(name);
    assert.equal(train.backbone, "resnet14");
    assert.deepEqual(differing(load, { dataset, partition: undefined, labeledEvery: 8 }), []);
    const { nodes } = (await loadExperiment(name)).build([
      "load.root=../elsewhere",
      "co-train.backbone=resnet50",
    ]);
    assert.equal((nodes[0]!.config as { root: string }).root, "../elsewhere");
    assert.equal((nodes[2]!.config as { backbone: string }).backbone, "resnet50");
  }
});
