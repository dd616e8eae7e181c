import assert from "node:assert/strict";
import { configsOf, differing } from "../leaves.ts";

Deno.test("DeepLabv3Plus: all of PASCAL's images labeled, by the published code and by the textbook", async () => {
  const common = {
    backbone: "torchvision-resnet101",
    outputStride: 16,
    epochs: 46,
    stepsPerEpoch: undefined,
    batch: 16,
    optimizer: "sgd",
    momentum: 0.9,
    baseRate: 0.007,
    backboneRate: 1,
    headRate: 10,
    biasRate: 1,
    rateDecay: "poly",
    power: 0.9,
    rateLag: 0,
    rateMargin: 1,
  };
  const published = {
    "deeplabv3plus-pascal": {
      train: { normRate: 0, weightDecay: 0 },
      method: { name: "deeplabv3plus", void: "background", epsilon: "clamp", momentum: 3e-4 },
      scored: { protocol: "stretched", crop: 512 },
    },
    "deeplabv3plus-textbook-pascal": {
      train: { normRate: 1, weightDecay: 4e-5, normDecay: 1, biasDecay: 1 },
      method: { name: "deeplabv3plus", void: "ignore", epsilon: "add", momentum: 0.1 },
      scored: { protocol: "original", crop: undefined },
    },
  };
  for (const [name, wanted] of Object.entries(published)) {
    const { load, augment, "co-train": train, evaluate } = await configsOf(name);
    const data = { dataset: "pascal", partition: "pascal/1464", allLabeled: true };
    assert.deepEqual(differing(load, data), [], name);
    assert.deepEqual(differing(augment, { crop: 512 }), [], name);
    assert.deepEqual(augment.scale, [0.5, 2], name);
    assert.deepEqual(differing(train, { ...common, ...wanted.train }), [], name);
    assert.deepEqual(differing(train.method, wanted.method), [], name);
    const along = train.evaluation as Record<string, unknown>;
    assert.deepEqual(differing(along, { ...wanted.scored, earlier: undefined }), [], name);
    assert.deepEqual(differing(evaluate, wanted.scored), [], name);
  }
});
