import assert from "node:assert/strict";
import { experiments } from "../../../configs/families/u2pl.ts";
import { configsOf, differing } from "../leaves.ts";

Deno.test("U²PL: PASCAL and Cityscapes as published, each split", async () => {
  const common = {
    backbone: "resnet101",
    outputStride: 8,
    batch: 16,
    pairing: "fixed",
    optimizer: "sgd",
    power: 0.9,
    rateLag: 0,
    momentum: 0.9,
    normDecay: 1,
    biasDecay: 1,
    backboneRate: 1,
  };
  const method = {
    name: "u2pl",
    as: "published-code",
    decay: 0.99,
    copies: "epoch",
    padding: "class 0",
    boxProbability: 0.5,
    dropPercent: 80,
    lowEntropy: 20,
    unsupervisedWeight: 1,
    planes: "first image",
    keys: "of the class",
    pairs: "by turn",
    lowRank: 3,
    highRank: 20,
    anchorProbability: 0.3,
    negativeProbability: 1,
    anchors: 256,
    negatives: 50,
    temperature: 0.5,
    features: 256,
    firstQueue: 50_000,
    queue: 30_000,
    bankPrecision: "f32",
  };
  const published = {
    pascal: {
      crop: 513,
      train: {
        epochs: 80,
        warmUpEpochs: 1,
        accumulate: 4,
        shards: 4,
        baseRate: 1e-3,
        headRate: 10,
        weightDecay: 1e-4,
      },
      method: { contrastWeight: 0.25, criterion: "cross-entropy", auxiliaryWeight: 0 },
      scored: { protocol: "original", crop: undefined },
    },
    cityscapes: {
      crop: 769,
      train: {
        epochs: 200,
        warmUpEpochs: 0,
        accumulate: 8,
        shards: 8,
        baseRate: 0.01,
        headRate: 1,
        weightDecay: 5e-4,
      },
      method: {
        contrastWeight: 0.125,
        criterion: "ohem",
        ohemThreshold: 0.7,
        ohemMinKept: 800_000,
        auxiliaryWeight: 0.4,
      },
      scored: { protocol: "sliding_window", crop: 769 },
    },
  };
  const partitions = {
    pascal: ["92", "183", "366", "732", "1464", "1-16", "1-8", "1-4"],
    cityscapes: ["1-16", "1-8", "1-4", "1-2"],
  };
  const names: string[] = [];
  for (const [dataset, wanted] of Object.entries(published)) {
    for (const split of partitions[dataset as keyof typeof partitions]) {
      const name = `u2pl-${dataset}-${split}`, own = dataset === "pascal" && split.includes("-");
      names.push(name);
      const partition = `${dataset}/${own ? "u2pl_" : ""}${split.replace("-", "_")}`;
      const { load, augment, "co-train": train, evaluate } = await configsOf(name);
      assert.deepEqual(differing(load, { dataset, partition }), [], name);
      assert.deepEqual(differing(augment, { crop: wanted.crop }), [], name);
      assert.deepEqual(differing(train, { ...common, ...wanted.train }), [], name);
      assert.deepEqual(differing(train.method, { ...method, ...wanted.method }), [], name);
      const along = train.evaluation as Record<string, unknown>;
      assert.deepEqual(
        differing(along, { protocol: "center_crop", crop: wanted.crop, earlier: undefined }),
        [],
        name,
      );
      assert.deepEqual(differing(evaluate, wanted.scored), [], name);
    }
  }
  assert.deepEqual(Object.keys(experiments).sort(), names.sort());
});
