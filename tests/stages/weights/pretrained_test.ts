import assert from "node:assert/strict";
import { encodePytorch } from "../../../models/pytorch/write.ts";
import { encodeStoredTensors } from "../../../models/safetensors.ts";
import { hostTensor } from "../../../models/stored_tensor.ts";
import { keyParts, UserError } from "../../../pipeline/mod.ts";
import { PretrainedError, pretrainedSources, readPretrained } from "../../../stages/weights/pretrained.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { supervised } from "../../../stages/methods/supervised.ts";
import { classifier } from "../../support/weights/backbone_file.ts";
import { gpuTest } from "../../support/gpu.ts";
import { testContext, withFolder } from "../../support/stage_run.ts";
import { gpuResources, shapesViews, trainingOf } from "../../support/training.ts";

const settings = (pretrained: string, pretrainedStrict = true) =>
  ({ backbone: "resnet14", pretrained, pretrainedStrict }) as const;

/** Whose backbones start from the file. */
const names = ["branch1", "branch2", "teacher"];

Deno.test(
  "PyTorch's file and safetensors give every network the same backbone",
  withFolder(async (folder) => {
    const tensors = classifier("resnet14");
    await Deno.writeFile(`${folder}/w.pth`, encodePytorch(tensors));
    await Deno.writeFile(`${folder}/w.safetensors`, encodeStoredTensors(tensors));
    for (const name of ["w.pth", "w.safetensors"]) {
      const { state, report } = (await readPretrained(settings(`${folder}/${name}`), names))!;
      assert.deepEqual(report, {
        loaded: state.size / names.length,
        classifier: ["fc.weight", "fc.bias"],
        differences: [],
      });
      for (const [tensor, stored] of tensors) {
        if (/^fc\.|num_batches/.test(tensor)) continue;
        for (const network of names) {
          assert.deepEqual(state.get(`${network}.backbone.${tensor}`), hostTensor(stored), tensor);
        }
      }
    }
  }),
);

Deno.test("none is no file, and no source", async () => {
  assert.deepEqual(pretrainedSources(settings("none")), []);
  assert.equal(await readPretrained(settings("none"), names), undefined);
});

Deno.test(
  "the file is a source: its content is part of the key, and where it lies is not",
  withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/w.pth`, encodePytorch(classifier("resnet14")));
    assert.deepEqual(pretrainedSources(settings(`${folder}/w.pth`)), [{
      name: "pretrained",
      path: `${folder}/w.pth`,
    }]);
    const { stage, config } = trainingOf({ method: supervised(), pretrained: `${folder}/w.pth` });
    const parts = keyParts({
      stage: stage.definition,
      id: "co-train",
      config,
      code: { parts: {}, modules: "" } as never,
      inputs: {},
      sources: "digest",
      seed: 0,
    });
    assert.equal(parts.sources, "digest");
    assert.ok("config.pretrainedStrict" in parts && !("config.pretrained" in parts));
  }),
);

Deno.test(
  "a file that is missing or does not fit is a user's mistake, with the way out",
  withFolder(async (folder) => {
    const mistake = (reason: RegExp) => (error: unknown) => {
      assert.ok(error instanceof PretrainedError && error instanceof UserError);
      assert.match(error.message, reason);
      return true;
    };
    assert.throws(
      () => pretrainedSources(settings(`${folder}/no.pth`)),
      mistake(
        /Cannot start from ".*no\.pth" \(co-train\.pretrained\): there is no such file\. Put ImageNet weights.*--set co-train\.pretrained=none/,
      ),
    );
    assert.throws(
      () => pretrainedSources(settings(folder)),
      mistake(/\(co-train\.pretrained\): it is no file but a folder\. Put ImageNet weights/),
    );
    await assert.rejects(
      readPretrained(settings("/dev/zero"), names),
      mistake(/Cannot read the weights "\/dev\/zero": (it is no file but a device|there is no such file)/),
    );
    await Deno.writeFile(`${folder}/r14.pth`, encodePytorch(classifier("resnet14")));
    await assert.rejects(
      readPretrained({ ...settings(`${folder}/r14.pth`), backbone: "resnet50" }, names),
      mistake(
        /it holds the weights of a resnet14, not of a resnet50: .*pretrainedStrict=false/,
      ),
    );
    await assert.rejects(
      readPretrained({ ...settings(`${folder}/r14.pth`), backbone: "resnet18" }, names),
      mistake(/Name ImageNet weights of a resnet18 with a stem of one 7×7 convolution, or another/),
    );
    await Deno.writeFile(`${folder}/cut.pth`, encodePytorch(classifier("resnet14")).slice(0, 5000));
    await assert.rejects(
      readPretrained(settings(`${folder}/cut.pth`), names),
      mistake(/it was cut off/),
    );
  }),
);

for (
  const [backbone, method, networks, tensors] of [
    ["resnet14", ccvc(), ["branch1", "branch2"], [
      "conv1.0.weight",
      "layer4.0.downsample.0.weight",
      "layer2.0.bn3.bias",
    ]],
    ["resnet18", supervised(), ["network"], [
      "conv1.weight",
      "layer4.0.downsample.0.weight",
      "layer1.1.bn2.bias",
    ]],
  ] as const
) {
  gpuTest(
    `a training starts from the file in every network, and says so: ${backbone}`,
    (device) =>
      withFolder(async (folder) => {
        const stored = classifier(backbone);
        await Deno.writeFile(`${folder}/w.pth`, encodePytorch(stored));
        const context = testContext(folder, undefined, gpuResources(device));
        const { stage, config } = trainingOf({
          method,
          backbone,
          pretrained: `${folder}/w.pth`,
          batch: 2,
          epochs: 1,
          stepsPerEpoch: 1,
          // At a rate of 0 nothing is learned: weights stay as they started.
          baseRate: 0,
        });
        const { last } = await stage.definition.run({ inputs: { views: shapesViews() }, config, context });
        const { state } = await last.read();
        for (const network of networks) {
          for (const name of tensors) {
            assert.deepEqual(state.get(`${network}.backbone.${name}`), hostTensor(stored.get(name)!), name);
          }
        }
        const event = context.events.find(({ kind }) => kind === "pretrained")!;
        assert.deepEqual([event.file, event.classifier], [`${folder}/w.pth`, ["fc.weight", "fc.bias"]]);
      })(),
  );
}
