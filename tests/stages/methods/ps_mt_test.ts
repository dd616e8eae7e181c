import assert from "node:assert/strict";
import { RandomStream } from "../../../kernels/random.ts";
import { parseConfig } from "../../../pipeline/mod.ts";
import { explainConfig } from "../../../pipeline/language/explain.ts";
import { trainingStage } from "../../../stages/co_train.ts";
import { definitionOf } from "../../../stages/methods/method.ts";
import { psMt, type PsMtInput, type PsMtOptions, square } from "../../../stages/methods/ps_mt.ts";
import type { BoxView } from "../../../stages/views/specs.ts";
import { openTraining } from "../../support/every_method.ts";
import { gpuTest } from "../../support/gpu.ts";
import { assertDeclared, bound, unreadOf } from "../../support/training.ts";

const published: PsMtOptions = {
  as: "published-code",
  threshold: 0.6,
  weight: 1.5,
  rampEpochs: 12,
  decay: 0.996,
  assist: 7,
  xi: 1e-6,
  radius: 2,
  cutMix: "square",
  pretrainedTeachers: false,
  criterion: "cross-entropy",
  ohemThreshold: 0.7,
  ohemMinKept: 50_000,
};

Deno.test("PS-MT has the published settings, and what nothing reads says so", () => {
  const unread = ["ohemThreshold", "ohemMinKept"].map((name) =>
    [`method.${name}`, "criterion is not ohem"] as const
  );
  assertDeclared(psMt, {
    defaults: published,
    unread,
    outputs: ["last", "bestStudent", "bestTeacher1", "bestTeacher2", "bestTeachers", "history"],
    refused: [
      { threshold: 1.1 },
      { weight: -1 },
      { rampEpochs: 0.5 },
      { decay: 1.1 },
      { assist: 0 },
      { assist: 2.5 },
      { xi: 0 },
      { xi: -1 },
      { radius: -1 },
      { cutMix: "boxes" },
      { as: "code" },
    ],
  });
  assert.deepEqual(unreadOf(psMt, { radius: 0 }), [["method.xi", "radius is 0"], ...unread]);
});

Deno.test("as described, ξ is one that single precision holds; what is written goes before that, and both say where they are from", () => {
  const xiOf = (input: PsMtInput) => {
    const { config: schema } = trainingStage(psMt).definition;
    const config = parseConfig(schema, { method: input } as never, "co-train");
    const leaf = explainConfig(schema, config, {}).find(({ name }) => name === "method.xi")!;
    return [parseConfig(definitionOf(psMt).options, input, "method"), leaf.source] as const;
  };
  const of = (input: PsMtInput) => (xiOf(input)[0] as PsMtOptions).xi;
  assert.deepEqual([of({}), of({ as: "paper" }), of({ as: "paper", xi: 10 }), of({ xi: 10 })], [
    1e-6,
    0.1,
    10,
    10,
  ]);
  assert.match(`${xiOf({})[1]}`, /PS-MT §4\.1/);
  assert.match(`${xiOf({ as: "paper" })[1]}`, /as described/);
});

Deno.test("teachers take turns, an epoch each, and learn in the warm-up, from random weights unless told", () => {
  const { averages, learners, randomStarts, ownStarts, schedules, predictions, headline } = bound(
    psMt({ weight: 2, rampEpochs: 4, decay: 0.75 }),
  );
  assert.deepEqual(averages, { teacher1: "student", teacher2: "student" });
  assert.deepEqual(
    [learners, randomStarts, ownStarts].map((set) => [...set]),
    new Array(3).fill(["teacher1", "teacher2"]),
  );
  assert.deepEqual([...bound(psMt({ pretrainedTeachers: true })).randomStarts], []);
  assert.deepEqual([predictions.teachers, headline], [["teacher1", "teacher2"], "teachers"]);
  const numbers = (step: number) => {
    const at = { step, steps: 60, epoch: Math.floor(step / 10), epochs: 6, stepsPerEpoch: 10 };
    return Object.fromEntries(
      Object.entries(schedules).map(([name, number]) => [name, number(at, "method")]),
    );
  };
  const shares = (one: number, two: number) => ({
    "teacher1/parameters": one,
    "teacher1/statistics": one,
    "teacher2/parameters": two,
    "teacher2/statistics": two,
  });
  assert.deepEqual(numbers(0), { weight: 0, turn: 0, ...shares(0.25, 0) });
  assert.deepEqual(numbers(9), { weight: 1 - Math.cos(Math.PI * 9 / 40), turn: 0, ...shares(0.25, 0) });
  assert.deepEqual(numbers(10), { weight: 1 - Math.cos(Math.PI / 4), turn: 1, ...shares(0, 0.25) });
  assert.deepEqual(numbers(40), { weight: 2, turn: 0, ...shares(0.25, 0) });
  assert.equal(numbers(59).weight, 2);
  const at = { step: 0, steps: 60, epoch: 0, epochs: 6, stepsPerEpoch: 10 };
  for (const name of Object.keys(shares(0, 0))) assert.equal(schedules[name]!(at, "warm-up"), 0);
});

Deno.test("a square is of Beta(4, 4), the same for a batch, and its centre never in the first eighth", () => {
  const crop = 64, sides: number[] = [], centres = new Set<number>();
  let cut = 0;
  for (let step = 0; step < 400; step++) {
    const batch = (stream: string) => new RandomStream({ seed: 3, stream, step });
    const drawn = [0, 1, 2].map((sample) =>
      square(new RandomStream({ seed: 3, stream: "own", step, sample }), crop, 1, batch("batch"))
    );
    // The border cuts boxes off, so the largest tells of all.
    const side = Math.max(...drawn.flatMap(({ x0, x1, y0, y1 }) => [x1 - x0, y1 - y0]));
    for (const { x0, x1, y0, y1 } of drawn) {
      for (const [low, high] of [[x0, x1], [y0, y1]] as const) {
        assert.ok(low >= 0 && high <= crop && high - low <= side);
        if (high - low === side) centres.add((low + high) / 2);
        else cut++;
        // What is cut off was centered inside.
        assert.ok(low === 0 ? high - side / 2 >= crop / 8 : true);
      }
    }
    sides.push(side);
  }
  assert.ok(cut > 100);
  assert.ok(Math.min(...centres) >= crop / 8);
  // λ = 1 − (side / crop)² has the mean ½ and the variance 1 / 36.
  const shares = sides.map((side) => 1 - (side / crop) ** 2);
  const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
  const variance = shares.reduce((a, b) => a + (b - mean) ** 2, 0) / shares.length;
  assert.ok(Math.abs(mean - 0.5) < 0.04, `${mean}`);
  assert.ok(Math.abs(variance * 36 - 1) < 0.25, `${variance}`);
});

Deno.test("Cityscapes has three boxes, each from any image", () => {
  const { boxes } = bound(psMt({ cutMix: "three boxes" })).draws.unlabeled!.views as { boxes: BoxView };
  assert.deepEqual([boxes.partner, boxes.count], ["any", 3]);
  const half = { uniform: () => 0.5 }, { x0, y0, x1, y1 } = boxes.law!(half, 100, 3, half);
  // √(0.375) of each side, times √(1/3).
  assert.deepEqual([x1 - x0, y1 - y0], [35, 35]);
  const { boxes: one } = bound(psMt()).draws.unlabeled!.views as { boxes: BoxView };
  assert.deepEqual([one.partner, one.count, one.law], ["permutation", 1, square]);
});

gpuTest(
  "more classes than there are cannot assist: refused when the training is planned, by the leaf",
  (device) => {
    assert.throws(
      () => openTraining(device, psMt({ assist: 200 })),
      /Cannot train by method "ps-mt": co-train\.method\.assist is 200, and there are \d+ classes; set it to \d+ at most/,
    );
  },
);
