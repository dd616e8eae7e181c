import assert from "node:assert/strict";
import { loadExperiment } from "../../../cli/experiment/load_experiment.ts";
import { configsOf, differing, type Leaves } from "../leaves.ts";

/** How CCVC's rates and weights decay. */
const decays = { power: 0.9, momentum: 0.9, weightDecay: 1e-4 };

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
      ...decays,
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

Deno.test("PASCAL with strong views takes that script's weights; as the paper describes it, its confidence", async () => {
  const method = async (...sets: string[]) => {
    const { nodes } = (await loadExperiment("pascal-366")).build(sets.map((set) => `co-train.method.${set}`));
    return (nodes[2]!.config as Leaves["co-train"]).method;
  };
  assert.deepEqual(
    differing(await method(), { confidence: "logit", conflictWeight: 2, mixWeights: false }),
    [],
  );
  const strong = {
    threshold: 0.9,
    conflictWeight: 1.5,
    supervisedWeight: 5,
    consistencyWeight: 2,
    mixWeights: false,
  };
  assert.deepEqual(differing(await method("augmentation=strong"), strong), []);
  const described = { confidence: "probability", conflictWeight: 1.5, mixWeights: true };
  assert.deepEqual(differing(await method("augmentation=strong", "as=paper"), described), []);
  assert.deepEqual(
    differing(await method("as=paper", "confidence=logit"), { confidence: "logit", mixWeights: true }),
    [],
  );
});
