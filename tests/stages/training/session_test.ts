import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { initialize } from "../../../models/initialization.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { cutMixSeg } from "../../../stages/methods/cutmix_seg.ts";
import type { Configured } from "../../../stages/methods/method.ts";
import { supervised } from "../../../stages/methods/supervised.ts";
import type { At } from "../../../stages/methods/schedule.ts";
import { buildNetworks } from "../../../stages/weights/network.ts";
import { openSession, type SessionOptions } from "../../../stages/training/session.ts";
import { gpuTest } from "../../support/gpu.ts";
import { bound, networkOf, pairSettings, shapesViews } from "../../support/training.ts";

const views = shapesViews();
const settings = pairSettings(views);
const batch = { labeled: [0, 1], unlabeled: [2, 3] };

function open(device: Device, change: Partial<SessionOptions> = {}) {
  return openSession(device, { ...settings, ...change });
}

const rate = 0.01;

gpuTest(
  "a steady training step makes no buffer, bind group or pipeline, and reads nothing back",
  (device) => {
    const session = open(device);
    const before = { ...device.created };
    for (let step = 0; step < 4; step++) session.step(batch, { epoch: 0, step, rate });
    assert.deepEqual(device.created, before);
    session.free();
  },
);

gpuTest("an untouched session holds the initialization of its seed", async (device) => {
  const session = open(device);
  assert.deepEqual(await session.state(), initialize(buildNetworks(settings.network).registry, 9));
  session.free();
});

gpuTest(
  "a warm-up step learns from labels alone; the method's terms start with its own steps",
  async (device) => {
    const session = open(device, { warmUp: true });
    session.step(batch, { phase: "warm-up", epoch: 0, step: 0, rate });
    assert.deepEqual(Object.keys((await session.losses()).terms).sort(), ["ce1", "ce2"]);
    session.step(batch, { epoch: 1, step: 1, rate });
    const names = Object.keys((await session.losses()).terms);
    assert.ok(names.includes("con1_mix") && names.includes("dis_raw"), `${names}`);
    session.free();
    const without = open(device);
    assert.throws(() => without.step(batch, { phase: "warm-up", epoch: 0, step: 0, rate }), /without it/);
    without.free();
  },
);

gpuTest(
  "images of a step are those of the draws that it reads, and of a warm-up's the labeled ones",
  (device) => {
    const images = (configured: Configured) => {
      const method = bound(configured);
      const session = open(device, { method, network: networkOf(method), warmUp: true });
      session.free();
      return session.imagesOf;
    };
    assert.deepEqual(images(supervised()), { "warm-up": 2, method: 2 });
    assert.deepEqual(images(ccvc()), { "warm-up": 2, method: 4 });
    assert.deepEqual(images(cutMixSeg()), { "warm-up": 2, method: 6 });
    assert.deepEqual(images(cutMixSeg({ mask: "zero" })), { "warm-up": 2, method: 4 });
  },
);

gpuTest("settings that no layer can work with are the user's to mend, and the message says how", (device) => {
  assert.throws(() => open(device, { batch: 1 }), {
    name: "SettingsError",
    message: /^Cannot train resnet14 at crop \d+ in batches of 1: .*batch/s,
  });
});

gpuTest("losses() gives the mean since the last reading, and starts anew", async (device) => {
  const at = (step: number) => ({ epoch: 0, step, rate });
  const single = open(device), double = open(device);
  const first: Record<string, number>[] = [];
  for (let step = 0; step < 2; step++) {
    single.step(batch, at(step));
    first.push((await single.losses()).terms);
    double.step(batch, at(step));
  }
  const both = (await double.losses()).terms;
  for (const [name, value] of Object.entries(both)) {
    const mean = (first[0]![name]! + first[1]![name]!) / 2;
    assert.ok(Math.abs(value - mean) < 1e-6 * Math.abs(mean), `${name}: ${value} and ${mean}`);
  }
  assert.notEqual(first[0]!.ce1, first[1]!.ce1);
  // Nothing was run since.
  assert.ok(Object.values((await double.losses()).terms).every((value) => value === 0));
  single.free();
  double.free();
});

gpuTest("a step sees the images it is given, in the views of its epoch and step", async (device) => {
  const losses = async (images: typeof batch, address: { epoch: number; step: number }) => {
    const session = open(device);
    session.step(images, { ...address, rate });
    const { ce1, con1_raw: con1 } = (await session.losses()).terms;
    session.free();
    return { ce1, con1 };
  };
  const base = await losses(batch, { epoch: 0, step: 0 });
  assert.deepEqual(await losses(batch, { epoch: 0, step: 0 }), base);
  const labeled = await losses({ ...batch, labeled: [2, 3] }, { epoch: 0, step: 0 });
  assert.notEqual(labeled.ce1, base.ce1);
  assert.equal(labeled.con1, base.con1);
  const unlabeled = await losses({ ...batch, unlabeled: [4, 5] }, { epoch: 0, step: 0 });
  assert.equal(unlabeled.ce1, base.ce1);
  assert.notEqual(unlabeled.con1, base.con1);
  assert.notEqual((await losses(batch, { epoch: 1, step: 0 })).ce1, base.ce1);
});

gpuTest(
  "OHEM learns from the hardest labeled pixels, and from all where fewer are labeled",
  async (device) => {
    const supervised = async (options: Parameters<typeof ccvc>[0]) => {
      const session = open(device, { method: bound(ccvc({ mode: "no", ...options })) });
      session.step(batch, { epoch: 0, step: 0, rate });
      const { ce1, ce2, con1 } = (await session.losses()).terms;
      session.free();
      return { ce: [ce1!, ce2!], con1 };
    };
    const plain = await supervised({});
    // So low a threshold that the count decides: 40 of 2 · 32² pixels.
    const hard = await supervised({ criterion: "ohem", ohemThreshold: 1e-6, ohemMinKept: 40 });
    const few = await supervised({ criterion: "ohem", ohemMinKept: 2 * 32 * 32 + 1 });
    const easy = await supervised({ criterion: "ohem", ohemThreshold: 1, ohemMinKept: 1 });
    hard.ce.forEach((loss, i) => assert.ok(loss > 1.1 * plain.ce[i]!, `${loss} of ${plain.ce[i]}`));
    assert.deepEqual(few, plain);
    assert.deepEqual(easy, plain);
    assert.equal(hard.con1, plain.con1);
  },
);

gpuTest("a schedule's number is looked up at each step", async (device) => {
  const thresholds = [0, 0.999999, 0, NaN];
  const method = {
    ...bound(ccvc({ mode: "normal", selfPaced: true, threshold: 0 })),
    schedules: { threshold: ({ step }: At) => thresholds[step]! },
  };
  const session = open(device, { method });
  const consistency = async (step: number, told = true) => {
    const at = { step, steps: 4, epoch: 0, epochs: 1, stepsPerEpoch: 4 };
    session.step(batch, { epoch: 0, step, rate: 0, ...(told && { at }) });
    return (await session.losses()).terms.con1!;
  };
  assert.ok(await consistency(0, false) > 0.1, "where the method starts: 0 lets every pixel learn");
  assert.equal(await consistency(1), 0, "nothing is as sure as that");
  assert.ok(await consistency(2) > 0.1);
  await assert.rejects(consistency(3), /schedule "threshold" is NaN at step 4/);
  session.free();
});

gpuTest("a weight that is looked up on the device does what the same constant does", async (device) => {
  const method = bound(ccvc({ mode: "normal", threshold: 0 }));
  const trained = async (weight: number, constant: boolean) => {
    const session = open(device, {
      method: {
        ...method,
        schedules: { weight: () => weight },
        terms: (step) =>
          Object.fromEntries(
            Object.entries(method.terms(step)).map(([name, { loss }]) => [
              name,
              { loss, weight: constant ? weight : step.schedules.weight! },
            ]),
          ),
      },
    });
    session.step(batch, { epoch: 0, step: 0, rate });
    const state = await session.state(), losses = (await session.losses()).terms;
    session.free();
    return { state, losses };
  };
  // A power of two is multiplied by without rounding, wherever it comes in.
  assert.deepEqual(await trained(0.5, false), await trained(0.5, true));
  const { losses, state } = await trained(0, false);
  assert.ok(losses.ce1! > 0, "what weighs nothing for now is measured all the same");
  const { registry } = buildNetworks(settings.network), start = initialize(registry, 9);
  for (const { name } of registry.parameters) {
    assert.deepEqual(state.get(name)!.values, start.get(name)!.values, name);
  }
});
