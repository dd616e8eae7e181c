/** Mistakes of a method's author: each is said when a pipeline is planned, or before a first step, with what to write. */
import assert from "node:assert/strict";
import { z } from "zod";
import { parseConfig, pipeline, UserError } from "../../../pipeline/mod.ts";
import { coTrain, trainingStage } from "../../../stages/co_train.ts";
import { trainingSettings } from "../../../stages/training/settings.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { defineMethod } from "../../../stages/methods/method.ts";
import {
  auxiliaryHead,
  averageOf,
  ownModule,
  projectionHead,
  trained,
} from "../../../stages/methods/networks.ts";
import { crossEntropy } from "../../../stages/methods/parts.ts";
import { planFitting } from "../../../stages/training/memory.ts";
import { labeled, strong, unlabeled, weak } from "../../../stages/views/specs.ts";
import { gpuTest } from "../../support/gpu.ts";
import { shapesViews, trainingOf } from "../../support/training.ts";

/** One network that learns labels, and its average. */
const sound = defineMethod({
  name: "mine",
  version: 1,
  module: import.meta.url,
  options: z.strictObject({ decay: z.number().default(0.9) }),
  networks: ({ decay }) => ({ student: trained(), teacher: averageOf("student", { decay }) }),
  views: () => ({ labeled: labeled({ image: weak() }), unlabeled: unlabeled({ image: weak() }) }),
  terms(step) {
    const { image, labels } = step.views.labeled;
    return { ce: { loss: crossEntropy(step, "ce", step.train("student", image), labels), weight: 1 } };
  },
  predictions: { student: "student", teacher: "teacher" },
  headline: "teacher",
});

/** The method with something changed, as TypeScript would not let its author. */
const changed = (change: object): typeof sound => defineMethod({ ...sound.definition, ...change } as never);

const networks = (given: object) => ({ networks: () => given });
const scored = (...names: string[]) => ({
  predictions: Object.fromEntries(names.map((name) => [name, "student"])),
  headline: names[0],
});

/** What was changed, and what is said when the file is loaded. */
const undefinable: Readonly<Record<string, readonly [change: object, message: RegExp]>> = {
  "no module": [
    { module: undefined },
    /^Cannot define method "mine": its module is "undefined"; write module: import\.meta\.url$/,
  ],
  "a name of its own spelling": [
    { name: "Mine" },
    /^Cannot define method "Mine": its name may hold lower-case letters, digits and - only, a letter first$/,
  ],
  "no version": [{ version: 0 }, /its version is 0; it must be an integer from 1$/],
  "a headline that is not scored": [
    { headline: "techer" },
    /its headline "techer" is none of its predictions, student, teacher$/,
  ],
  "a prediction in the place of a picture": [
    scored("truth"),
    /two pictures would be called truth\.png; call the prediction otherwise$/,
  ],
  "predictions that differ by case": [
    scored("student", "Student"),
    /two pictures would be called Student\.png/,
  ],
  "a prediction that is a path": [
    scored("../x"),
    /prediction "\.\.\/x" may hold letters and digits only, a letter first$/,
  ],
};

/** What was changed, and what is said when its options are read. */
const unplannable: Readonly<Record<string, readonly [change: object, message: RegExp]>> = {
  "a prediction of no network": [
    { predictions: { student: "studnet" }, headline: "student" },
    /prediction "student" is of network "studnet", which it does not have\. Did you mean "student"\?/,
  ],
  "a mean with no network": [
    { predictions: { both: { mean: ["student", "tutor"] } }, headline: "both" },
    /prediction "both" is of network "tutor", which it does not have\. Known: student, teacher/,
  ],
  "a network's name with a dot": [
    networks({ student: trained(), teacher: trained(), "a.b": trained() }),
    /network "a\.b" may hold letters and digits only, a letter first/,
  ],
  "networks that differ by case": [
    networks({ student: trained(), teacher: trained(), Student: trained() }),
    /networks "student" and "Student" differ by case alone; call one of them otherwise/,
  ],
  "an average of itself": [
    networks({ student: trained(), teacher: averageOf("teacher", { decay: 0.9 }) }),
    /network "teacher" is the average of itself; write averageOf\("student", …\)/,
  ],
  "an average of an average": [
    networks({
      student: trained(),
      teacher: averageOf("student", { decay: 0.9 }),
      slow: averageOf("teacher", { decay: 0.99 }),
    }),
    /network "slow" is the average of "teacher", which is one itself; average what learns: student/,
  ],
  "an average of no network": [
    networks({ student: trained(), teacher: averageOf("studnet", { decay: 0.9 }) }),
    /network "teacher" is the average of "studnet", which it does not have\. Did you mean "student"\?/,
  ],
  "averages alone": [
    networks({
      student: averageOf("teacher", { decay: 0.9 }),
      teacher: averageOf("student", { decay: 0.9 }),
    }),
    /none of its networks learns; write NAME: trained\(\)/,
  ],
  "a decay above 1": [
    networks({ student: trained(), teacher: averageOf("student", { decay: 1.5 }) }),
    /the decay of network "teacher" is 1\.5; it must lie in \[0, 1\]/,
  ],
  "a scheduled decay that is no number": [
    networks({ student: trained(), teacher: averageOf("student", { decay: ({ step }) => 0 / step }) }),
    /the decay of network "teacher" is NaN; it must lie in \[0, 1\]/,
  ],
  "a head in the place of the decoder": [
    networks({ student: trained({ heads: { head: auxiliaryHead() } }), teacher: trained() }),
    /head or module "head" of network "student" may hold letters, .* and none of backbone, head, reduce, /,
  ],
  "a head and a module of one name": [
    networks({
      student: trained({ heads: { own: auxiliaryHead() }, modules: { own: ownModule(() => () => 0) } }),
      teacher: trained(),
    }),
    /head or module "own" of network "student" may hold .* be called as no other/,
  ],
  "a module's name with a dot": [
    networks({ student: trained({ modules: { "a.b": ownModule(() => () => 0) } }), teacher: trained() }),
    /head or module "a\.b" of network "student"/,
  ],
  "an embedding of no channels": [
    networks({ student: trained({ heads: { rep: projectionHead(0) } }), teacher: trained() }),
    /head "rep" of network "student" has 0 channels; it must have a whole number from 1/,
  ],
  "an average that starts as nothing": [
    networks({ student: trained(), teacher: averageOf("student", { decay: 1, start: "zero" as never }) }),
    /network "teacher" starts as "zero"; write start: "copy", "own" for a draw of its own, or "random"/,
  ],
  "norms that divide by nothing": [
    networks({ student: trained({ norms: { head: { epsilon: -1 } } }), teacher: trained() }),
    /network "student": epsilon of the norms of its head is -1; it must be a number above 0$/,
  ],
  "norms of one domain twice": [
    networks({ student: trained({ norms: { domains: ["weak", "weak"] } }), teacher: trained() }),
    /network "student": its norms are of the domains weak, weak; there must be two, of different names$/,
  ],
  "schedules that differ by case": [
    { schedules: () => ({ ramp: () => 0, Ramp: () => 1 }) },
    /schedules "ramp" and "Ramp" differ by case alone; call one of them otherwise/,
  ],
  "a view that hides the labels": [
    { views: () => ({ labeled: labeled({ image: weak(), labels: weak() }) }) },
    /view "labels" of draw "labeled" would hide the draw's own labels/,
  ],
  "nothing for the warm-up to learn from": [
    { views: () => ({ labeled: labeled({ image: strong() }) }) },
    /no labeled draw with a weak view, which the warm-up learns from; write one, or phases: \{ warmUp \}/,
  ],
};

const state = (specs: object) => ({ state: () => specs });

/** A state, and what is said when the data are known. */
const unkeepable: Readonly<Record<string, readonly [change: object, message: RegExp]>> = {
  "of no extents": [
    state({ bank: { shape: [] } }),
    /state "bank" has the shape \[\]; its extents must be whole numbers from 1, one or more$/,
  ],
  "of no elements": [
    state({ bank: { shape: [4, 0] } }),
    /state "bank" has the shape \[4,0\]; its extents must be whole numbers from 1/,
  ],
  "of half an element": [state({ bank: { shape: [0.5] } }), /state "bank" has the shape \[0\.5\]/],
  "that starts at infinity": [
    state({ bank: { shape: [4], start: Infinity } }),
    /state "bank" starts at Infinity; it must be a finite number$/,
  ],
  "of integers that start at 1": [
    state({ bank: { shape: [4], dtype: "u32", start: 1 } }),
    /state "bank" of u32 starts at 1; what is not f32 starts at 0$/,
  ],
  "by names that differ by case": [
    state({ bank: { shape: [4] }, Bank: { shape: [4] } }),
    /states "bank" and "Bank" differ by case alone; call one of them otherwise$/,
  ],
};

/** Asserts that something is refused as a user's mistake. */
function refused(body: () => unknown, message: RegExp): void {
  assert.throws(body, (error) => {
    assert.ok(error instanceof UserError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

const plan = (change: object, options: object = {}) =>
  parseConfig(trainingStage(changed(change)).definition.config, { method: options } as never, "co-train");

Deno.test("what no method can be is refused where it is defined", async (t) => {
  changed({});
  for (const [what, [change, message]] of Object.entries(undefinable)) {
    await t.step(what, () => refused(() => changed(change), message));
  }
});

Deno.test("what does not fit together is refused when a pipeline is planned, with its options as they are", async (t) => {
  plan({});
  for (const [what, [change, message]] of Object.entries(unplannable)) {
    await t.step(what, () => refused(() => plan(change), message));
  }
  await t.step("a decay that an option gives", () => {
    plan({}, { decay: 1 });
    refused(
      () => plan({}, { decay: -0.1 }),
      /^Cannot configure stage "co-train": co-train\.method: .* is -0\.1; it must lie in \[0, 1\]/,
    );
  });
});

gpuTest("a state that cannot be kept is refused before anything is compiled", async (device, t) => {
  const views = shapesViews();
  const start = (change: object, on = device) => {
    const method = changed(change)(), config = { backbone: "resnet14", batch: 2 } as const;
    return planFitting(
      on,
      trainingSettings(method.method, trainingOf({ method, ...config }).config, views, 0),
    );
  };
  assert.equal(start(state({ bank: { shape: [64, 4] } })).stateBytes, 1024);
  assert.equal(start(state({ bank: { shape: [64, 4], dtype: "u32" } })).stateBytes, 1024);
  if (device.facts.features.includes("shader-f16")) {
    assert.equal(start(state({ bank: { shape: [64, 4], dtype: "f16" } })).stateBytes, 512);
  }
  await t.step("in f16, where there is none", () => {
    const facts = { ...device.facts, features: [] };
    const plain = Object.defineProperty(Object.create(device), "facts", { value: facts });
    refused(
      () => start(state({ bank: { shape: [64, 4], dtype: "f16" } }), plain),
      /Cannot keep the method's state "bank" in f16: it needs shader-f16, which ".*" does not grant\. Have it kept in f32/,
    );
  });
  for (const [what, [change, message]] of Object.entries(unkeepable)) {
    await t.step(what, () => refused(() => start(change), message));
  }
  await t.step("that is too large", () =>
    refused(
      () => start(state({ bank: { shape: [1e12] } })),
      /Cannot allocate 4000000000000 bytes for the method's state \(bank \[1000000000000\]\): ".*" allows \d+ a buffer\. No smaller batch .*, or make the method's state smaller \(bank\)$/,
    ));
});

Deno.test("what is no method with its options is refused, and how to write it is said", () => {
  for (
    const [given, way] of [
      [{ method: { name: "ccvc" } }, /must be a method with its options, as ccvc\(\) gives it/],
      [{ method: ccvc }, /as ccvc\(\) gives it/],
      [{ method: "ccvc" }, /as ccvc\(\{ … \}\) gives it/],
      [{ epochs: 2 }, /co-train\.method must be a method/],
      [undefined, /co-train\.method must be a method/],
    ] as const
  ) {
    const build = () => pipeline("p", () => coTrain({ views: {} } as never, given as never)).build();
    assert.throws(build, (error) => error instanceof UserError && way.test(error.message));
  }
});
