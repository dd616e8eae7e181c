import { strict as assert } from "node:assert";
import { CaseError, checkNames, type ParityCase, parseCase } from "../../../stages/parity/case.ts";
import { spreadOf } from "../../../stages/parity/deviation.ts";
import { type CcvcSettings, weightReadings } from "../../../stages/parity/methods/ccvc.ts";

const golden = Deno.readTextFileSync(new URL("../../golden/parity/aug_soft.json", import.meta.url));

/** The golden case with something changed, as text. */
function changed(change: (json: ParityCase & Record<string, unknown>) => void): string {
  const json = JSON.parse(golden);
  change(json);
  return JSON.stringify(json);
}

// deno-lint-ignore no-explicit-any
type Loose = any;

Deno.test("a case is read whole", () => {
  const parity = parseCase(golden, "case.json");
  assert.equal(parity.case.mode, "soft");
  assert.equal(parity.float64.steps.length, parity.case.steps);
  assert.ok(Number(parity.float32_deviation.steps[0]!.ce1) >= 0);
});

Deno.test("switches may be absent, or true and false; deviations may be absent", () => {
  const text = changed((json: Loose) => {
    delete json.case.use_con;
    json.case.use_dis = true;
    delete json.float32_deviation;
  });
  const parity = parseCase(text, "case.json");
  assert.deepEqual([parity.case.use_con, parity.case.use_dis], [1, 1]);
  assert.deepEqual(parity.float32_deviation.steps, []);
});

const mistakes: readonly (readonly [what: string, change: (json: Loose) => void, says: RegExp])[] = [
  ["an unknown mode", (json) => json.case.mode = "votes", /case\.mode.*"vote_threshold"/s],
  ["an unknown backbone", (json) => json.case.backbone = "vgg16", /case\.backbone.*"resnet101"/s],
  ["an unknown setting", (json) => json.case.momentum = 0.8, /momentum/],
  ["a missing setting", (json) => delete json.case.tau, /case\.tau/],
  ["a negative weight", (json) => json.case.w_con = -1, /case\.w_con/],
  ["a single image, which has no batch statistics", (json) => json.case.batch = 1, /case\.batch/],
  ["an image of half a pixel", (json) => json.case.size = 64.5, /case\.size/],
  ["no record", (json) => delete json.float64, /float64/],
  ["a null in the record", (json) => json.float64.steps[1].ce1 = null, /float64\.steps\.1\.ce1/],
  ["too few logits", (json) => json.float64.eval_logits1.pop(), /float64\.eval_logits1/],
  ["other steps than recorded", (json) => json.case.steps = 7, /case\.steps is 7.*records 3/],
  ["more steps than the decay has", (json) => json.case.total = 2, /more than the 2 steps of case\.total/],
  [
    "a switch that the script does not have",
    (json) => json.case.use_dis = 0,
    /use_con and use_dis must be 1/,
  ],
  [
    "terms of the other script",
    (json) => json.case.variant = "no_aug",
    /"con1" is missing.*"con1_mix" is unknown/,
  ],
  [
    "no loss",
    (json) => Object.assign(json.case, { w_CE: 0, w_con: 0, w_dis: 0 }),
    /leave no loss that counts/,
  ],
  ["a list instead of a case", (json) => json.case = [], /case:/],
];
for (const [what, change, says] of mistakes) {
  Deno.test(`a case with ${what} is refused by name`, () => {
    assert.throws(() => parseCase(changed(change), "some/case.json"), (error: Error) => {
      assert.ok(error instanceof CaseError);
      assert.match(error.message, /^Cannot read the case "some\/case\.json"/);
      assert.match(error.message, says);
      return true;
    });
  });
}

const otherMethod = Deno.readTextFileSync(new URL("../../golden/parity/cps_cutmix.json", import.meta.url));

Deno.test("a case of another method is read by that method's adapter", () => {
  const { adapter, case: settings, float64, float32_deviation } = parseCase(otherMethod, "case.json");
  assert.equal(adapter.method, "cps");
  assert.deepEqual([settings.cutmix, settings.ohem_min_kept], [true, 6000]);
  assert.equal(float64.arrays.logits2_mixed!.length, 64);
  assert.ok(spreadOf(float32_deviation, "bn_buffers_rel:branch2").max > 0);
});

const othersMistakes: readonly (readonly [what: string, change: (json: Loose) => void, says: RegExp])[] = [
  ["an unknown method", (json) => json.case.method = "cpx", /method "cpx"\. Did you mean "cps"\?.*ccvc, cps/],
  ["a method that is none", (json) => json.case.method = 7, /method 7\. Methods with cases: ccvc, cps/],
  ["settings of another method", (json) => json.case.method = "ccvc", /case\.variant/],
  [
    "a network that is not built",
    (json) => json.case.dilations = [2, 4, 8],
    /is not built: resnet14 has .*1,2,3/,
  ],
  [
    "another number of classes",
    (json) => json.case.classes = 21,
    /case\.classes is 21, and cityscapes has 19/,
  ],
  ["no mixed logits", (json) => delete json.float64.logits1_mixed, /"logits1_mixed" is missing/],
  [
    "logits of the plain step",
    (json) => json.case.cutmix = false,
    /"logits2_unlabelled" is missing.*"logits1_mixed" is unknown/,
  ],
  ["terms of none", (json) => json.float64.steps[1].cps3 = 1, /float64\.steps\[1\].*"cps3" is unknown/],
];
for (const [what, change, says] of othersMistakes) {
  Deno.test(`a case with ${what} is refused by name`, () => {
    const json = JSON.parse(otherMethod);
    change(json);
    assert.throws(() => parseCase(JSON.stringify(json), "case.json"), (error: Error) => {
      assert.ok(error instanceof CaseError);
      assert.match(error.message, says);
      return true;
    });
  });
}

Deno.test("recorded statistics must be those of the case's networks", () => {
  const parity = parseCase(otherMethod, "case.json");
  const parameters = Object.keys(parity.float64.grad_norm),
    statistics = Object.keys(parity.float64.tables.bn_buffers!);
  checkNames(parity, parameters, statistics);
  assert.throws(
    () => checkNames(parity, parameters, statistics.slice(1)),
    /bn_buffers: 0 statistics are missing/,
  );
});

Deno.test("networks without gradients have none recorded, and their changes may be left out", () => {
  const text = Deno.readTextFileSync(new URL("../../golden/parity/cutmix_seg_batch.json", import.meta.url));
  const parity = parseCase(text, "case.json"), { float64 } = parity;
  const learning = Object.keys(float64.grad_norm), parameters = Object.keys(float64.tables.param_delta!);
  assert.equal(parameters.length, 2 * learning.length);
  const check = (change: typeof float64.tables, statistics = Object.keys(float64.tables.bn_buffers!)) =>
    checkNames(
      { ...parity, float64: { ...float64, tables: { ...float64.tables, ...change } } },
      parameters,
      statistics,
      learning,
    );
  const some = (keep: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(float64.tables.param_delta!).filter(([name]) => keep(name)));
  check({});
  check({ param_delta: some((name) => name.startsWith("student.")) });
  assert.throws(
    () => check({ param_delta: some((name) => name !== "teacher.classifier.bias") }),
    /param_delta: 1 parameters are missing in it and 0 are unknown, first "teacher\.classifier\.bias"/,
  );
  assert.throws(
    () => check({ param_delta: some((name) => name.startsWith("teacher.")) }),
    /missing in it and 0 are unknown, first "student\./,
  );
  assert.throws(() => checkNames(parity, parameters), /grad_norm: \d+ parameters are missing/);
});

Deno.test("what is no JSON, or no object, is refused", () => {
  for (const text of ["", "{", "null", "[]", "NaN", '"case"', golden.slice(0, 5000)]) {
    assert.throws(() => parseCase(text, "case.json"), CaseError, text.slice(0, 20));
  }
});

Deno.test("a record must name the parameters of the case's networks, no more and no fewer", () => {
  const parity = parseCase(golden, "case.json");
  const names = Object.keys(parity.float64.grad_norm);
  checkNames(parity, names);
  assert.throws(
    () => checkNames(parity, [...names, "branch1.extra.weight"]),
    /1 parameters are missing.*"branch1\.extra/,
  );
  assert.throws(() => checkNames(parity, names.slice(1)), /0 parameters are missing in it and 1 are unknown/);
});

Deno.test("the published weights are tried first where the script with augmentation does not read the case's", () => {
  const settings = parseCase(golden, "case.json").case as unknown as CcvcSettings;
  const readings = (changes: Partial<typeof settings>) =>
    weightReadings({ ...settings, w_confident: 2, w_unconfident: 0.75, ...changes })
      .map(({ name, conflict, unconfident }) => [name, conflict, unconfident]);
  const own = ["case", 2, 0.75], published = ["published", 1.5, 0.5];
  for (const mode of ["soft", "vote", "vote_soft"] as const) {
    assert.deepEqual(readings({ mode }), [published, own], mode);
    assert.deepEqual(readings({ mode, variant: "no_aug" }), [own], mode);
    assert.equal(readings({ mode, w_confident: 1.5, w_unconfident: 0.5 }).length, 1, "both readings are one");
  }
  for (const mode of ["normal", "vote_threshold", "no"] as const) assert.deepEqual(readings({ mode }), [own]);
});
