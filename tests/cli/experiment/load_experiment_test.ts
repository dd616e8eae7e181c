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

Deno.test("a method that learns from pseudo-labels has those of the same training by labels alone", async () => {
  const shapes = await loadExperiment("shapes-12");
  const { nodes } = shapes.build([
    "co-train.method=simple-baseline",
    "co-train.epochs=2",
    "co-train.method.beta=0.5",
  ]);
  const find = (id: string) => nodes.find((node) => node.id === id)!;
  const config = (id: string) =>
    find(id).config as { readonly epochs: number; readonly method: { readonly name: string } };
  const { method: alone, ...first } = config("co-train-alone"), { method, ...rest } = config("co-train");
  assert.deepEqual([alone, first.epochs], [{ name: "supervised" }, 2]);
  assert.deepEqual(first, rest, "what is set of a training is set of the one before it, too");
  assert.equal((method as unknown as { beta: number }).beta, 0.5);
  const edges = find("co-train").edges.map(({ input, from, output }) => `${input} ← ${from.id}.${output}`);
  assert.deepEqual(edges.slice(-2), [
    "pseudoLabels ← co-train-alone-labels.labels",
    "start ← co-train-alone.last",
  ]);
  assert.deepEqual(find("co-train-alone-labels").config, { threshold: 0 });
});

Deno.test("an experiment of rounds builds by a method that draws no pseudo-labeled images, and by its own name for the best", async () => {
  const rounds = await loadExperiment("simple-baseline-pascal-1-8");
  const edges = (set: string[], id: string) =>
    rounds.build(set).nodes.find((node) => node.id === id)!.edges.map(({ input, output }) =>
      `${input} ← ${output}`
    );
  assert.deepEqual(
    edges(["co-train.method=ccvc"], "co-train").filter((edge) => !edge.startsWith("views.")),
    [],
  );
  const first = ["co-train-0.method=cutmix-seg"];
  assert.deepEqual(edges(first, "pseudo-label-0").slice(0, 1), ["nets.last ← bestTeacher"]);
  // A stage that is given all outputs is given those of the method that stands in the place, and no other names.
  const whole = (await loadExperiment("shapes-12")).build(["co-train.method=unimatch"]).nodes;
  const given = whole.find(({ id }) => id === "evaluate")!.edges.map(({ input }) => input);
  assert.deepEqual(given.filter((input) => input.startsWith("nets.best")), ["nets.bestStudent"]);
});
