import assert from "node:assert/strict";
import { recognizeBackbone, takeBackbone } from "../../models/backbone_weights.ts";
import { WeightsError } from "../../models/errors.ts";
import type { BackboneName } from "../../models/resnet.ts";
import type { StoredTensor } from "../../models/stored_tensor.ts";
import { classifier, filled } from "../support/weights/backbone_file.ts";

const strict = { strict: true }, lenient = { strict: false };

/** The file without or with other tensors. */
function changed(change: Record<string, StoredTensor | null>): Map<string, StoredTensor> {
  const tensors = classifier("resnet14");
  for (const [name, tensor] of Object.entries(change)) {
    if (tensor === null) tensors.delete(name);
    else tensors.set(name, tensor);
  }
  return tensors;
}

function refused(
  tensors: Map<string, StoredTensor>,
  reason: RegExp,
  backbone: BackboneName = "resnet14",
) {
  assert.throws(
    () => takeBackbone(tensors, backbone, strict),
    (error) => error instanceof WeightsError && (assert.match(error.message, reason), true),
  );
}

Deno.test("a classifier's file gives all of the backbone; its last layer is left over, its counters are not mentioned", () => {
  for (
    const [backbone, count] of [
      ["resnet14", 95],
      ["resnet18", 100],
      ["resnet34", 180],
      ["resnet50", 275],
      ["resnet101", 530],
      ["torchvision-resnet50", 265],
      ["torchvision-resnet101", 520],
    ] as const
  ) {
    const tensors = classifier(backbone);
    const { state, report } = takeBackbone(tensors, backbone, strict);
    const wanted = [...tensors.keys()].filter((name) => !/^fc\.|num_batches/.test(name));
    assert.deepEqual([...state.keys()].sort(), wanted.sort());
    assert.deepEqual(report, {
      loaded: wanted.length,
      classifier: ["fc.weight", "fc.bias"],
      differences: [],
    });
    assert.equal(wanted.length, count);
    assert.equal(recognizeBackbone(tensors), backbone);
    if (backbone === "resnet14") {
      const { shape, values } = state.get("layer1.0.conv2.weight")!;
      assert.deepEqual(shape, [32, 32, 3, 3]);
      assert.ok(values.every((value) => value === values[0] && value > 0));
    }
  }
});

Deno.test("a file without a classifier fits as well", () => {
  const { report } = takeBackbone(changed({ "fc.weight": null, "fc.bias": null }), "resnet14", strict);
  assert.deepEqual(report.classifier, []);
});

Deno.test("what is missing, unexpected or of another shape is an error that names it", () => {
  refused(
    changed({ "layer3.0.bn2.running_var": null }),
    /does not hold the weights of a resnet14: 1 missing \(layer3\.0\.bn2\.running_var\)/,
  );
  refused(changed({ "head.weight": filled([3], 1) }), /: 1 unexpected \(head\.weight\)/);
  refused(
    changed({ "conv1.0.weight": filled([32, 3, 5, 5], 1) }),
    /: 1 of another shape \(conv1\.0\.weight \[32,3,5,5\] instead of \[32,3,3,3\]\)/,
  );
});

Deno.test("told to, it takes what fits and reports the rest", () => {
  const tensors = changed({ "bn1.weight": null, "head.weight": filled([3], 1), "bn1.bias": filled([7], 1) });
  const { state, report } = takeBackbone(tensors, "resnet14", lenient);
  assert.ok(!state.has("bn1.weight") && !state.has("bn1.bias") && state.has("bn1.running_mean"));
  assert.equal(report.loaded, state.size);
  assert.deepEqual(report.differences, [
    "1 missing (bn1.weight)",
    "1 unexpected (head.weight)",
    "1 of another shape (bn1.bias [7] instead of [32])",
  ]);
  assert.throws(() => takeBackbone(new Map([["a", filled([1], 1)]]), "resnet14", lenient), WeightsError);
});

Deno.test("another network's weights are called by their name", () => {
  refused(
    classifier("resnet50"),
    /it holds the weights of a resnet50, not of a resnet101: 2\d\d missing/,
    "resnet101",
  );
  refused(
    classifier("resnet101"),
    /it holds the weights of a resnet101, not of a resnet50: 2\d\d unexpected/,
    "resnet50",
  );
  const torchvision = classifier("resnet50");
  for (const name of [...torchvision.keys()]) if (name.startsWith("conv1.")) torchvision.delete(name);
  torchvision.set("conv1.weight", filled([64, 3, 7, 7], 1));
  refused(
    torchvision,
    /it is a torchvision-resnet50 whose stem is one 7×7 convolution, and the stem of resnet50 is three 3×3 convolutions/,
    "resnet50",
  );
  refused(torchvision, /a torchvision-resnet50 whose stem is one 7×7 convolution/, "resnet101");
  refused(torchvision, /it holds the weights of a torchvision-resnet50, not of a resnet18: /, "resnet18");
  refused(
    classifier("resnet50"),
    /it is a resnet50 whose stem is three 3×3 convolutions, and the stem of resnet18 is one 7×7 convolution: /,
    "resnet18",
  );
  refused(classifier("resnet18"), /it is a resnet18 whose stem is one 7×7 convolution/, "resnet50");
  // A wider one than any has as many blocks, and other ones.
  const wide = new Map(torchvision);
  for (const name of wide.keys()) {
    if (/^layer\d\.\d\.conv1\.weight$/.test(name)) wide.set(name, filled([128, 64, 1, 1], 1));
  }
  assert.equal(recognizeBackbone(wide), undefined);
  refused(
    new Map([["branch1.classifier.weight", filled([21, 256, 1, 1], 1)]]),
    /it holds trained networks \("branch1\.classifier\.weight"\), not a backbone/,
  );
  refused(new Map([["a", filled([1], 1)]]), /does not hold the weights of a resnet14: \d+ missing/);
});
