import assert from "node:assert/strict";
import { loadExperiment } from "../../../cli/experiment/load_experiment.ts";
import { configsOf, differing } from "../leaves.ts";

Deno.test("the folders' experiments run on the small backbone and take another root", async () => {
  const folders = [["voc-folder", "pascal"], ["camvid-46", "camvid"], ["nuclei", "folder"]] as const;
  for (const [name, dataset] of folders) {
    const { load, "co-train": train } = await configsOf(name);
    const { epochs, warmUpEpochs, method } = train;
    assert.deepEqual(
      differing(train, { backbone: "resnet14", stepsPerEpoch: 100, evaluateEvery: epochs }),
      [],
    );
    assert.equal(method.name, "ael");
    assert.ok(Number(warmUpEpochs) > 0 && Number(warmUpEpochs) < Number(epochs), "labels, then the method");
    assert.deepEqual(differing(load, { dataset, partition: undefined, labeledEvery: 8 }), []);
    const { nodes } = (await loadExperiment(name)).build([
      "load.root=../elsewhere",
      "co-train.backbone=resnet50",
    ]);
    assert.equal((nodes[0]!.config as { root: string }).root, "../elsewhere");
    assert.equal((nodes[2]!.config as { backbone: string }).backbone, "resnet50");
  }
});
