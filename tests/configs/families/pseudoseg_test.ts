import assert from "node:assert/strict";
import { parseConfig } from "../../../pipeline/language/schema.ts";
import { definitionOf } from "../../../stages/methods/method.ts";
import { pseudoSeg } from "../../../stages/methods/pseudoseg.ts";
import { configsOf, differing } from "../leaves.ts";

Deno.test("PseudoSeg: each of PASCAL's partitions, all the published settings of ResNet", async () => {
  const published = {
    backbone: "resnet101",
    outputStride: 16,
    epochs: 30,
    stepsPerEpoch: 1000,
    warmUpEpochs: 0,
    batch: 64,
    accumulate: 16,
    pairing: "free",
    optimizer: "sgd",
    momentum: 0.9,
    nesterov: false,
    baseRate: 0.007,
    backboneRate: 1,
    headRate: 1,
    normRate: 1,
    biasRate: 2,
    rateDecay: "poly",
    power: 0.9,
    rateLag: 0,
    rateMargin: 0,
    weightDecay: 1e-4,
    normDecay: 0,
    biasDecay: 0,
  };
  const jitter = { probability: 1, brightness: 0.5, contrast: 0.5, saturation: 0.5, hue: 0.25 };
  // The method's own test holds its defaults to what is published.
  const method = {
    name: "pseudoseg",
    ...parseConfig(definitionOf(pseudoSeg).options, {}, "method") as object,
  };
  for (const split of ["92", "183", "366", "732"]) {
    const name = `pseudoseg-pascal-${split}`;
    const { load, augment, "co-train": train, evaluate } = await configsOf(name);
    assert.deepEqual(differing(load, { dataset: "pascal", partition: `pascal/${split}` }), [], name);
    assert.deepEqual([augment.crop, augment.scale, augment.jitter], [513, [0.5, 2], jitter], name);
    const { gray, blur } = augment as { readonly [key: string]: { readonly probability: number } };
    assert.deepEqual([gray!.probability, blur!.probability], [0, 0], name);
    assert.deepEqual(differing(train, published), [], name);
    assert.deepEqual(differing(train.method, method), [], name);
    assert.deepEqual(differing(evaluate, { protocol: "original" }), [], name);
  }
});
