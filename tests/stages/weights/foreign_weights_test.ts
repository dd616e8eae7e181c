import assert from "node:assert/strict";
import { withBatchCounts } from "../../../models/batch_counts.ts";
import { WeightsError } from "../../../models/errors.ts";
import { encodePytorch } from "../../../models/pytorch/write.ts";
import { readWeights } from "../../../models/weights_file.ts";
import { openCheckpoint } from "../../../stages/weights/checkpoint.ts";
import {
  camvidClasses,
  cityscapesClasses,
  pascalClasses,
  shapesClasses,
} from "../../../stages/datasets/classes.ts";
import { describeNetwork } from "../../../stages/weights/foreign_weights.ts";
import { buildNetworks, type NetworkDescription } from "../../../stages/weights/network.ts";
import { describePair } from "../../../stages/weights/pair.ts";
import { withFolder } from "../../support/stage_run.ts";
import { testCheckpoint } from "../../support/training.ts";

const mapping = { norm: true, dropout: 0.5 };
const networks: readonly NetworkDescription[] = [
  describePair({ backbone: "resnet101", outputStride: 16, classes: pascalClasses }, [{}, { mapping }]),
  describePair({ backbone: "resnet50", outputStride: 8, classes: cityscapesClasses }, [{ mapping }, {
    mapping,
  }]),
  describePair({ backbone: "resnet14", outputStride: 16, classes: camvidClasses }, [{}, {
    mapping: { norm: false, dropout: 0 },
  }]),
  describePair({ backbone: "resnet50", outputStride: 16, classes: pascalClasses }, [{}, {}]),
  describePair({ backbone: "resnet18", outputStride: 16, classes: pascalClasses }, [{}, { mapping }]),
];

/** Names and shapes of a network. */
function shapesOf(network: NetworkDescription) {
  const { registry } = buildNetworks(network);
  return new Map(
    [...registry.parameters, ...registry.statistics].map(({ name, shape }) => [name, { shape }]),
  );
}

Deno.test("names and shapes tell backbone, mappings and classes", () => {
  for (const network of networks) assert.deepEqual(describeNetwork(shapesOf(network)), network);
});

Deno.test("the output stride is that of the published settings unless it is told", () => {
  const [pascal, cityscapes] = networks.map(shapesOf) as [
    ReturnType<typeof shapesOf>,
    ReturnType<typeof shapesOf>,
  ];
  assert.equal(describeNetwork(pascal, { outputStride: 8 }).outputStride, 8);
  assert.equal(describeNetwork(cityscapes, { outputStride: 16 }).outputStride, 16);
});

Deno.test("classes that nobody knows are numbers, in colors that differ; those of the data are taken if they are as many", () => {
  const seven = shapesOf({ ...networks[2]!, classes: shapesClasses });
  const { names, colors } = describeNetwork(seven).classes;
  assert.deepEqual(names, ["class 0", "class 1", "class 2", "class 3", "class 4", "class 5", "class 6"]);
  assert.equal(new Set(colors.map(String)).size, 7);
  assert.deepEqual(describeNetwork(seven, { classes: shapesClasses }).classes, shapesClasses);
  assert.throws(
    () => describeNetwork(seven, { classes: pascalClasses }),
    (error) =>
      error instanceof WeightsError && /tells 7 classes apart, and 21 are asked for/.test(error.message),
  );
});

Deno.test("weights of another network say why they are not taken", () => {
  const shapes = shapesOf(networks[0]!);
  shapes.delete("branch2.classifier.weight");
  assert.throws(
    () => describeNetwork(shapes),
    /no "branch1\.classifier\.weight" and "branch2\.classifier\.weight".*first tensor is "branch1\.backbone\.conv1\.0\.weight"/,
  );
  assert.throws(() => describeNetwork(new Map()), /its first tensor is "none"/);
  const longer = shapesOf(networks[0]!);
  longer.set("branch1.backbone.layer3.23.conv1.weight", { shape: [256, 1024, 1, 1] });
  assert.throws(
    () => describeNetwork(longer),
    /its backbone is none of resnet50, resnet101, .*resnet18, resnet14/,
  );
});

Deno.test(
  "a checkpoint of the original's form opens as one of ours: the same weights, without counters and prefix",
  withFolder(async (folder) => {
    const ours = await testCheckpoint(`${folder}/ours.safetensors`, { classes: pascalClasses });
    const { network, state } = await ours.read();
    const { tensors } = await readWeights(await Deno.readFile(ours.path), ours.path);
    const named = new Map([...withBatchCounts(tensors)].map(([name, tensor]) => [`module.${name}`, tensor]));
    await Deno.writeFile(`${folder}/theirs.pth`, encodePytorch(named));
    assert.deepEqual(await openCheckpoint(`${folder}/theirs.pth`).read(), { network, state });
    const other = await openCheckpoint(`${folder}/theirs.pth`, { outputStride: 8 }).read();
    assert.equal(other.network.outputStride, 8);
    // What describes itself is not to be told otherwise.
    assert.deepEqual(await openCheckpoint(ours.path, { outputStride: 8 }).read(), { network, state });
  }),
);
