import assert from "node:assert/strict";
import type { PseudoLabels } from "../../../stages/datasets/pseudo_labels.ts";
import type { MaskSet, SampleSet } from "../../../stages/datasets/samples.ts";
import { testContext } from "../../support/stage_run.ts";
import { shapesSet, square } from "../../support/training.ts";
import experiment, { annotate } from "./next_12.ts";

const labeled = shapesSet(square(16, 2)), others = shapesSet(square(16, 6), 2);
const conflicts = [0, 0.25, 0.5, 0.25, 0, 1];
const labels: PseudoLabels = {
  names: [],
  read: () => Promise.reject(new Error("the index is enough")),
  index: {
    threshold: 0.95,
    classes: others.classes.names,
    entries: others.ids.map((id, n) => ({ id, folder: String(n), kept: 1, conflict: conflicts[n]! })),
  },
};

async function annotated(by: "disagreement" | "random", seed: number) {
  const { mask, classes, ...unlabeled } = others, unlabeledTruth: MaskSet = { ...others, mask, classes };
  const inputs = { data: { labeled, unlabeled, unlabeledTruth }, labels };
  const context = testContext("", undefined, { seed });
  return await annotate.definition.run({ inputs, config: { by, count: 3 }, context });
}

/** Each image with its labels, as the scenes have them. */
function assertScenes(set: SampleSet): void {
  set.ids.forEach((id, at) => {
    const scene = shapesSet(square(16, 1), Number(id.slice("scene ".length)));
    assert.deepEqual([set.image(at), set.mask(at)], [scene.image(0), scene.mask(0)], id);
  });
}

Deno.test("the images on which networks disagree most join the labeled ones, with their own masks", async () => {
  const { labeled: more, unlabeled } = await annotated("disagreement", 0);
  assert.deepEqual(more.ids, ["scene 0", "scene 1", "scene 7", "scene 4", "scene 3"]);
  assert.equal(more.length, 5);
  assertScenes(more);
  assert.deepEqual(unlabeled.ids, ["scene 2", "scene 5", "scene 6"]);
  assert.deepEqual(unlabeled.image(1), others.image(3));
  assert.ok(!("mask" in unlabeled));
});

Deno.test("others are drawn by the seed, as many", async () => {
  const [zero, again, one] = await Promise.all([0, 0, 1].map((seed) => annotated("random", seed)));
  assert.deepEqual(zero!.labeled.ids, again!.labeled.ids);
  assert.notDeepEqual(zero!.labeled.ids, one!.labeled.ids);
  for (const { labeled: more, unlabeled } of [zero!, one!]) {
    assertScenes(more);
    assert.deepEqual([...more.ids, ...unlabeled.ids].sort(), [...labeled.ids, ...others.ids].sort());
    assert.equal(unlabeled.length, 3);
  }
});

Deno.test("both trainings have one set of settings, and the second starts from nothing of the first", () => {
  const nodes = new Map(experiment.build().nodes.map((node) => [node.id, node]));
  const [first, second] = ["co-train", "co-train-2"].map((id) => nodes.get(id)!);
  assert.deepEqual(second!.config, first!.config);
  assert.deepEqual(nodes.get("augment-2")!.config, nodes.get("augment")!.config);
  assert.deepEqual([...new Set(second!.edges.map(({ from }) => from.id))], ["augment-2"]);
});
