import assert from "node:assert/strict";
import { configsOf, differing } from "../leaves.ts";

/** How CCVC's rates and weights decay. */
const decays = { power: 0.9, momentum: 0.9, weightDecay: 1e-4 };

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
      ...decays,
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
