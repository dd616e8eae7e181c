import assert from "node:assert/strict";
import { configsOf, differing } from "../leaves.ts";

Deno.test("UniMatch: PASCAL and Cityscapes as published", async () => {
  const common = {
    batch: 8,
    outputStride: 16,
    pairing: "fixed",
    shards: 4,
    power: 0.9,
    rateLag: 1,
    momentum: 0.9,
    weightDecay: 1e-4,
    normDecay: 1,
    biasDecay: 1,
  };
  const method = { name: "unimatch", partner: "same place", boxProbability: 0.5, dropout: 0.5 };
  const published = {
    "unimatch-pascal-366": {
      data: { dataset: "pascal", partition: "pascal/366" },
      crop: 321,
      train: { backbone: "resnet101", epochs: 80, baseRate: 0.001, backboneRate: 1, headRate: 10 },
      method: { threshold: 0.95, criterion: "cross-entropy" },
      scored: { protocol: "original", crop: undefined },
    },
    "unimatch-cityscapes-1-8": {
      data: { dataset: "cityscapes", partition: "cityscapes/1_8" },
      crop: 801,
      train: { backbone: "resnet50", epochs: 240, baseRate: 0.005, backboneRate: 1, headRate: 1 },
      method: { threshold: 0, criterion: "ohem", ohemThreshold: 0.7, ohemMinKept: 4 * 200_000 },
      scored: { protocol: "sliding_window", crop: 801 },
    },
  };
  for (const [name, wanted] of Object.entries(published)) {
    const { load, augment, "co-train": train, evaluate } = await configsOf(name);
    assert.deepEqual(differing(load, wanted.data), [], name);
    assert.deepEqual(differing(augment, { crop: wanted.crop }), [], name);
    assert.deepEqual(differing(train, { ...common, ...wanted.train }), [], name);
    assert.deepEqual(differing(train.method, { ...method, ...wanted.method }), [], name);
    const along = train.evaluation as Record<string, unknown>;
    assert.deepEqual(differing(along, { ...wanted.scored, earlier: undefined }), [], name);
    assert.deepEqual(differing(evaluate, wanted.scored), [], name);
  }
});
