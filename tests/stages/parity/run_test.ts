import assert from "node:assert/strict";
import { z } from "zod";
import type { Device } from "../../../kernels/device.ts";
import { bindMethod } from "../../../stages/methods/bound_method.ts";
import { defineMethod } from "../../../stages/methods/method.ts";
import { averageOf, trained } from "../../../stages/methods/networks.ts";
import { label, supervise } from "../../../stages/methods/parts.ts";
import type { CaseSetup } from "../../../stages/parity/adapter.ts";
import type { ParityCase } from "../../../stages/parity/case.ts";
import { caseImage, hashed, sampledPositions } from "../../../stages/parity/inputs.ts";
import { type Rule, smallFloors } from "../../../stages/parity/rules.ts";
import { openCase } from "../../../stages/parity/run.ts";
import { channelsFirst, confidences, type SeenStep } from "../../../stages/parity/seen.ts";
import { labeled, unlabeled, weak } from "../../../stages/views/specs.ts";
import { gpuTest } from "../../support/gpu.ts";

const BATCH = 2, SIZE = 17, CLASSES = 21, ENTRIES = 5;

const method = defineMethod({
  name: "watched",
  version: 1,
  module: import.meta.url,
  options: z.strictObject({}),
  networks: () => ({
    student: trained(),
    teacher: averageOf("student", { decay: 0.5, statistics: "own" }),
  }),
  views: () => ({
    labeled: labeled({ image: weak() }),
    unlabeled: unlabeled({ image: weak() }, { images: "chosen" }),
  }),
  state: () => ({ bank: { shape: [1, 2, 4] } }),
  choice: {
    reads: ["bank"],
    choose: ({ bank }, { sizes, images, uniform }) => ({
      images: {
        unlabeled: [bank[1]! + images.unlabeled[1]!, Math.floor(uniform("image", 7) * sizes.unlabeled)],
      },
    }),
  },
  terms(step) {
    const { labeled: { image, labels }, unlabeled } = step.views;
    const told = label(step, step.train("teacher", { u: unlabeled.image }).u);
    step.note("confidence", told.confidence);
    step.note("numbers", step.uniform("s", [BATCH, 3], { per: "step" }));
    const seen = step.train("student", { both: { x: image, u: unlabeled.image } });
    return { ce: { loss: supervise(step, "ce", seen.both.x, labels), weight: 2 } };
  },
  predictions: { student: "student" },
  headline: "student",
});

const rule: Rule = { kind: "value", compare: () => undefined };
const settings = {
  backbone: "resnet14",
  dataset: "pascal",
  size: SIZE,
  batch: BATCH,
  steps: 2,
  total: 4,
  base_lr: 0.01,
  salt: "s:",
} as const;

/** What views were made of, by step. */
function caseOf(asked: string[] = []): CaseSetup {
  return {
    line: "",
    method: bindMethod(method, {}),
    outputStride: 16,
    classes: CLASSES,
    start: { residualGamma: 1, buffers: "unit", hashedAs: (name) => name.replace(/^teacher\./, "student.") },
    state: { bank: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) },
    choice: {
      sizes: { labeled: BATCH, unlabeled: 99 },
      walks: (t) => ({ labeled: [0, 1], unlabeled: [0, 10 * t] }),
      numbers: (t, u) => (stream, index) => u(`${stream}:${t}`)(index),
    },
    views: {
      labeled: { image: "labelled", labels: "mask" },
      unlabeled: {
        image({ t, chosen }) {
          asked.push(`${t}: ${chosen("unlabeled")}`);
          return caseImage("s:", `chosen:${t}`, { batch: BATCH, size: SIZE });
        },
      },
    },
    uniform: { s: ({ t, shape: [b, n], u }) => Array.from({ length: b! * n! }, (_, i) => u(`draw:${t}`)(i)) },
    optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
    rate: () => settings.base_lr,
    warmUp: {
      steps: 2,
      rate: () => settings.base_lr,
      views: { labeled: { image: "warm", labels: "warm_mask" } },
      terms: { network: "ce_student" },
    },
    terms: { sup: "ce" },
    observed: {
      bank: { value: (seen) => [...seen.state("bank").values], rule },
      drawn: { value: (seen) => [...seen.noted("numbers").values], rule },
      probe: {
        value: (seen) => seen.parameter("student.classifier.bias")[0]!,
        reads: ["student.classifier.bias"],
        rule,
      },
    },
    floors: smallFloors,
    gradStep: 1,
    logits: {
      of_pixels: { network: "student", pass: "u" },
      of_scores: { network: "student", pass: "u", of: "scores" },
    },
    maps: {
      confidence: { values: ({ noted }: SeenStep) => noted("confidence").values, entries: "sample:own" },
      first: { values: ({ scores }: SeenStep) => channelsFirst(scores("student", "u")), entries: "first" },
      again: {
        values: ({ logits }: SeenStep) => confidences(logits("teacher", "u"), CLASSES),
        entries: "sample:own",
      },
    },
    evaluation: { one: "student", two: "teacher", mean: ["student", "teacher"] },
    evaluationBatch: 1,
  };
}

const lists = ["of_pixels", "of_scores", "confidence", "first", "again", "one", "two", "mean"];

/** A record of every tensor. */
const anything = new Proxy({}, { get: () => [0, 0, 0, 0] });

/** A case whose record has as many entries as are wanted. */
function open(device: Device, setup: CaseSetup) {
  const parity = {
    adapter: {},
    case: settings,
    float64: {
      steps: Array.from({ length: 2 }, () => ({ sup: 1, bank: 1, drawn: 1, probe: 1 })),
      arrays: Object.fromEntries(lists.map((name) => [name, new Array(ENTRIES).fill(0)])),
      tables: {},
      grad_norm: anything,
      grad_sample: anything,
    },
    float32_deviation: { steps: [] },
  } as unknown as ParityCase;
  return openCase(device, parity, setup);
}

gpuTest(
  "a case looks at notes, states, numbers and parameters of each step, and draws what its hash says",
  async (device) => {
    const asked: string[] = [], setup = caseOf(asked), run = open(device, setup);
    const before = await run.warmUp();
    assert.deepEqual(Object.keys(before), ["network"]);
    assert.equal(before.network!.length, 2);
    assert.ok(before.network!.every((loss) => loss > 0 && loss < 20));
    assert.deepEqual(asked, [], "the warm-up has views of its own");
    for (const t of [0, 1]) {
      const found = await run.step(t);
      assert.deepEqual(found.bank, [1, 2, 3, 4, 5, 6, 7, 8]);
      const drawn = Array.from({ length: BATCH * 3 }, (_, i) => Math.fround(hashed("s:", `draw:${t}`)(i)));
      assert.deepEqual(found.drawn, drawn);
      assert.ok(Math.abs(Number(found.total) - 2 * Number(found.sup)) < 1e-12);
      assert.notEqual(found.probe, Math.fround(0.1 * (2 * hashed("s:", "student.classifier.bias")(0) - 1)));
    }
    const last = (t: number) => Math.floor(99 * hashed("s:", `image:${t}`)(7));
    assert.deepEqual(asked, [`0: 2,${last(0)}`, `1: 12,${last(1)}`]);
    const arrays = await run.arrays(1);
    arrays.confidence!.forEach((value, i) => assert.ok(Math.abs(value - arrays.again![i]!) < 1e-6));
    assert.equal(arrays.of_pixels!.length, ENTRIES);
    const [at] = sampledPositions("s:", "sample:logits", 1, BATCH * CLASSES * 5 * 5);
    assert.ok(at! > ENTRIES, "else the next line says nothing");
    assert.notDeepEqual(arrays.of_scores, arrays.first);
    const evaluated = await run.evaluate();
    evaluated.mean!.forEach((value, i) =>
      assert.ok(Math.abs(value - (evaluated.one![i]! + evaluated.two![i]!) / 2) < 1e-6)
    );
    assert.notDeepEqual(evaluated.one, evaluated.two);
    const { moves } = await run.end();
    // Two steps of labels alone, then one joint pass a step.
    assert.deepEqual(Object.fromEntries(moves), {
      student: { stem: 4, fuse: 4 },
      teacher: { stem: 2, fuse: 2 },
    });
    run.free();
  },
);

gpuTest("networks may start with the statistics of a batch", async (device) => {
  const name = "student.backbone.conv1.1.running_var", other = name.replace("student", "teacher");
  const { warmUp: _, ...setup } = caseOf(), image = "labelled:0";
  const start = open(device, { ...setup, warm: { image, networks: ["student"] } });
  const { now: warm } = await start.end();
  start.free();
  assert.deepEqual([...warm.get(other)!.values], new Array(warm.get(other)!.values.length).fill(1));
  // A step's own pass over the same images moves statistics that start at 1 by a tenth of the way.
  const views = { ...setup.views, unlabeled: { image: "labelled" } };
  const run = open(device, {
    ...setup,
    views,
    optimizer: { ...setup.optimizer, weightDecay: 0 },
    rate: () => 0,
  });
  await run.step(0);
  const { now } = await run.end();
  run.free();
  // The teacher's pass sees these images alone, and its statistics are its own.
  warm.get(name)!.values.forEach((value, i) => {
    const moved = now.get(other)!.values[i]!;
    assert.ok(Math.abs(moved - (0.9 + 0.1 * value)) < 1e-6 * Math.abs(value) + 1e-6, `${moved} of ${value}`);
  });
});
