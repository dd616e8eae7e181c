import assert from "node:assert/strict";
import { metricsText, seedsText, summarize } from "../../../cli/runs/metrics.ts";
import { headlineScore, isRunScores, predictionNames, type RunScores } from "../../../runtime/runs/scores.ts";
import { methodResults, methodsText } from "../../../cli/runs/methods_table.ts";
import { metricsDifference } from "../../../cli/runs/run_difference.ts";

const scored = (average: number, protocol?: string): RunScores => ({
  miou: { branch1: average - 1, branch2: average + 1, average },
  ...(protocol === undefined ? {} : { protocol }),
});

Deno.test("every table of scores says the protocol, where there is one", () => {
  assert.match(metricsText(scored(70, "sliding_window_712")), /^percent, sliding_window_712 +mIoU\n/);
  assert.match(metricsText(scored(70)), /^percent +mIoU\n/);
  const summary = summarize([0, 1], [scored(70, "center_crop_712"), scored(71, "center_crop_712")]);
  assert.match(seedsText(summary), /^mIoU, percent, center_crop_712 +branch 1/);
});

Deno.test("predictions have the method's names, as many as there are, and the headline stands at the end", () => {
  const miou = { teacher: 72, student: 70, branch10: 1 };
  assert.deepEqual(predictionNames({ headline: "student", miou }), ["branch10", "teacher", "student"]);
  assert.equal(headlineScore({ headline: "student", miou }), 70);
  // Older scores are of CCVC, and sorted.
  const older = { average: 3, branch1: 1, branch2: 2 };
  assert.deepEqual(predictionNames({ miou: older }), ["branch1", "branch2", "average"]);
  assert.equal(headlineScore({ miou: older }), 3);
  assert.match(
    metricsText({ headline: "student", miou }),
    /branch 10 +1\.00\nteacher +72\.00\nstudent +70\.00$/,
  );
  const text = seedsText(summarize([4], [{ headline: "student", miou: { student: 70 } }]));
  assert.match(text, /^mIoU, percent +student\n.*\nseed 4 +70\.00\n/);
});

Deno.test("scores are metrics where each is a number or could not be made, and the headline is one of them", () => {
  assert.ok(
    isRunScores({ miou: { student: 1 } }) && isRunScores({ miou: { student: 1 }, headline: "student" }),
  );
  for (
    const value of [undefined, null, 3, {}, { miou: null }, { miou: {} }, { miou: { student: "1" } }, {
      miou: { student: 1 },
      headline: "teacher",
    }]
  ) assert.ok(!isRunScores(value), JSON.stringify(value));
});

Deno.test("scores of one protocol are subtracted; those of two stand side by side", () => {
  const alike = metricsDifference(scored(70, "original"), scored(71.5, "original"))!;
  assert.match(alike, /^percent, original +first +second +difference\n/);
  assert.match(alike, /mIoU, average +70\.00 +71\.50 +\+1\.50/);
  for (
    const [a, b] of [["center_crop_712", "sliding_window_712"], ["sliding_window_512", "sliding_window_712"]]
  ) {
    const apart = metricsDifference(scored(69.28, a), scored(75.15, b))!;
    assert.match(apart, new RegExp(`^percent +first, ${a} +second, ${b}\n`));
    assert.match(apart, /mIoU, average +69\.28 +75\.15\n/);
    assert.doesNotMatch(apart, /5\.87/);
    assert.match(apart, /no differences: the two were scored under different protocols$/);
  }
});

Deno.test("a score that could not be made is n/a in every table, and so is what follows from it", () => {
  const none: RunScores = {
    headline: "student",
    miou: { student: null },
    pixelAccuracy: { student: null },
    perClass: [{ name: "cat", iou: null }, { name: "dog", iou: 12.5 }],
  };
  const one: RunScores = { headline: "student", miou: { student: 70 } };
  assert.ok(isRunScores(none));
  assert.equal(headlineScore(none), null);
  assert.match(metricsText(none), /student +n\/a +n\/a\n[^]*cat +n\/a\ndog +12\.50$/);
  const { mean, standardDeviation } = summarize([0, 1], [one, none]);
  assert.deepEqual([mean.miou, standardDeviation.miou], [{ student: null }, { student: null }]);
  assert.match(seedsText(summarize([0, 1], [one, none])), /seed 0 +70\.00\nseed 1 +n\/a\nmean +n\/a$/);
  assert.match(metricsDifference(one, none)!, /mIoU, student +70\.00 +n\/a\n/);
  const run = (metrics: RunScores) => ({ metrics, trainings: [] });
  const results = methodResults([0], [
    { name: "supervised", runs: [run(one)] },
    { name: "cps", runs: [run(none)] },
  ], new Map());
  assert.deepEqual(results[1]!.difference, { mean: null, standardDeviation: null });
  assert.match(methodsText(results), /cps +student +n\/a +n\/a +n\/a/);
});
