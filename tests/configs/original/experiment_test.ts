import assert from "node:assert/strict";
import { readConfigFile } from "../../../configs/original/config_file.ts";
import { emitExperiment } from "../../../configs/original/emit.ts";
import {
  type OriginalData,
  originalExperiment,
  originalPipeline,
} from "../../../configs/original/experiment.ts";
import { readFlags, type Script } from "../../../configs/original/flags.ts";
import { originalNotes } from "../../../configs/original/notes.ts";
import type { CcvcOptions, CoTrainConfig } from "../../../mod.ts";
import { cityscapesConfig, pascalConfig } from "./configs.ts";

const configs = {
  pascal: readConfigFile(pascalConfig, "pascal.yaml"),
  cityscapes: readConfigFile(cityscapesConfig, "cityscapes.yaml"),
};
const places = { root: "data" };
const data: OriginalData = { lists: { partition: "pascal/366" }, unlabeled: 10216 };

interface Case {
  readonly script?: Script;
  readonly dataset?: keyof typeof configs;
  readonly unlabeled?: number;
}

function translate(given: Record<string, string>, options: Case = {}) {
  const { script = "no-aug", dataset = "pascal", unlabeled = 10216 } = options;
  const flags = readFlags(script, new Map(Object.entries(given)));
  const config = configs[dataset];
  const experiment = originalExperiment(flags, config, places, data);
  return { ...experiment, notes: originalNotes(flags, config, { ...data, unlabeled }) };
}

/** The method's options as they are parsed. */
function method(given: Record<string, string>, options?: Case): CcvcOptions {
  const { nodes } = originalPipeline(translate(given, options).settings).build();
  return (nodes.find(({ id }) => id === "co-train")!.config as CoTrainConfig)
    .method as unknown as CcvcOptions;
}

const notesOf = (kind: string, given: Record<string, string>, options?: Case) =>
  translate(given, options).notes.filter((note) => note.kind === kind).map(({ text }) => text);

Deno.test("without a flag both scripts do what their defaults say", () => {
  const weak = method({});
  assert.deepEqual([weak.mode, weak.consistencyWeight, weak.discrepancyWeight], ["no", 0, 0]);
  assert.deepEqual([weak.mapping, weak.dropout, weak.supervisedWeight], ["none", 0, 1]);
  const strong = method({}, { script: "aug" });
  assert.deepEqual([strong.augmentation, strong.consistencyWeight, strong.discrepancyWeight], [
    "strong",
    1,
    1,
  ]);
  const { settings, seed } = translate({});
  assert.deepEqual([settings.coTrain.batch, settings.coTrain.shards, settings.coTrain.epochs], [24, 4, 80]);
  assert.deepEqual([settings.augment.crop, seed, settings.coTrain.headRate], [321, 22, 5]);
});

Deno.test("each mode has the weights that its script reads, or has hard-coded", () => {
  const given = { w_confident: "3", w_unconfident: "0.25", conf_threshold: "0.5" };
  const weights = (mode: string, script: Script) => {
    const found = method({ ...given, mode_confident: mode }, { script });
    return [found.conflictWeight, found.unconfidentWeight];
  };
  assert.deepEqual(weights("vote_soft", "no-aug"), [3, 0.25]);
  assert.deepEqual(weights("vote_threshold", "aug"), [3, 0.5]);
  assert.deepEqual(weights("vote", "aug"), [1.5, 0.5]);
  assert.deepEqual(weights("vote_soft", "aug"), [1.5, 0.5]);
  const parity = (mode: string) => {
    const { confidence, mixWeights, rawWeights } = method({ mode_confident: mode }, { script: "aug" });
    return [confidence, mixWeights, rawWeights];
  };
  assert.deepEqual(parity("vote_threshold"), ["logit", false, "own"]);
  assert.deepEqual(parity("vote_soft"), ["logit", false, "labeling"]);
  assert.deepEqual(parity("normal"), ["probability", true, "own"]);
});

Deno.test("mapping, norm and dropout as the original builds them", () => {
  const mapped = (given: Record<string, string>) => {
    const { mapping, mappingNorm, dropout } = method(given);
    return [mapping, mappingNorm, dropout];
  };
  const on = "True";
  assert.deepEqual(mapped({ use_MLP: on, use_norm: on, use_dropout: on, dropout: "0.3" }), [
    "second",
    true,
    0.3,
  ]);
  assert.deepEqual(mapped({ use_MLP: on, mode_mapping: "both" }), ["both", false, 0]);
  assert.deepEqual(mapped({ use_MLP: on, use_norm: on, mode_mapping: "Both" }), ["second", true, 0]);
  assert.deepEqual(mapped({ use_dropout: on, use_norm: on }), ["none", true, 0]);
  assert.deepEqual(method({ use_SPL: on, mode_confident: "soft" }).selfPaced, true);
  assert.deepEqual(method({ use_SPL: on, mode_confident: "vote" }).selfPaced, false);
});

Deno.test("Cityscapes: output stride 8, OHEM where it is asked for, and two protocols", () => {
  const options = { script: "aug", dataset: "cityscapes" } as const;
  const { settings } = translate({ mode_criterion: "OHEM", crop_size: "712" }, options);
  assert.deepEqual([settings.coTrain.outputStride, settings.evaluate], [8, {
    protocol: "sliding_window",
    crop: 712,
  }]);
  assert.deepEqual(settings.coTrain.evaluation, {
    protocol: "sliding_window",
    crop: 712,
    earlier: "center_crop",
    finalEpochs: 20,
    best: "across_protocols",
  });
  const { criterion, ohemThreshold, ohemMinKept } = method({ mode_criterion: "OHEM" }, options);
  assert.deepEqual([criterion, ohemThreshold, ohemMinKept], ["ohem", 0.7, 400000]);
  assert.equal(method({}, options).criterion, "cross-entropy");
});

Deno.test("what the original crashes on or hangs in is refused with the reason", () => {
  const refused = (given: Record<string, string>, reason: RegExp, options?: Case) =>
    assert.throws(() => translate(given, options), reason);
  refused({ nodes: "2" }, /CCVC_no_aug\.py with --nodes 2: the original hangs/);
  refused({ gpus: "1" }, /CCVC_no_aug\.py with --gpus 1: the original stops before the first step/);
  refused({ gpus: "0" }, /--gpus 0/);
  refused({ use_MLP: "1", use_dropout: "1" }, /not --use_norm: .*stops in the first forward pass/);
  refused({ backbone: "xception" }, /for COCO alone/);
  refused({ backbone: "resnet18" }, /the original has resnet50, resnet101 and xception/);
  refused({ mode_criterion: "OHEM" }, /stops with a KeyError, as this config has no criterion/, {
    script: "aug",
  });
  refused({ epochs: "0" }, /--epochs 0: it must be 1 or more/);
  refused({ batch_size: "-2" }, /--batch_size -2/);
  refused({ seed: "-1" }, /a seed is 0 or more/);
  refused({ seed: "4294967296" }, /less than 2\^32/);
});

Deno.test("flags that nothing reads, or that change nothing, are said; others are not", () => {
  const given = {
    load_path: "x",
    ddp: "False",
    port: "1",
    w_con: "2",
    dropout: "0.1",
    conf_threshold: "0.2",
  };
  assert.deepEqual(notesOf("unread", given).map((text) => text.split(":")[0]), ["--load_path", "--ddp"]);
  assert.deepEqual(notesOf("no effect", given), [
    "--port: there are no processes that must meet here",
    "--dropout: it needs --use_MLP, which is off",
    "--conf_threshold: mode_confident no does not read it",
    "--w_con: it needs --use_con, which is off",
  ]);
  assert.deepEqual(notesOf("no effect", { mode_mapping: "both", use_MLP: "1", epochs: "3" }), []);
  const strong = notesOf("unread", { w_unconfident: "1", use_aug: "False" }, { script: "aug" });
  assert.deepEqual(strong.map((text) => text.split(":")[0]), ["--use_aug", "--w_unconfident"]);
  const config = notesOf("unread", {}, { dataset: "cityscapes" });
  assert.deepEqual(config, ["criterion.name of the config: CCVC_no_aug.py never reads it"]);
});

Deno.test("what is different here is said: batch, CutMix, words, few steps", () => {
  const weak = notesOf("differs", { gpus: "4", batch_size: "2" });
  assert.match(weak[0]!, /^batch: 4 GPUs × 2 are one batch of 8 .* synchronized batch norm/);
  assert.ok(!weak.some((text) => /CutMix|stops on any such word|division by zero/.test(text)));
  const strong = notesOf("differs", { use_MLP: "True", use_norm: "False" }, { script: "aug", unlabeled: 72 });
  assert.ok(strong.some((text) => text.startsWith("CutMix: ")));
  assert.ok(strong.some((text) => text.startsWith("--use_MLP True: read as meant")));
  assert.ok(strong.some((text) => /division by zero/.test(text)));
});

Deno.test("the emitted text holds nothing that ends its comment or a string early", () => {
  const { settings, seed, setBy } = translate({});
  const hostile = { ...settings, name: '"`${x}', load: { ...settings.load, root: '"); evil(); ("\u2028' } };
  const text = emitExperiment({ settings: hostile, seed, setBy }, 'x --save_path "*/ evil();\n"');
  assert.ok(!/\*\/ evil/.test(text));
  assert.ok(text.includes(JSON.stringify('"); evil(); ("\u2028')));
});
