import assert from "node:assert/strict";
import { isPreset } from "../../../pipeline/mod.ts";
import { explainGraph } from "../../../cli/experiment/explain.ts";
import { experimentNames } from "../../../cli/experiment/experiment.ts";
import { loadExperiment } from "../../../cli/experiment/load_experiment.ts";
import { placeTest } from "../support.ts";

for (const command of ["train", "plan"]) {
  placeTest(`${command} --explain tells every leaf and who set it, and runs nothing`, async (place) => {
    const { status, out, notes } = await place.command(
      command,
      "pascal-366",
      "--explain",
      "--set",
      "co-train.batch=16",
      "--set",
      "co-train.method.conflictWeight=3",
    );
    assert.deepEqual([status, notes], [0, ""]);
    assert.deepEqual([place.has(place.runs), place.has(place.cache)], [false, false]);
    assert.equal(out[0], "pascal-366");
    for (
      const line of [
        "co-train",
        "  batch = 16 (images)  [--set, instead of 8]",
        "  epochs = 40 (epochs)  [experiment, instead of 80]",
        "  momentum = 0.9 (factor)  [default]",
        "  stepsPerEpoch = not set  [left out]",
        "  method.confidence = logit  [preset published-code]",
        "  method.conflictWeight = 3 (factor)  [--set, instead of 2]",
      ]
    ) assert.ok(out.includes(line), line);
    const at = out.indexOf("  method.confidence = logit  [preset published-code]");
    assert.match(out[at + 1]!, /^ {6}What is compared with the threshold.* Source: code: .*CCVC §8\.1\.1\.$/);
    assert.ok(out.some((line) => line.includes("Nothing reads it here: criterion is not ohem.")));
    assert.match(out.at(-1)!, /docs\/methods\/ccvc\.md/);
  });
}

placeTest("--explain --json gives the same as one line of JSON", async (place) => {
  const { status, out } = await place.command(
    "train",
    "pascal-366",
    "--explain",
    "--json",
    "--set",
    "co-train.method.as=paper",
  );
  assert.deepEqual([status, out.length], [0, 1]);
  const { pipeline, stages } = JSON.parse(out[0]!);
  assert.equal(pipeline, "pascal-366");
  const leaves = stages.find(({ id }: { id: string }) => id === "co-train").leaves;
  const confidence = leaves.find(({ name }: { name: string }) => name === "method.confidence");
  assert.deepEqual([confidence.value, confidence.by, confidence.preset], ["probability", "preset", "paper"]);
  assert.match(confidence.source, /text/);
});

placeTest("--explain refuses what a run would refuse", async (place) => {
  const { status, notes } = await place.command(
    "train",
    "pascal-366",
    "--explain",
    "--set",
    "co-train.method.mappingNorm=false",
  );
  assert.equal(status, 2);
  assert.match(
    notes,
    /co-train\.method\.dropout: dropout after the mapping needs mappingNorm; set dropout to 0/,
  );
});

Deno.test("every leaf of every experiment says what it is and where its value comes from", async () => {
  for (const name of await experimentNames()) {
    const graph = (await loadExperiment(name)).build();
    const { stages } = explainGraph(graph);
    const silent = stages.flatMap(({ id, leaves }) =>
      leaves.filter(({ description, source, value }) =>
        !description || (source === undefined && value !== undefined)
      )
        .map((leaf) => `${id}.${leaf.name}`)
    );
    assert.deepEqual(silent, [], name);
    const training = graph.nodes.find(({ id }) => id === "co-train")!;
    const { method } = training.config as { readonly method: object };
    assert.equal(isPreset(training.stage.config, ["method", "as"]), "as" in method);
    assert.equal(isPreset(training.stage.config, ["method", "mode"]), false);
  }
});
