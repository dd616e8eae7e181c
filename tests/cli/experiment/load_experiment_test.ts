/** Experiments as commands load them: with other methods in the place of their own. @module */
import assert from "node:assert/strict";
import { loadExperiment } from "../../../cli/experiment/load_experiment.ts";
import type { Graph } from "../../../pipeline/mod.ts";

const methodOf = ({ nodes }: Graph): Readonly<Record<string, unknown>> => {
  const { config, origins } = nodes.find(({ id }) => id === "co-train")!;
  return { ...(config as { readonly method: object }).method, by: origins["method.name"] };
};

Deno.test("--set co-train.method=NAME takes a method with the options that the experiment has for it", async () => {
  const shapes = await loadExperiment("shapes-12");
  assert.deepEqual(methodOf(shapes.build()).name, "ccvc");
  const chosen = methodOf(shapes.build(["co-train.method=cps"]));
  assert.deepEqual([chosen.name, chosen.cutMix, chosen.weight, chosen.by], ["cps", true, 1, "set"]);
  // Leaves that follow are of that method.
  const other = methodOf(shapes.build(["co-train.method=unimatch", "co-train.method.threshold=0.5"]));
  assert.deepEqual([other.name, other.threshold], ["unimatch", 0.5]);
  assert.throws(
    () => shapes.build(["co-train.method=supervised", "co-train.method.threshold=0.5"]),
    /unknown key "co-train\.method\.threshold"/,
  );
});

Deno.test("a method is exchanged in one build, and nothing is left of it in the next build", async () => {
  const shapes = await loadExperiment("shapes-12");
  const own = methodOf(shapes.build());
  assert.deepEqual(methodOf(shapes.build(["co-train.method=supervised"])).name, "supervised");
  assert.deepEqual(methodOf(shapes.build()), own);
});
