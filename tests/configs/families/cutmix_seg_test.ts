import assert from "node:assert/strict";
import { parseConfig } from "../../../pipeline/language/schema.ts";
import { cutMixSeg } from "../../../stages/methods/cutmix_seg.ts";
import { definitionOf } from "../../../stages/methods/method.ts";
import { configsOf, differing } from "../leaves.ts";

Deno.test("CutMix-Seg: each its partition, all the published settings of DeepLab v3+", async () => {
  const published = {
    backbone: "resnet101",
    outputStride: 8,
    epochs: 40,
    stepsPerEpoch: 1000,
    pairing: "free",
    optimizer: "adam",
    baseRate: 1e-5,
    backboneRate: 1,
    headRate: 1,
    beta1: 0.9,
    beta2: 0.999,
    epsilon: 1e-8,
    power: 0,
    weightDecay: 0,
  };
  // The method's own test holds its defaults to what is published.
  const method = {
    name: "cutmix-seg",
    ...parseConfig(definitionOf(cutMixSeg).options, {}, "method") as object,
  };
  for (const split of ["pascal-1-16", "pascal-1-8", "pascal-1-4", "cityscapes-1-8"]) {
    const name = `cutmix-seg-${split}`, isPascal = split.startsWith("pascal");
    const { load, augment, "co-train": train, evaluate } = await configsOf(name);
    const partition = split.replace("-", "/").replace("-", "_");
    assert.deepEqual(differing(load, { partition }), [], name);
    assert.deepEqual([augment.crop, augment.scale], isPascal ? [321, [0.5, 1.5]] : [721, [1, 1]]);
    assert.deepEqual(differing(train, { ...published, batch: isPascal ? 10 : 4 }), [], name);
    assert.deepEqual(differing(train.method, method), [], name);
    assert.deepEqual(differing(evaluate, { protocol: "original" }), [], name);
  }
});
