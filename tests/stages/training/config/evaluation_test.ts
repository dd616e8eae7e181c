import assert from "node:assert/strict";
import { parseConfig } from "../../../../pipeline/language/schema.ts";
import {
  type BestScores,
  type EvaluationConfig,
  evaluationSchema,
  protocolAt,
  updateBest,
} from "../../../../stages/training/config/evaluation.ts";
import type { Protocol } from "../../../../stages/evaluation/protocols.ts";

const parse = (input: unknown) => parseConfig<EvaluationConfig>(evaluationSchema, input, "co-train");
const published = parse({ protocol: "sliding_window", crop: 712, earlier: "center_crop" });
const names = (evaluation: EvaluationConfig, epochs: number) =>
  Array.from({ length: epochs }, (_, epoch) => protocolAt(evaluation, epoch, epochs).name);

Deno.test("the published rule: center crops up to the last 20 epochs, then sliding windows", () => {
  const all = names(published, 250);
  assert.deepEqual(all.slice(0, 230), Array(230).fill("center_crop"));
  assert.deepEqual(all.slice(230), Array(20).fill("sliding_window"));
  assert.deepEqual(names(published, 20), Array(20).fill("sliding_window"));
  assert.deepEqual(names(published, 3), Array(3).fill("sliding_window"));
  assert.equal(names(published, 21).indexOf("sliding_window"), 1);
  assert.deepEqual(protocolAt(published, 0, 250), { name: "center_crop", crop: 712 });
});

Deno.test("without an earlier protocol there is one, images whole unless told", () => {
  assert.deepEqual(names(parse({}), 30), Array(30).fill("original"));
  assert.deepEqual(names(parse({ protocol: "center_crop", crop: 9 }), 30), Array(30).fill("center_crop"));
});

Deno.test("windows without a side are refused, whichever of the two protocols wants one", () => {
  for (const choice of [{ protocol: "sliding_window" }, { earlier: "center_crop" }]) {
    assert.throws(() => parse(choice), /co-train\.crop: it is missing, and protocol "\w+" needs the side/);
  }
  for (const crop of [1, 0, -712, 712.5, 40_000, "712", null]) {
    assert.throws(() => parse({ protocol: "center_crop", crop }), /co-train\.crop: /, `${crop}`);
  }
  assert.throws(() => parse({ protocol: "sliding" }), /co-train\.protocol: /);
  assert.throws(() => parse({ protocol: "original", finalEpochs: 0 }), /co-train\.finalEpochs: /);
});

const center: Protocol = { name: "center_crop", crop: 712 };
const sliding: Protocol = { name: "sliding_window", crop: 712 };
const scores = (branch1: number, branch2: number, average: number) => ({ branch1, branch2, average });

function course(rule: EvaluationConfig["best"], steps: readonly [Protocol, number, number, number][]) {
  let best: BestScores | undefined;
  return steps.map(([protocol, ...values]) => {
    const update = updateBest(best, protocol, scores(...values), rule);
    best = update.best;
    return update.improved;
  });
}

Deno.test("a score that could not be made is no best, and the first that could is one", () => {
  const step = (before: BestScores | undefined, score: number | null) =>
    updateBest(before, center, { student: score }, "within_protocol");
  const none = step(undefined, null);
  assert.deepEqual(none, { best: { protocol: "center_crop_712", scores: { student: null } }, improved: [] });
  const some = step(none.best, 0);
  assert.deepEqual([some.improved, some.best.scores], [["student"], { student: 0 }]);
  assert.deepEqual(step(some.best, null), { best: some.best, improved: [] });
});

Deno.test("each prediction has its own best, and only a strictly higher score is one", () => {
  assert.deepEqual(
    course("within_protocol", [[center, 0, 5, 5], [center, 0, 6, 5], [center, 1, 6, 4], [center, 1, 5, 5.1]]),
    [["branch1", "branch2", "average"], ["branch2"], ["branch1"], ["average"]],
  );
});

Deno.test("across protocols all scores compete, as published; within one, the final one's begin anew", () => {
  const steps: [Protocol, number, number, number][] = [[center, 9, 5, 7], [sliding, 8, 6, 7], [
    sliding,
    8.5,
    6,
    6,
  ]];
  assert.deepEqual(course("across_protocols", steps), [["branch1", "branch2", "average"], ["branch2"], []]);
  assert.deepEqual(course("within_protocol", steps), [
    ["branch1", "branch2", "average"],
    ["branch1", "branch2", "average"],
    ["branch1"],
  ]);
  const { best } = updateBest(
    { protocol: "center_crop_712", scores: scores(9, 5, 7) },
    sliding,
    scores(8, 6, 7),
    "across_protocols",
  );
  assert.deepEqual(best, { protocol: "sliding_window_712", scores: scores(9, 6, 7) });
});
