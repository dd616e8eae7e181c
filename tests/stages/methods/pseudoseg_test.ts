import assert from "node:assert/strict";
import { pseudoSeg, type PseudoSegOptions } from "../../../stages/methods/pseudoseg.ts";
import { planFitting } from "../../../stages/training/memory.ts";
import { trainingSettings } from "../../../stages/training/settings.ts";
import type { BoxView } from "../../../stages/views/specs.ts";
import { buildNetworks, storedDescription } from "../../../stages/weights/network.ts";
import { openTraining, takeSteps } from "../../support/every_method.ts";
import { gpuTest } from "../../support/gpu.ts";
import {
  assertDeclared,
  bound,
  networkOf,
  shapesViews,
  trainingOf,
  unreadOf,
} from "../../support/training.ts";

const published: PseudoSegOptions = {
  labels: "soft",
  temperature: 0.5,
  threshold: 0,
  calibrated: true,
  weight: 1,
  hole: 50,
  attentionChannels: 128,
  backboneMomentum: 0.05,
  decoderMomentum: 3e-4,
};

Deno.test("PseudoSeg has the published settings, and what nothing reads says so", () => {
  assertDeclared(pseudoSeg, {
    defaults: published,
    unread: [],
    outputs: ["last", "bestStudent", "history"],
    refused: [
      ...[{ labels: "sharp" }, { temperature: 0 }, { threshold: 1.1 }, { weight: -1 }, { hole: 0.5 }],
      ...[{ attentionChannels: 0 }, { backboneMomentum: 1.5 }, { decoderMomentum: -0.1 }],
    ],
  });
  assert.deepEqual(unreadOf(pseudoSeg, { labels: "hard" }), [["method.temperature", "labels are hard"]]);
});

Deno.test("its own layers stand beside the network in a file, with the names and shapes of the published ones", () => {
  const network = networkOf(bound(pseudoSeg({ attentionChannels: 16 })));
  const { student } = storedDescription(network).networks, classes = network.classes.names.length;
  assert.deepEqual(student!.norms, { backbone: { momentum: 0.05 }, head: { momentum: 3e-4 } });
  assert.deepEqual(student!.modules, {
    image_classifier: {
      tensors: [{ name: "weight", shape: [classes - 1, 256, 1, 1] }, { name: "bias", shape: [classes - 1] }],
    },
    attention: {
      tensors: [
        { name: "key.weight", shape: [16, 512, 1, 1] },
        { name: "query.weight", shape: [16, 512, 1, 1] },
        { name: "project.0.weight", shape: [classes, classes, 1, 1] },
        { name: "project.1.bias", shape: [classes] },
        { name: "project.1.running_mean", shape: [classes] },
        { name: "project.1.running_var", shape: [classes] },
      ],
    },
  });
  // No decay of the attention; of all that is a convolution's weights besides.
  const { parameters } = buildNetworks(network).registry;
  const spared = parameters.filter(({ decays }) => decays === false).map(({ name }) => name);
  assert.deepEqual(
    spared,
    ["key", "query", "project.0"].map((layer) => `student.attention.${layer}.weight`),
  );
});

Deno.test("a hole is a square around any pixel, cut off at the border", () => {
  const { hole } = bound(pseudoSeg({ hole: 5 })).draws.unlabeled!.views as Record<string, BoxView>;
  assert.deepEqual([hole!.partner, hole!.count, hole!.probability], ["same place", 1, undefined]);
  const around = (y: number, x: number) => {
    const numbers = [y, x];
    const stream = { uniform: () => numbers.shift()! };
    return hole!.law!(stream, 40, 1, stream);
  };
  assert.deepEqual(around(0.5, 0.25), { x0: 5, y0: 15, x1: 15, y1: 25 });
  assert.deepEqual(around(0, 0.999), { x0: 34, y0: 0, x1: 40, y1: 5 });
});

gpuTest("holes that leave nothing, and a single class, are refused before a first step", (device) => {
  const views = shapesViews();
  const plan = (options: Partial<PseudoSegOptions>) => {
    const { config } = trainingOf({ method: pseudoSeg(options), backbone: "resnet14", batch: 2 });
    return planFitting(device, trainingSettings(pseudoSeg, config, views, 0));
  };
  plan({ hole: 15 });
  assert.throws(
    () => plan({ hole: 16 }),
    /Cannot cut holes of 32 pixels a side from crops of 32: .* Set co-train\.method\.hole below 16; a tenth of the crop/,
  );
  const one = { ...networkOf(bound(pseudoSeg())), classes: { names: ["all"], colors: [[0, 0, 0]] } } as const;
  assert.throws(
    () => buildNetworks(one),
    /Cannot classify images of 1 class: PseudoSeg takes class 0 for the background/,
  );
});

gpuTest(
  "the warm-up teaches decoder, classifier and attention; then all losses are there",
  async (device) => {
    const session = openTraining(device, pseudoSeg({ hole: 5, attentionChannels: 8 }));
    const before = await session.state();
    await takeSteps(session, 0, 1);
    assert.deepEqual(Object.keys((await session.losses()).terms), ["ce", "attention", "tags"]);
    const now = await session.state();
    for (
      const layer of [
        "classifier",
        "image_classifier",
        "attention.key",
        "attention.query",
        "attention.project.0",
      ]
    ) {
      const name = `student.${layer}.weight`;
      assert.notDeepEqual(now.get(name), before.get(name), name);
    }
    await takeSteps(session, 1, 2);
    const losses = (await session.losses()).terms;
    assert.deepEqual(Object.keys(losses), ["ce", "attention", "tags", "consistency"]);
    for (const loss of Object.values(losses)) assert.ok(loss > 0 && loss < 5, JSON.stringify(losses));
    session.free();
  },
);

gpuTest(
  "a threshold that no pixel reaches teaches nothing, and a weight of 0 leaves the term out",
  async (device) => {
    const losses = async (options: Partial<PseudoSegOptions>) => {
      const session = openTraining(device, pseudoSeg({ hole: 5, attentionChannels: 8, ...options }), {
        warmUp: false,
      });
      await takeSteps(session, 1, 2);
      const found = (await session.losses()).terms;
      session.free();
      return found;
    };
    const { consistency } = await losses({ threshold: 1 });
    assert.equal(consistency, 0);
    assert.equal((await losses({ weight: 0 })).consistency, undefined);
  },
);
