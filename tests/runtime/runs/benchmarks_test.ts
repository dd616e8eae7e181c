import assert from "node:assert/strict";
import { benchmarksOf } from "../../../runtime/runs/benchmarks.ts";
import { metricsText } from "../../../cli/runs/metrics.ts";
import { experimentNames } from "../../../cli/experiment/experiment.ts";
import { loadExperiment } from "../../../cli/experiment/load_experiment.ts";

const load = (partition?: unknown) => ({ stage: "load", config: { partition } });

Deno.test("a published partition's benchmark is named, with the draw that it is not", () => {
  assert.deepEqual(benchmarksOf([load("pascal/1_16"), load("pascal/1_16"), { stage: "x", config: null }]), [
    "PASCAL blended 1/16, CPS lists (pascal/1_16: 93 of 662 finely labeled; not pascal/u2pl_1_16)",
  ]);
  const u2pl = benchmarksOf([load("pascal/u2pl_1_16")]);
  assert.match(u2pl[0]!, /^PASCAL blended 1\/16, U²PL lists \(.*not pascal\/1_16\)$/);
  assert.deepEqual(benchmarksOf([load(), load(3), { stage: "load", config: null }]), []);
});

Deno.test("scores are printed with their benchmark", () => {
  const miou = { branch1: 1, branch2: 2, average: 3 };
  assert.match(
    metricsText({ miou, benchmarks: ["Cityscapes 1/30 (x)"] }),
    /^benchmark: Cityscapes 1\/30 \(x\)\n/,
  );
  assert.ok(!metricsText({ miou }).includes("benchmark"));
});

Deno.test("no two shipped experiments on published partitions are one benchmark by one method with the same options", async () => {
  const all: string[] = [];
  for (const name of await experimentNames()) {
    const { nodes } = (await loadExperiment(name)).build();
    const training = nodes.find(({ stage }) => stage.name === "co-train")!;
    const method = JSON.stringify((training.config as { method: unknown }).method);
    const benchmarks = benchmarksOf(nodes.map(({ stage, config }) => ({ stage: stage.name, config })));
    all.push(...benchmarks.map((benchmark) => `${benchmark} by ${method}`));
  }
  assert.ok(all.length >= 12);
  assert.equal(new Set(all).size, all.length);
});
