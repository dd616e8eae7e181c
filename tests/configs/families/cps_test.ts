import assert from "node:assert/strict";
import { configsOf, differing } from "../leaves.ts";

Deno.test("CPS: each its partition and length, all the published settings as one process needs them", async () => {
  const lengths = {
    pascal: { "1_16": 39_680, "1_8": 39_338, "1_4": 39_680 },
    cityscapes: { "1_16": 44_544, "1_8": 44_525, "1_4": 44_640 },
  };
  const weights = { pascal: { plain: 1.5, cutMix: 1 }, cityscapes: { plain: 6, cutMix: 5 } };
  for (const dataset of ["pascal", "cityscapes"] as const) {
    const isPascal = dataset === "pascal", crop = isPascal ? 512 : 800;
    for (const [split, steps] of Object.entries(lengths[dataset])) {
      for (const kind of ["plain", "cutMix"] as const) {
        const name = `cps-${kind === "plain" ? "" : "cutmix-"}${dataset}-${split.replace("_", "-")}`;
        const { load, augment, "co-train": train, evaluate } = await configsOf(name);
        assert.deepEqual(differing(load, { dataset, partition: `${dataset}/${split}` }), [], name);
        assert.equal(augment.crop, crop);
        const rates = {
          baseRate: 0.0025,
          backboneRate: 1,
          headRate: 1,
          power: 0.9,
          rateLag: 0,
          momentum: 0.9,
        };
        const decay = { weightDecay: isPascal ? 4e-4 : 8e-4, normDecay: 0, biasDecay: 0 };
        const others = { backbone: "resnet50", outputStride: 16, batch: 8, accumulate: 1, pairing: "free" };
        assert.deepEqual(differing(train, { ...rates, ...decay, ...others }), [], name);
        assert.equal(Number(train.epochs) * Number(train.stepsPerEpoch), steps, name);
        const criterion = isPascal ? "cross-entropy" : "ohem";
        const method = { name: "cps", cutMix: kind === "cutMix", weight: weights[dataset][kind], criterion };
        assert.deepEqual(differing(train.method, method), [], name);
        if (!isPascal) {
          assert.deepEqual(differing(train.method, { ohemThreshold: 0.7, ohemMinKept: 400_000 }), [], name);
        }
        assert.deepEqual(differing(evaluate, { protocol: "sliding_window_shifted", crop }), [], name);
      }
    }
  }
});
