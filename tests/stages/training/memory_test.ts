import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { initialize } from "../../../models/initialization.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { buildNetworks } from "../../../stages/weights/network.ts";
import { planTraining } from "../../../stages/training/memory.ts";
import { openSession, type SessionOptions } from "../../../stages/training/session.ts";
import { gpuTest } from "../../support/gpu.ts";
import { bound, pairSettings, shapesViews } from "../../support/training.ts";

const views = shapesViews();
const batch = { labeled: [0, 1], unlabeled: [2, 3] };
const rate = 0.01;
const settings = pairSettings(views);

function open(device: Device, change: Partial<SessionOptions> = {}) {
  return openSession(device, { ...settings, ...change });
}

/** The memory of the same settings, by their capture alone. */
function planned(device: Device, change: Partial<SessionOptions> = {}) {
  return planTraining(device, {
    ...settings,
    accumulate: 1,
    recompute: "when-needed",
    warmUp: false,
    ...change,
  });
}

/** Runs steps, and gives all that a training leaves on the device, with its losses. */
async function outcome(device: Device, change: Partial<SessionOptions>, images = batch, steps = 1) {
  const session = open(device, change);
  const { memory } = session;
  for (let step = 0; step < steps; step++) session.step(images, { epoch: 0, step, rate });
  const losses = (await session.losses()).terms;
  const captured = await session.snapshot(), state = await session.state();
  session.free();
  return { memory, losses, captured, state };
}

gpuTest("what is computed again instead of kept saves memory and changes no bit", async (device) => {
  for (const augmentation of ["weak", "strong"] as const) {
    const method = bound(ccvc({ augmentation }));
    const [kept, again] = [
      await outcome(device, { method, recompute: "never" }, batch, 3),
      await outcome(device, { method, recompute: "always" }, batch, 3),
    ];
    assert.equal(kept.memory.repeated, 0);
    assert.ok(again.memory.repeated > 10, `${again.memory.repeated}`);
    assert.ok(again.memory.workspaceBytes < 0.9 * kept.memory.workspaceBytes);
    assert.deepEqual(again.losses, kept.losses);
    // Momenta among them, so every gradient is held, too.
    assert.deepEqual(again.captured, kept.captured);
  }
});

gpuTest("outputs are computed again where the device needs it, and only there", async (device) => {
  const needed = (memoryBytes: number) => ({
    ...device,
    gpu: device.gpu,
    facts: { ...device.facts, memoryBytes },
  });
  const { memory: { peakBytes: total } } = await outcome(device, { recompute: "never" });
  assert.equal((await outcome(device, {})).memory.repeated, 0);
  assert.equal(planned(needed(2 * total)).memory.repeated, 0);
  const tight = planned(needed(total));
  assert.ok(tight.memory.repeated > 0 && tight.obstacle === undefined);
  assert.equal(tight.memory.peakBytes < 0.95 * total, true);
});

gpuTest(
  "micro-batches add up to the mean of their gradients, each with losses and statistics of its own",
  async (device) => {
    // Without dropout, whose draws go on from one micro-batch to the next.
    const plain = {
      network: {
        ...settings.network,
        networks: { branch1: {}, branch2: { mapping: { norm: true, dropout: 0 } } },
      },
      method: bound(ccvc({ augmentation: "weak" })),
      momentum: 0,
    };
    const [first, second] = [{ labeled: [0, 1], unlabeled: [2, 3] }, { labeled: [2, 3], unlabeled: [4, 5] }];
    const both = { labeled: [0, 1, 2, 3], unlabeled: [2, 3, 4, 5] };
    const one = await outcome(device, plain, first), two = await outcome(device, plain, second);
    const step = await outcome(device, { ...plain, batch: 4, accumulate: 2 }, both);
    const start = initialize(buildNetworks(settings.network).registry, 9);
    assert.notDeepEqual(one.losses, two.losses);
    for (const [name, value] of Object.entries(step.losses)) {
      const mean = (one.losses[name]! + two.losses[name]!) / 2;
      assert.ok(Math.abs(value - mean) <= 1e-6 * Math.abs(mean), `${name}: ${value} and ${mean}`);
    }
    let moved = 0;
    for (const [name, { values }] of step.state) {
      const [a, b, w] = [one.state.get(name)!.values, two.state.get(name)!.values, start.get(name)!.values];
      values.forEach((value, i) => {
        // The second micro-batch finds running statistics that the first has moved, and moves them twice: 0.81 is older.
        const expected = name.includes("running") ? 0.81 * a[i]! + b[i]! - 0.81 * w[i]! : (a[i]! + b[i]!) / 2;
        assert.ok(Math.abs(value - expected) <= 1e-6 + 1e-5 * Math.abs(expected), `${name}[${i}]`);
        moved += Number(value !== w[i]);
      });
    }
    assert.ok(moved > 1e5, `${moved}`);
  },
);

gpuTest(
  "a step of micro-batches starts from no gradient, draws as one batch would, and makes nothing",
  async (device) => {
    const accumulating = { batch: 4, accumulate: 2, momentum: 0 };
    const images = { labeled: [0, 1, 0, 1], unlabeled: [2, 3, 2, 3] };
    const session = open(device, accumulating);
    const before = { ...device.created };
    session.step(images, { epoch: 0, step: 0, rate });
    session.step(images, { epoch: 0, step: 1, rate });
    assert.deepEqual(device.created, before);
    const afterTwo = await session.snapshot();
    session.free();
    // Another session that stands where the first stood after one step: what is left of its gradients would differ.
    const again = open(device, accumulating);
    again.step(images, { epoch: 0, step: 0, rate });
    const middle = await again.snapshot();
    again.step({ labeled: [3, 3, 3, 3], unlabeled: [7, 7, 7, 7] }, { epoch: 0, step: 9, rate });
    again.restore(middle);
    again.step(images, { epoch: 0, step: 1, rate });
    assert.deepEqual(await again.snapshot(), afterTwo);
    again.free();
  },
);

gpuTest("a step of micro-batches takes the memory of one of them", (device) => {
  const [half, whole, split] = [{}, { batch: 4 }, { batch: 4, accumulate: 2 }].map((change) =>
    planned(device, change)
  );
  assert.equal(split!.memory.workspaceBytes, half!.memory.workspaceBytes);
  assert.equal(split!.memory.inputBytes, half!.memory.inputBytes);
  // Phases take turns in one workspace.
  const { workspaceBytes } = planned(device, { warmUp: true }).memory;
  assert.equal(workspaceBytes, half!.memory.workspaceBytes);
  assert.ok(whole!.memory.workspaceBytes > 1.8 * half!.memory.workspaceBytes);
});

gpuTest("passes whose joint maps no kernel takes are captured one by one", (device) => {
  // Together 18 images of 401 × 401 features: more tiles than a launch has workgroups, where tiles are small.
  const { memory, obstacle } = planned(device, { views: shapesViews({ crop: 801 }), batch: 6 });
  assert.ok(memory.workspaceBytes >= memory.lowerBoundBytes && memory.lowerBoundBytes > 2 ** 30);
  assert.equal(obstacle, undefined);
});

gpuTest(
  "what cannot fit is refused before the first step, with the bytes and with what would fit",
  (device) => {
    const small = (memoryBytes: number) => ({
      ...device,
      gpu: device.gpu,
      facts: { ...device.facts, memoryBytes },
    });
    // Of larger crops, where micro-batches save more than the sums of their gradients take.
    const views = shapesViews({ crop: 64 });
    const { peakBytes } = planned(device, { views, batch: 4, recompute: "always" }).memory;
    const limit = Math.floor(peakBytes / 0.95) - 1024;
    const { buffers } = device.created;
    assert.throws(() => open(small(limit) as Device, { views, batch: 4 }), (error: Error) => {
      assert.equal(error.name, "SettingsError");
      assert.ok(error.message.includes(`takes ${peakBytes} bytes`) && error.message.includes(`has ${limit}`));
      assert.match(error.message, /^Cannot train resnet14 at crop 64 in batches of 4: .*What fits: /);
      const found = /accumulate=(\d+), .*batch=(\d+) at crop 64; or augment.crop=(\d+) /.exec(error.message)!;
      assert.deepEqual(found.slice(1, 3), ["2", "3"], error.message);
      assert.equal(found[3], "48");
      return true;
    });
    assert.throws(() => open(small(1e5) as Device), /No smaller batch and no smaller crop fits/);
    assert.throws(
      () => open(small(limit) as Device, { views, batch: 4, recompute: "never" }),
      /fits: .*accumulate=2/,
    );
    assert.equal(device.created.buffers, buffers, "nothing was allocated");
  },
);

gpuTest("a micro-batch mines its share of the hard pixels", async (device) => {
  const mined = (ohemMinKept: number) => ({
    network: {
      ...settings.network,
      networks: { branch1: {}, branch2: { mapping: { norm: true, dropout: 0 } } },
    },
    method: bound(ccvc({ criterion: "ohem", ohemThreshold: 1e-6, ohemMinKept })),
  });
  const images = [{ labeled: [0, 1], unlabeled: [2, 3] }, { labeled: [2, 3], unlabeled: [4, 5] }];
  const both = { labeled: [0, 1, 2, 3], unlabeled: [2, 3, 4, 5] };
  const step = await outcome(device, { ...mined(80), batch: 4, accumulate: 2 }, both);
  const halves = [];
  for (const half of images) halves.push((await outcome(device, mined(40), half)).losses.ce1!);
  const mean = (halves[0]! + halves[1]!) / 2;
  assert.ok(Math.abs(step.losses.ce1! - mean) <= 1e-5 * mean, `${step.losses.ce1} and ${mean}`);
});
