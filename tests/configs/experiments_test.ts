import assert from "node:assert/strict";
import { experimentNames } from "../../cli/experiment/experiment.ts";
import { loadExperiment } from "../../cli/experiment/load_experiment.ts";
import { parseConfig } from "../../pipeline/language/schema.ts";
import { cutMixSeg } from "../../stages/methods/cutmix_seg.ts";
import { definitionOf } from "../../stages/methods/method.ts";
import { makeSampler } from "../../stages/training/sampler.ts";

interface Leaves {
  readonly load: Record<string, unknown>;
  readonly augment: Record<string, unknown>;
  readonly evaluate: Record<string, unknown>;
  readonly "co-train": Record<string, unknown> & { readonly method: Record<string, unknown> };
}

async function configsOf(name: string): Promise<Leaves> {
  const { nodes } = (await loadExperiment(name)).build();
  return Object.fromEntries(nodes.map(({ id, config }) => [id, config])) as unknown as Leaves;
}

/** Those of `wanted` that differ in `found`. */
function differing(found: Record<string, unknown>, wanted: Record<string, unknown>): string[] {
  return Object.entries(wanted).filter(([key, value]) => found[key] !== value)
    .map(([key, value]) => `${key} is ${found[key]}, not ${value}`);
}

/** The files of a folder of configs/: path → the name that such a file goes by. */
function filesIn(folder: string): Map<string, string> {
  const files = [...Deno.readDirSync(new URL(folder, configs))].filter(({ isFile }) => isFile);
  return new Map(
    files.map(({ name }) => [`${folder}${name}`, name.replace(/\.ts$/, "").replaceAll("_", "-")]),
  );
}
const configs = new URL("../../configs/", import.meta.url);

Deno.test("every file of configs/ and every experiment of a family is known by its name, which the family begins", async () => {
  const known = [...filesIn("./").values()].filter((name) => name !== "experiments");
  for (const [path, family] of filesIn("./families/")) {
    const { experiments = {} } = await import(new URL(path, configs).href);
    for (const name of Object.keys(experiments)) {
      assert.ok(name.startsWith(`${family}-`), `${path}: ${name}`);
      known.push(name);
    }
  }
  assert.deepEqual((await experimentNames()).sort(), known.sort());
});

Deno.test("a name that only begins like a family's is of no experiment, and a near one is told", async () => {
  await assert.rejects(loadExperiment("pascal-367"), /Unknown experiment "pascal-367".*"pascal-366"/);
  await assert.rejects(loadExperiment("cps-"), /Unknown experiment "cps-"/);
  await assert.rejects(loadExperiment("constructor"), /Unknown experiment "constructor"/);
});

Deno.test("every experiment builds under its own name, with the five stages", async () => {
  const names = await experimentNames();
  assert.ok(names.length >= 15);
  for (const name of names) {
    const pipeline = await loadExperiment(name);
    assert.equal(pipeline.name, name);
    const ids = pipeline.build().nodes.map(({ id }) => id);
    assert.deepEqual(ids, ["load", "augment", "co-train", "pseudo-label", "evaluate"]);
  }
});

/** How CCVC's rates and weights decay, on either data set. */
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

Deno.test("the folders' experiments run on the small backbone and take another root", async () => {
  const folders = [["voc-folder", "pascal"], ["camvid-46", "camvid"], ["nuclei", "folder"]] as const;
  for (const [name, dataset] of folders) {
    const { load, "co-train": train } = await configsOf(name);
    const { epochs, warmUpEpochs, method } = train;
    assert.deepEqual(
      differing(train, { backbone: "resnet14", stepsPerEpoch: 100, evaluateEvery: epochs }),
      [],
    );
    assert.equal(method.name, "cutmix-seg");
    assert.ok(Number(warmUpEpochs) > 0 && Number(warmUpEpochs) < Number(epochs), "labels, then the method");
    assert.deepEqual(differing(load, { dataset, partition: undefined, labeledEvery: 8 }), []);
    const { nodes } = (await loadExperiment(name)).build([
      "load.root=../elsewhere",
      "co-train.backbone=resnet50",
    ]);
    assert.equal((nodes[0]!.config as { root: string }).root, "../elsewhere");
    assert.equal((nodes[2]!.config as { backbone: string }).backbone, "resnet50");
  }
});

Deno.test("an epoch of every published experiment has the published number of steps", async () => {
  const published: Record<string, readonly [unlabeled: number, steps: number]> = {
    "pascal-92": [10490, 1311],
    "pascal-183": [10399, 1300],
    "pascal-366": [10216, 1277],
    "pascal-732": [9850, 1231],
    "pascal-1464": [9118, 1140],
    "pascal-1-16": [9920, 1240],
    "pascal-1-8": [9259, 1157],
    "pascal-1-4": [7936, 992],
    "cityscapes-1-30": [2875, 359],
    "cityscapes-1-16": [2789, 349],
    "cityscapes-1-8": [2603, 325],
    "cityscapes-1-4": [2231, 279],
    "unimatch-pascal-366": [10216, 1277],
    "unimatch-cityscapes-1-8": [2603, 325],
  };
  for (const [name, [unlabeled, steps]] of Object.entries(published)) {
    const { "co-train": { batch, shards, pairing, stepsPerEpoch } } = await configsOf(name);
    assert.equal(stepsPerEpoch, undefined);
    const walk = { seed: 0, labeled: 92, unlabeled, batch, shards, pairing } as Parameters<
      typeof makeSampler
    >[0];
    assert.equal(makeSampler(walk).stepsPerEpoch, steps, name);
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
