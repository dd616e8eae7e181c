import assert from "node:assert/strict";
import { makeSampler } from "../../../stages/training/sampler.ts";
import { configsOf, differing } from "../leaves.ts";

Deno.test("AEL: PASCAL and Cityscapes as published", async () => {
  const common = {
    backbone: "resnet101",
    outputStride: 8,
    batch: 16,
    shards: 8,
    pairing: "free",
    baseRate: 0.01,
    backboneRate: 1,
    headRate: 10,
    power: 0.9,
    rateLag: 0,
    momentum: 0.9,
    weightDecay: 1e-4,
    normDecay: 1,
    biasDecay: 1,
    warmUpEpochs: 0,
  };
  const method = {
    name: "ael",
    as: "published-code",
    weight: 1 / 8,
    mixed: "one of two",
    criterion: "ohem",
    ohemThreshold: 0.7,
    ohemMinKept: 800_000,
  };
  const sets = {
    pascal: {
      crop: 513,
      epochs: 80,
      method: { threshold: 0.7, pasted: 1, boxArea: 0.03, indexArea: 0.03 },
      scored: { protocol: "original" },
      images: 10_582,
    },
    cityscapes: {
      crop: 769,
      epochs: 200,
      method: { threshold: 0, pasted: 3, boxArea: 0.005, indexArea: 0.01 },
      scored: { protocol: "sliding_window_shifted", crop: 769 },
      images: 2975,
    },
  };
  // Labeled images, and the published steps of an epoch.
  const published: Record<string, readonly [keyof typeof sets, string, number, number]> = {
    "ael-pascal-1-16": ["pascal", "1_16", 662, 620],
    "ael-pascal-1-8": ["pascal", "1_8", 1323, 579],
    "ael-pascal-1-4": ["pascal", "1_4", 2646, 496],
    "ael-cityscapes-1-16": ["cityscapes", "1_16", 186, 174],
    "ael-cityscapes-1-8": ["cityscapes", "1_8", 372, 163],
    "ael-cityscapes-1-4": ["cityscapes", "1_4", 744, 139],
  };
  for (const [name, [dataset, partition, labeled, steps]] of Object.entries(published)) {
    const { load, augment, "co-train": train, evaluate } = await configsOf(name), wanted = sets[dataset];
    assert.deepEqual(differing(load, { dataset, partition: `${dataset}/${partition}` }), [], name);
    assert.deepEqual(differing(augment, { crop: wanted.crop }), [], name);
    assert.deepEqual(differing(train, { ...common, epochs: wanted.epochs }), [], name);
    assert.deepEqual(differing(train.method, { ...method, ...wanted.method }), [], name);
    const along = train.evaluation as Record<string, unknown>;
    assert.deepEqual(differing(along, { protocol: "center_crop", crop: wanted.crop }), [], name);
    assert.deepEqual(differing(evaluate, wanted.scored), [], name);
    const { batch, shards, pairing } = train as unknown as Parameters<typeof makeSampler>[0];
    const walk = { seed: 0, labeled, unlabeled: wanted.images - labeled, batch, shards: shards!, pairing };
    assert.equal(makeSampler(walk).stepsPerEpoch, steps, name);
  }
});
