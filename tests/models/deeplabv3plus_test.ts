import assert from "node:assert/strict";
import { Graph } from "../../kernels/graph.ts";
import { makeTensor } from "../../kernels/tensor.ts";
import { type Mapping, predict } from "../../models/deeplabv3plus.ts";
import { declareNetworks, type Networks } from "../../models/networks.ts";
import type { BackboneName } from "../../models/resnet.ts";
import { declaredTensors } from "../support/declared_tensors.ts";

const pascal = {
  dilations: { replaceStride: [false, false, true] },
  rates: [6, 12, 18],
} as const;
const cityscapes = {
  dilations: { replaceStride: [false, true, true], multiGrid: [2, 2, 4] },
  rates: [12, 24, 36],
} as const;
const mapping: Mapping = { norm: true, dropout: 0.5 };

function declare(
  backbone: BackboneName,
  classes: number,
  settings: typeof pascal | typeof cityscapes,
  mappings: readonly [Mapping | undefined, Mapping | undefined] = [undefined, mapping],
): Networks {
  const [branch1, branch2] = mappings.map((mapping) => mapping ? { mapping } : {});
  return declareNetworks({ backbone, classes, ...settings }, { branch1: branch1!, branch2: branch2! });
}

function count({ registry }: Networks, prefix = ""): number {
  return registry.parameters.filter(({ name }) => name.startsWith(prefix))
    .reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
}

/** Captures both branches in evaluation mode on one square image; nothing is allocated. */
function capture({ registry, byName }: Networks, size: number) {
  const graph = new Graph(0);
  const home = { buffer: {} as GPUBuffer, offset: 0 };
  const tensors = declaredTensors(registry, { home });
  const x = makeTensor({ label: "x", shape: [1, size, size, 3], home });
  const tensor = (name: string) => tensors.get(name) ?? assert.fail(`no tensor is called ${name}`);
  const predictions = Object.values(byName).map((network) =>
    predict(network, { graph, training: false, tensor, parts: [""] }, x)[0]!
  );
  const convolutions = new Map(
    graph.dispatches.filter(({ kernel }) => kernel.name.startsWith("convolution"))
      .map((dispatch) => [dispatch.writes[0]!.label, dispatch]),
  );
  return { graph, predictions, convolutions };
}

Deno.test("both branches have the published number of parameters", async (t) => {
  for (
    const [backbone, classes, settings, expected] of [
      ["resnet50", 21, pascal, 81_044_938],
      ["resnet50", 19, cityscapes, 81_043_910],
      ["resnet101", 21, pascal, 119_029_194],
      ["resnet101", 19, cityscapes, 119_028_166],
    ] as const
  ) {
    await t.step(`${backbone}, ${classes} classes: ${expected}`, () => {
      assert.equal(count(declare(backbone, classes, settings)), expected);
    });
  }
});

Deno.test("every part has the published number of parameters", () => {
  const branches = declare("resnet101", 21, pascal);
  const parts = {
    "branch1.backbone.": 42_623_936,
    "branch2.backbone.": 42_623_936,
    "branch2.head.": 15_535_104,
    "branch2.reduce.": 12_384,
    "branch1.mapping.": 0,
    "branch2.mapping.": 93_024,
    "branch2.fuse.": 1_291_264,
    "branch2.classifier.": 5_397,
  };
  for (const [prefix, expected] of Object.entries(parts)) {
    assert.equal(count(branches, prefix), expected, prefix);
  }
  const cities = declare("resnet50", 19, cityscapes);
  assert.equal(count(cities, "branch1.backbone."), 23_631_808);
  assert.equal(count(cities, "branch1.classifier."), 4_883);
  assert.equal(count(declare("resnet50", 21, pascal, [mapping, mapping]), "branch1.mapping."), 93_024);
  // Without norm the mapping is its convolution alone.
  const bare = declare("resnet50", 21, pascal, [undefined, { norm: false, dropout: 0 }]);
  assert.equal(count(bare, "branch2.mapping."), 304 * 304);
});

/** The state-dict names that published checkpoints and the parity cases use, written out apart from the models. */
function publishedNames(blocks: readonly number[], mapped: readonly boolean[]): string[] {
  const norm = (prefix: string) =>
    ["weight", "bias", "running_mean", "running_var"].map((part) => `${prefix}.${part}`);
  const branch = (mapping: boolean) => [
    ...["0", "3", "6"].map((i) => `backbone.conv1.${i}.weight`),
    ...["conv1.1", "conv1.4", "bn1"].flatMap((name) => norm(`backbone.${name}`)),
    ...blocks.flatMap((count, stage) =>
      Array.from({ length: count }, (_, b) => `backbone.layer${stage + 1}.${b}`).flatMap((block, b) => [
        ...[1, 2, 3].flatMap((i) => [`${block}.conv${i}.weight`, ...norm(`${block}.bn${i}`)]),
        ...(b === 0 ? [`${block}.downsample.0.weight`, ...norm(`${block}.downsample.1`)] : []),
      ])
    ),
    ...["b0", "b1", "b2", "b3", "project"].flatMap((b) => [`head.${b}.0.weight`, ...norm(`head.${b}.1`)]),
    "head.b4.gap.1.weight",
    ...norm("head.b4.gap.2"),
    "reduce.0.weight",
    ...norm("reduce.1"),
    ...(mapping ? ["mapping.0.weight", ...norm("mapping.1")] : []),
    "fuse.0.weight",
    ...norm("fuse.1"),
    "fuse.3.weight",
    ...norm("fuse.4"),
    "classifier.weight",
    "classifier.bias",
  ];
  return mapped.flatMap((has, i) => branch(has).map((name) => `branch${i + 1}.${name}`));
}

Deno.test("the state dict has the published names, and no others", () => {
  const { registry } = declare("resnet50", 21, pascal);
  const names = [...registry.parameters, ...registry.statistics].map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(names.toSorted(), publishedNames([3, 4, 6, 3], [false, true]).toSorted());
});

Deno.test("there are as many networks as are named, in that order, each with the published names", () => {
  const { registry, byName } = declareNetworks({ backbone: "resnet14", classes: 3, ...pascal }, {
    student: {},
    teacher: { mapping },
    third: {},
  });
  assert.deepEqual(Object.keys(byName), ["student", "teacher", "third"]);
  const owners = registry.parameters.map(({ name }) => name.split(".")[0]!);
  assert.deepEqual([...new Set(owners)], ["student", "teacher", "third"]);
  const parts = (owner: string) =>
    [...registry.parameters, ...registry.statistics].map(({ name }) => name)
      .filter((name) => name.startsWith(`${owner}.`)).map((name) => name.slice(owner.length + 1));
  const published = (mapped: boolean) =>
    publishedNames([1, 1, 1, 1], [mapped]).map((name) => name.replace("branch1.", "")).toSorted();
  assert.deepEqual(parts("student").toSorted(), published(false));
  assert.deepEqual(parts("teacher").toSorted(), published(true));
  assert.deepEqual(parts("third").toSorted(), published(false));
});

Deno.test("the learning rate of the backbones covers their parameters alone", () => {
  const { registry } = declare("resnet50", 21, pascal);
  for (const { name, group } of registry.parameters) {
    assert.equal(group, /^branch[12]\.backbone\./.test(name) ? "backbone" : "head", name);
  }
});

const sizes: readonly (readonly number[])[] = [
  // S, stem, c1, layer2, c4 at output stride 16 and at 8
  [321, 161, 81, 41, 21, 41],
  [512, 256, 128, 64, 32, 64],
  [712, 356, 178, 89, 45, 89],
  [769, 385, 193, 97, 49, 97],
  [801, 401, 201, 101, 51, 101],
];

for (const [stride, settings, classes] of [[16, pascal, 21], [8, cityscapes, 19]] as const) {
  const branches = declare("resnet50", classes, settings);
  Deno.test(`features have the published sizes at output stride ${stride}`, async (t) => {
    for (const [size, stem, c1, layer2, c4At16, c4At8] of sizes) {
      await t.step(`${size}`, () => {
        const { predictions, convolutions } = capture(branches, size!);
        const c4 = stride === 16 ? c4At16 : c4At8;
        for (const [i, branch] of ["branch1", "branch2"].entries()) {
          const shape = (name: string) => convolutions.get(`${branch}.${name}`)!.writes[0]!.shape;
          assert.deepEqual(shape("backbone.conv1.6"), [1, stem, stem, 128]);
          assert.deepEqual(shape("backbone.layer1.2.conv3"), [1, c1, c1, 256]);
          assert.deepEqual(shape("backbone.layer2.3.conv3"), [1, layer2, layer2, 512]);
          assert.deepEqual(shape("backbone.layer4.2.conv3"), [1, c4, c4, 2048]);
          assert.deepEqual(shape("head.project.0"), [1, c4, c4, 256]);
          assert.deepEqual(predictions[i]!.features.values.shape, [1, c1, c1, 304]);
          assert.deepEqual(predictions[i]!.logits.shape, [1, c1, c1, classes]);
          assert.deepEqual(predictions[i]!.size, { height: size, width: size });
        }
      });
    }
  });
}

Deno.test("strides and dilations are the published ones, block by block", () => {
  const steps = (settings: typeof pascal | typeof cityscapes, stage: number, blocks: number) => {
    const { convolutions } = capture(declare("resnet101", 21, settings), 65);
    return Array.from({ length: blocks }, (_, b) => {
      const { scale, tap_step } = convolutions.get(`branch1.backbone.layer${stage}.${b}.conv2`)!.uniforms;
      return [scale, tap_step];
    });
  };
  const same = (first: number[], rest: number[], count: number) => [first, ...Array(count - 1).fill(rest)];
  assert.deepEqual(steps(pascal, 2, 4), same([2, 1], [1, 1], 4));
  assert.deepEqual(steps(pascal, 3, 23), same([2, 1], [1, 1], 23));
  assert.deepEqual(steps(pascal, 4, 3), [[1, 1], [1, 2], [1, 2]]);
  assert.deepEqual(steps(cityscapes, 2, 4), same([2, 1], [1, 1], 4));
  assert.deepEqual(steps(cityscapes, 3, 23), same([1, 1], [1, 2], 23));
  assert.deepEqual(steps(cityscapes, 4, 3), [[1, 4], [1, 8], [1, 16]]);
  const { convolutions } = capture(declare("resnet101", 21, cityscapes), 65);
  const rates = [1, 2, 3].map((b) => convolutions.get(`branch2.head.b${b}.0`)!.uniforms.tap_step);
  assert.deepEqual(rates, [12, 24, 36]);
});

Deno.test("convolutions multiply as often as published", () => {
  const billions = (
    backbone: BackboneName,
    classes: number,
    settings: typeof pascal | typeof cityscapes,
    size: number,
  ) => {
    const { convolutions } = capture(declare(backbone, classes, settings), size);
    return ["branch1", "branch2"].map((branch) => {
      const own = [...convolutions].filter(([label]) => label.startsWith(branch));
      return (own.reduce((sum, [, { flops }]) => sum + flops / 2, 0) / 1e9).toFixed(1);
    });
  };
  assert.deepEqual(billions("resnet50", 21, pascal, 321), ["31.7", "32.3"]);
  assert.deepEqual(billions("resnet101", 21, pascal, 512), ["95.7", "97.2"]);
  assert.deepEqual(billions("resnet50", 19, cityscapes, 801), ["471.4", "475.1"]);
});

Deno.test("the small backbone is of the same family: same names, and features at the same strides", () => {
  const branches = declare("resnet14", 3, pascal);
  const { registry } = branches;
  const names = [...registry.parameters, ...registry.statistics].map(({ name }) => name);
  assert.deepEqual(names.toSorted(), publishedNames([1, 1, 1, 1], [false, true]).toSorted());
  const { predictions, convolutions } = capture(branches, 321);
  assert.deepEqual(convolutions.get("branch1.backbone.layer4.0.conv3")!.writes[0]!.shape, [1, 21, 21, 256]);
  assert.deepEqual(predictions[0]!.features.values.shape, [1, 81, 81, 64]);
});
