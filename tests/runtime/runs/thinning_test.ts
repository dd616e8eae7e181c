import assert from "node:assert/strict";
import type { PipelineEvent } from "../../../pipeline/mod.ts";
import { Thinning } from "../../../runtime/runs/thinning.ts";

const step = (number: number, node = "train"): PipelineEvent => ({
  type: "progress",
  node,
  data: { kind: "step", step: number },
});

/** The steps that are kept of so many. */
function kept(steps: number): number[] {
  const thinning = new Thinning();
  return Array.from({ length: steps }, (_, i) => i + 1).filter((number) => thinning.keeps(step(number)));
}

Deno.test("Thinning keeps a thousand reports of a kind, and 900 more for each ten times as many", () => {
  assert.deepEqual(kept(1000).length, 1000);
  assert.deepEqual(kept(3000).slice(1000, 1003), [1010, 1020, 1030]);
  assert.deepEqual(kept(10_000).length, 1900);
  assert.deepEqual(kept(100_000).length, 2800);
  assert.equal(kept(100_000).at(-1), 100_000);
});

Deno.test("Thinning counts each stage and kind by itself, and lets all other events pass", () => {
  const thinning = new Thinning();
  for (let i = 1; i <= 1005; i++) thinning.keeps(step(i));
  assert.ok(!thinning.keeps(step(1006)));
  assert.ok(thinning.keeps(step(1, "other")));
  assert.ok(thinning.keeps({ type: "progress", node: "train", data: { kind: "evaluation", epoch: 1 } }));
  assert.ok(thinning.keeps({ type: "progress", node: "train", data: { unit: "images", done: 1, total: 2 } }));
  assert.ok(!thinning.keeps({ type: "progress", node: "train", data: { kind: "tick", step: 1 } }));
  for (let i = 0; i < 2000; i++) assert.ok(thinning.keeps({ type: "hit", node: "train", key: "0" }));
});
