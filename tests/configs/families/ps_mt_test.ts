import assert from "node:assert/strict";
import { experiments } from "../../../configs/families/ps_mt.ts";
import { configsOf, differing } from "../leaves.ts";

/** Unlabeled images of a partition, labeled ones, and what the scripts say of its length. */
const pascal: Readonly<
  Record<string, readonly [unlabeled: number, labeled: number, epochs: number, weight: number]>
> = {
  "92": [10490, 92, 80, 0.06],
  "183": [10399, 183, 80, 0.6],
  "366": [10216, 366, 80, 0.6],
  "732": [9850, 732, 80, 0.6],
  "1464": [9118, 1464, 80, 0.6],
  "1_16": [9920, 662, 80, 1.5],
  "1_8": [9259, 1323, 80, 1.5],
  "1_4": [7936, 2646, 200, 1.5],
  "u2pl_1_16": [9920, 662, 80, 1.5],
  "u2pl_1_8": [9259, 1323, 80, 1.5],
  "u2pl_1_4": [7936, 2646, 200, 1.5],
};
const cityscapes: typeof pascal = {
  "1_8": [2603, 372, 320, 3],
  "1_4": [2231, 744, 450, 3],
  "1_2": [1487, 1488, 550, 3],
};

Deno.test("PS-MT: each its partition, length and weight, all the published settings beside them", async () => {
  const names = new Set<string>();
  for (const [dataset, splits] of Object.entries({ pascal, cityscapes })) {
    const isPascal = dataset === "pascal", processes = isPascal ? 4 : 2;
    for (const [split, [unlabeled, labeled, epochs, weight]] of Object.entries(splits)) {
      const name = `ps-mt-${dataset}-${split.replaceAll("_", "-")}`;
      names.add(name);
      const { load, augment, "co-train": train, evaluate } = await configsOf(name);
      assert.deepEqual(differing(load, { dataset, partition: `${dataset}/${split}` }), [], name);
      assert.equal(augment.crop, isPascal ? 512 : 800);
      // A process drops the last batch of its share.
      const batch = isPascal ? 32 : 8,
        steps = Math.floor(Math.ceil(unlabeled / processes) / (batch / processes));
      const warmUp = Number(train.warmUpEpochs);
      const wanted = {
        backbone: isPascal ? "resnet101" : "resnet50",
        outputStride: 16,
        epochs: epochs + warmUp,
        stepsPerEpoch: steps,
        batch,
        accumulate: 1,
        pairing: "free",
        baseRate: isPascal ? 0.01 : 0.0045,
        backboneRate: 1,
        headRate: 1,
        power: 0.9,
        rateLag: 0,
        rateDecayFrom: "method",
        momentum: 0.9,
        weightDecay: 1e-4,
        normDecay: 0,
        biasDecay: 0,
      };
      assert.deepEqual(differing(train, wanted), [], name);
      // Five passes over the labeled images, in epochs of ours.
      assert.equal(warmUp, Math.max(1, Math.round(5 * labeled / batch / steps)), name);
      const method = {
        name: "ps-mt",
        threshold: 0.6,
        weight,
        rampEpochs: 12,
        decay: 0.996,
        assist: 7,
        xi: 1e-6,
        radius: 2,
        cutMix: isPascal ? "square" : "three boxes",
        pretrainedTeachers: false,
        criterion: "cross-entropy",
      };
      assert.deepEqual(differing(train.method, method), [], name);
      const windows = { protocol: "sliding_window_shifted", crop: 800 };
      assert.deepEqual(differing(evaluate, isPascal ? { protocol: "original" } : windows), [], name);
    }
  }
  assert.deepEqual(new Set(Object.keys(experiments)), names);
});
