import assert from "node:assert/strict";
import { loadExperiment } from "../../../cli/experiment/load_experiment.ts";
import { simpleBaselineExperiment } from "../../../configs/families/simple_baseline.ts";
import { configsOf, differing } from "../leaves.ts";

Deno.test("SimpleBaseline: the published settings of Cityscapes, and the same for PASCAL but for the crop", async () => {
  const published = {
    "simple-baseline-cityscapes-1-8": ["cityscapes/1_8", 769],
    "simple-baseline-cityscapes-1-4": ["cityscapes/1_4", 769],
    "simple-baseline-cityscapes-1-2": ["cityscapes/1_2", 769],
    "simple-baseline-pascal-1464": ["pascal/1464", 513],
    "simple-baseline-pascal-1-8": ["pascal/1_8", 513],
  } as const;
  const train = {
    backbone: "resnet101",
    outputStride: 16,
    batch: 16,
    epochs: 40,
    stepsPerEpoch: 500,
    evaluateEvery: 1,
    optimizer: "sgd",
    momentum: 0.9,
    baseRate: 0.002,
    backboneRate: 1,
    headRate: 10,
    rateDecay: "poly",
    power: 0.9,
    rateLag: 0,
    weightDecay: 0,
    decayTowards: "zero",
  };
  const method = { name: "simple-baseline", weights: "batch", sure: 0.8, alpha: 1, beta: 1, epsilon: 1e-3 };
  for (const [name, [partition, crop]] of Object.entries(published)) {
    const { load, augment, ...trainings } = await configsOf(name);
    const { "co-train-0": first } = trainings as unknown as Record<string, Record<string, unknown>>;
    assert.deepEqual(differing(load, { partition }), [], name);
    assert.deepEqual(differing(augment, { crop, scale: augment.scale }), []);
    assert.deepEqual(
      [augment.scale, augment.randAugment, augment.gray],
      [[0.5, 2], { operations: 3 }, { probability: 0 }],
    );
    const { jitter, blur } = augment as Record<string, { probability: number }>;
    assert.deepEqual([jitter!.probability, blur!.probability], [0, 0]);
    assert.deepEqual(differing(trainings["co-train"], train), [], name);
    assert.deepEqual(differing(trainings["co-train"].method, method), [], name);
    assert.deepEqual(differing(first!, train), [], name);
    assert.deepEqual(first!.method, { name: "supervised" });
  }
});

Deno.test("each round labels and starts by the best weights of the one before", async () => {
  const edges = (pipeline: Awaited<ReturnType<typeof loadExperiment>>) =>
    pipeline.build().nodes.flatMap(({ id, edges }) =>
      edges.filter(({ input }) => /^(pseudoLabels|start|nets\.last)$/.test(input)).map((
        { input, from, output },
      ) => `${id}.${input} ← ${from.id}.${output}`)
    );
  assert.deepEqual(edges(await loadExperiment("simple-baseline-cityscapes-1-8")), [
    "pseudo-label-0.nets.last ← co-train-0.bestNetwork",
    "co-train.pseudoLabels ← pseudo-label-0.labels",
    "co-train.start ← co-train-0.bestNetwork",
    "pseudo-label.nets.last ← co-train.last",
    "evaluate.nets.last ← co-train.last",
  ]);
  assert.deepEqual(
    edges(simpleBaselineExperiment("two", { dataset: "pascal", split: "1_8", rounds: 2 })).slice(1, 6),
    [
      "co-train-1.pseudoLabels ← pseudo-label-0.labels",
      "co-train-1.start ← co-train-0.bestNetwork",
      "pseudo-label-1.nets.last ← co-train-1.bestStudent",
      "co-train.pseudoLabels ← pseudo-label-1.labels",
      "co-train.start ← co-train-1.bestStudent",
    ],
  );
});
