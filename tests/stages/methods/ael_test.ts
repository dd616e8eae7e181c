import assert from "node:assert/strict";
import { parseConfig } from "../../../pipeline/mod.ts";
import { ael, type AelOptions } from "../../../stages/methods/ael.ts";
import { chooseImages } from "../../../stages/methods/ael/choice.ts";
import { definitionOf, MethodError } from "../../../stages/methods/method.ts";
import { openSession } from "../../../stages/training/session.ts";
import type { ImageView } from "../../../stages/views/specs.ts";
import { gpuTest } from "../../support/gpu.ts";
import { testContext, withFolder } from "../../support/stage_run.ts";
import {
  assertDeclared,
  bound,
  gpuResources,
  networkOf,
  shapesViews,
  trainingOf,
  unreadOf,
} from "../../support/training.ts";

const published: AelOptions = {
  as: "published-code",
  weight: 1 / 8,
  confidenceStart: "uniform",
  mixed: "one of two",
  denominator: "all",
  absent: "zero",
  decay: 0.99,
  threshold: 0.7,
  pasted: 1,
  neverPasted: [0, 1, 2, 8, 10],
  pasteProbability: 0.5,
  pasteScale: [0.1, 2],
  boxArea: 0.03,
  indexArea: 0.03,
  momentum: 0.999,
  sampling: true,
  power: 2,
  consistencyWeight: 1,
  auxiliaryWeight: 0.4,
  criterion: "ohem",
  ohemThreshold: 0.7,
  ohemMinKept: 100_000,
};

Deno.test("AEL has the published settings, those of its description by a preset, and says what nothing reads", () => {
  assertDeclared(ael, {
    defaults: published,
    unread: [],
    outputs: ["last", "bestStudent", "bestTeacher", "history"],
    refused: [
      { as: "author" },
      { weight: 0 },
      { mixed: "half" },
      { threshold: 1.1 },
      { pasted: -1 },
      { neverPasted: [-1] },
      { pasteScale: [2, 0.1] },
      { boxArea: 2 },
      { confidenceStart: -1 },
      { power: -1 },
    ],
  });
  const { options } = definitionOf(ael);
  assert.deepEqual(parseConfig(options, { as: "paper" }, "method"), {
    ...published,
    as: "paper",
    weight: 1,
    confidenceStart: 0,
    mixed: "all",
    denominator: "sure",
    absent: "kept",
  });
  assert.deepEqual(parseConfig(options, { as: "paper", weight: 2 }, "method"), {
    ...parseConfig(options, { as: "paper" }, "method") as object,
    weight: 2,
  });
  assert.deepEqual(unreadOf(ael, { threshold: 0, pasted: 0 }), [
    ["method.denominator", "threshold is 0"],
    ["method.neverPasted", "pasted is 0"],
    ["method.pasteProbability", "pasted is 0"],
    ["method.pasteScale", "pasted is 0"],
  ]);
  assert.deepEqual(
    unreadOf(ael, { consistencyWeight: 0 }).map(([name]) => name),
    ["method.denominator", "method.threshold", "method.sampling", "method.power"],
  );
});

Deno.test("the teacher starts by itself and keeps its own statistics; half of the unlabeled images are mixed", () => {
  const { averages, predictions, headline, schedules, draws } = bound(ael());
  assert.deepEqual([averages, headline], [{ teacher: "student" }, "teacher"]);
  assert.deepEqual(predictions, { student: ["student"], teacher: ["teacher"] });
  const at = (step: number) => ({ step, steps: 999, epoch: 0, epochs: 1, stepsPerEpoch: 999 });
  const share = (step: number) => schedules["teacher/parameters"]!(at(step), "method");
  assert.deepEqual([0, 1, 3].map(share), [1, 0.5, 0.25]);
  assert.ok(Math.abs(share(500) - 0.01) < 1e-12);
  const of = (options: Partial<AelOptions>) =>
    Object.entries(bound(ael(options)).draws).map(([name, { set, images, share, zoom }]) =>
      [name, set, images, share, zoom?.scale].join(" ")
    );
  assert.deepEqual(of({}), [
    "labeled labeled   ",
    "partner labeled chosen  0.1,2",
    "first unlabeled chosen 0.5 ",
    "second unlabeled chosen 0.5 ",
  ]);
  assert.deepEqual(of({ mixed: "all", pasteScale: [0.5, 1] }).slice(1, 3), [
    "partner labeled chosen  0.5,1",
    "first unlabeled chosen 1 ",
  ]);
  assert.equal(draws.partner!.zoom?.antialias, false);
  assert.equal((draws.second!.views.image as ImageView).kind, "weak");
});

/** Numbers of streams that are told, 0 elsewhere. */
const told = (numbers: Record<string, readonly number[]>) => (stream: string, index: number) =>
  numbers[stream]?.[index] ?? 0;
const choosing = { mixed: "all", pasted: 3, neverPasted: [0], pasteProbability: 0.5 } as const;
const step = {
  images: { labeled: [4, 5], unlabeled: [6, 7, 8, 9], others: [] },
  sizes: { labeled: 10, unlabeled: 12 },
};

Deno.test("classes that are not sure are pasted and cut out, of images that hold them", () => {
  // Softmax of √(1 − q) over 1, 2: 0.5, 0.5; of 1 − q over all: e, 1, 1 of e + 2.
  const confidence = [0, 1, 1], index = new Array(36).fill(0);
  for (const image of [2, 3, 11]) index[12 + image] = 1;
  const { images, state } = chooseImages({ confidence, index }, {
    ...step,
    uniform: told({
      paste_class: [0.49, 0.1, 0.2],
      paste_coin: [0.5, 0.51],
      partner: [0, 0.99],
      class: [Math.E / (Math.E + 2) - 1e-9, Math.E / (Math.E + 2) + 1e-9, 0.75, 0.999999],
      image: [0.5, 0.34, 0.99, 0.25],
    }),
  }, choosing);
  assert.deepEqual(state!.pasted, [0, 1, 0]);
  assert.deepEqual(state!.partners, [0, 1]);
  assert.deepEqual(state!.wanted, [0, 1, 1, 2]);
  // No image holds 0 or 2: any does.
  assert.deepEqual(images, { partner: [0, 9], first: [6, 7, 8, 9], second: [6, 3, 11, 3] });
  assert.deepEqual(state!.places, [6, 6, 7, 3, 8, 11, 9, 3]);
});

Deno.test("of two images of the walk one is mixed, by a coin; nothing is pasted where nothing is to be", () => {
  const confidence = [0.5, 0.5], index = new Array(24).fill(0);
  const { images, state } = chooseImages({ confidence, index }, {
    ...step,
    uniform: told({ kept: [0.5, 0.49], paste_coin: [0.9, 0.9], image: [0.5, 0.75] }),
  }, { ...choosing, mixed: "one of two", pasted: 0 });
  assert.deepEqual(images, { partner: [0, 0], first: [7, 8], second: [6, 9] });
  assert.deepEqual([state!.pasted, state!.places], [[0, 0], [7, 6, 8, 9]]);
});

Deno.test("a bank that rounds to more than 1 is sure, and a softmax that rounds to less than 1 has a last class", () => {
  const { state } = chooseImages({ confidence: [1 + 2 ** -23, 0.2, 0.1], index: new Array(36).fill(0) }, {
    ...step,
    uniform: told({ paste_class: [1 - 2 ** -53], class: new Array(4).fill(1 - 2 ** -53) }),
  }, { ...choosing, pasted: 1 });
  assert.deepEqual([state!.pasted, state!.wanted], [[0, 0, 1], [2, 2, 2, 2]]);
});

Deno.test("what leaves no class to paste is refused before anything is captured", () => {
  const sizes = { classes: 3, batch: 4, unlabeled: 8 };
  assert.throws(
    () => bound(ael()).state(sizes),
    (error) =>
      error instanceof MethodError &&
      /co-train\.method\.neverPasted, 0, 1, 2, 8, 10, leaves none of 3 to be drawn\..*co-train\.method\.pasted to 0/
        .test(error.message),
  );
  assert.deepEqual(bound(ael({ pasted: 0 })).state(sizes).index, { shape: [3, 8] });
  assert.deepEqual(bound(ael({ neverPasted: [0, 1], mixed: "all" })).state({ ...sizes, unlabeled: 0 }), {
    confidence: { shape: [3], start: "uniform", fold: "moved" },
    index: { shape: [3, 1] },
    pasted: { shape: [3] },
    partners: { shape: [4] },
    wanted: { shape: [4] },
    places: { shape: [8] },
  });
});

const views = shapesViews();

gpuTest(
  "a mixed image for two labeled ones, counted so; of three there is no half, and of one no variance",
  (device) => {
    const method = bound(ael({ neverPasted: [0], ohemMinKept: 100 }));
    const open = (batch: number, accumulate: number) =>
      openSession(device, {
        network: networkOf(method),
        method,
        views,
        batch,
        accumulate,
        seed: 9,
        optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 },
      });
    const session = open(4, 1);
    assert.equal(session.imagesOf.method, 12);
    session.free();
    assert.throws(
      () => open(3, 1),
      /draw "first" is 0\.5 of the images of a micro-batch, and of 3 that is no whole/,
    );
    assert.throws(() => open(4, 2), /one value per channel has no variance/);
  },
);

gpuTest(
  "AEL trains from a warm-up on: the bank and the index move in the method's steps alone",
  (device) =>
    withFolder(async (folder) => {
      const context = testContext(folder, undefined, gpuResources(device));
      const { stage, config } = trainingOf({
        method: ael({ neverPasted: [0], threshold: 0.1, ohemMinKept: 100, boxArea: 0.01, indexArea: 0.01 }),
        backbone: "resnet14",
        batch: 4,
        epochs: 3,
        stepsPerEpoch: 1,
        warmUpEpochs: 1,
        baseRate: 0.01,
        backboneRate: 1,
        headRate: 1,
      });
      const { bestTeacher, history } = await stage.definition.run({ inputs: { views }, config, context });
      assert.equal((await bestTeacher!.read()).network.headline, "teacher");
      const labels = ["ce", "aux"], all = [...labels, "consistency_labeled", "consistency_mixed"];
      assert.deepEqual(history.losses.map(({ terms }) => Object.keys(terms)), [labels, all, all]);
      assert.ok(history.losses.every(({ terms }) => Object.values(terms).every((value) => value > 0)));
    })(),
);
