import assert from "node:assert/strict";
import { type Metrics, metricsText, seedsText, summarize } from "../../cli/metrics.ts";
import { metricsDifference } from "../../cli/run_difference.ts";

const scored = (average: number, protocol?: string): Metrics => ({
  miou: { branch1: average - 1, branch2: average + 1, average },
  ...(protocol === undefined ? {} : { protocol }),
});

Deno.test("every table of scores says the protocol, where there is one", () => {
  assert.match(metricsText(scored(70, "sliding_window_712")), /^percent, sliding_window_712 +mIoU\n/);
  assert.match(metricsText(scored(70)), /^percent +mIoU\n/);
  const summary = summarize([0, 1], [scored(70, "center_crop_712"), scored(71, "center_crop_712")]);
  assert.match(seedsText(summary), /^mIoU, percent, center_crop_712 +branch 1/);
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
