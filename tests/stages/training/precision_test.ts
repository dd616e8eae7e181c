import assert from "node:assert/strict";
import type { Device } from "../../../kernels/device.ts";
import { initialize } from "../../../models/initialization.ts";
import { ccvc } from "../../../stages/methods/ccvc.ts";
import { supervised } from "../../../stages/methods/supervised.ts";
import type { Configured } from "../../../stages/methods/method.ts";
import { buildNetworks } from "../../../stages/weights/network.ts";
import { DivergenceError, MOST_SKIPPED } from "../../../stages/training/losses.ts";
import { SettingsError } from "../../../stages/training/errors.ts";
import { USABLE } from "../../../stages/training/memory.ts";
import { openSession, type Session, type SessionOptions } from "../../../stages/training/session.ts";
import { gpuTest, halfTest, openTestDevice } from "../../support/gpu.ts";
import { bound, networkOf, shapesViews } from "../../support/training.ts";

const views = shapesViews();
const batch = { labeled: [0, 1, 2, 3], unlabeled: [2, 3, 4, 5] };
const rate = 0.002;
const sgd = { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 } as const;
const strong = ccvc({ augmentation: "strong" });

function open(device: Device, change: Partial<SessionOptions> = {}, method: Configured = strong): Session {
  const taught = bound(method);
  return openSession(device, {
    network: networkOf(taught),
    method: taught,
    views,
    batch: 4,
    seed: 9,
    optimizer: sgd,
    ...change,
  });
}

/** The losses of some steps, the momenta after the first, and the memory taken. */
async function train(session: Session, steps: number) {
  const losses: Record<string, number>[] = [];
  let momenta = new Float32Array();
  for (let step = 0; step < steps; step++) {
    session.step(batch, { epoch: 0, step, rate });
    losses.push((await session.losses()).terms);
    if (step === 0) momenta = (await session.snapshot())[1]!;
  }
  session.free();
  return { losses, momenta, memory: session.memory };
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}

function cosine(a: Float32Array, b: Float32Array): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function assertNear(actual: Record<string, number>, expected: Record<string, number>, share: number): void {
  assert.deepEqual(Object.keys(actual), Object.keys(expected));
  for (const [name, value] of Object.entries(expected)) {
    const message = `${name} is ${actual[name]} in f16, and ${value} in f32`;
    assert.ok(Math.abs(actual[name]! - value) <= share * value, message);
  }
}

halfTest("training in f16 gives the losses of f32 within a few percent", async (device) => {
  const full = await train(open(device, {}, supervised()), 8);
  const half = await train(open(device, { precision: "f16" }, supervised()), 8);
  half.losses.forEach((losses, step) => assertNear(losses, full.losses[step]!, 0.06));
  assert.notDeepEqual(half.losses, full.losses);
});

halfTest("a step of CCVC in f16: its losses, its gradients, its memory", async (device) => {
  const full = await train(open(device), 1);
  const skipped: number[] = [];
  const half = await train(open(device, { precision: "f16", onSkipped: (n) => skipped.push(n) }), 1);
  assertNear(half.losses[0]!, full.losses[0]!, 0.005);
  assert.deepEqual(skipped, []);
  // Norms of few values and ReLUs make much of a last digit: weights changed by 2⁻¹¹ of themselves change the gradient in f32 to
  // a cosine of 0.96.
  const near = cosine(half.momenta, full.momenta);
  assert.ok(near > 0.95, `the gradients' cosine is ${near}`);
  const share = half.memory.workspaceBytes / full.memory.workspaceBytes;
  assert.ok(share < 0.65, `the workspace takes ${share} of that of f32`);
  const memoryBytes = Math.ceil(half.memory.peakBytes / USABLE) + 1024;
  const small = { ...device, gpu: device.gpu, facts: { ...device.facts, memoryBytes } };
  assert.throws(() => open(small as Device), /What fits: .*co-train\.precision=f16/);
});

halfTest(
  "the losses' scale is divided out of the gradients again",
  async (device) => {
    const [low, high] = [
      await train(
        open(device, { precision: "f16", lossScale: 512, optimizer: { ...sgd, weightDecay: 0 } }),
        1,
      ),
      await train(
        open(device, { precision: "f16", lossScale: 2048, optimizer: { ...sgd, weightDecay: 0 } }),
        1,
      ),
    ];
    assert.deepEqual(low.losses, high.losses);
    // Powers of 2: nothing but numbers below the least normal f16 is rounded otherwise.
    const near = cosine(low.momenta, high.momenta);
    assert.ok(near > 1 - 1e-6, `the gradients' cosine is ${near}`);
    const ratio = dot(high.momenta, high.momenta) / dot(low.momenta, low.momenta);
    assert.ok(Math.abs(ratio - 1) < 1e-4, `the gradients' squares are ${ratio} times as large`);
  },
);

for (const accumulate of [1, 2]) {
  halfTest(
    `steps whose gradients overflow are left out and counted, with ${accumulate} micro-batches; ten in a row end the training`,
    async (device) => {
      const skipped: number[] = [];
      const session = open(device, {
        precision: "f16",
        lossScale: 2 ** 24,
        accumulate,
        onSkipped: (updates) => skipped.push(updates),
        samplesOf: (step) => `images of step ${step}`,
      });
      const step = (step: number) => session.step(batch, { epoch: 0, step, rate });
      for (let i = 0; i < 3; i++) step(i);
      const losses = (await session.losses()).terms;
      assert.ok(Object.values(losses).every(Number.isFinite), JSON.stringify(losses));
      const state = await session.state(), { registry } = buildNetworks(networkOf(bound(strong)));
      const start = initialize(registry, 9);
      for (const { name } of registry.parameters) assert.deepEqual(state.get(name), start.get(name), name);
      step(3);
      await session.losses();
      assert.deepEqual(skipped, [3, 1]);
      const [, momenta] = await session.snapshot();
      assert.ok(momenta!.every((value) => value === 0), "the momenta are as they were");
      for (let i = 4; i < MOST_SKIPPED; i++) step(i);
      await assert.rejects(session.losses(), (error) => {
        assert.ok(error instanceof DivergenceError);
        assert.match(
          error.message,
          /in 10 steps in a row, up to step 10 \(images of step 9\), gradients overflowed f16.*Lower co-train\.lossScale from 16777216, or train in f32/,
        );
        return true;
      });
      session.free();
    },
  );
}

halfTest(
  "a training in f16 that is put back goes on to the bit, its count of steps left out too",
  async (device) => {
    const options = { precision: "f16", lossScale: 2 ** 24 } as const;
    const counts: number[] = [];
    const first = open(device, options);
    for (let step = 0; step < 2; step++) first.step(batch, { epoch: 0, step, rate });
    const captured = await first.snapshot();
    assert.deepEqual(captured.map(({ length }) => length), first.snapshotLengths);
    first.free();
    const second = open(device, { ...options, onSkipped: (updates) => counts.push(updates) });
    second.restore(captured);
    for (let step = 2; step < 5; step++) second.step(batch, { epoch: 0, step, rate });
    await second.losses();
    assert.deepEqual(counts, [5]);
    second.free();

    const whole = open(device, { precision: "f16" }), part = open(device, { precision: "f16" });
    whole.step(batch, { epoch: 0, step: 0, rate });
    part.restore(await whole.snapshot());
    for (const session of [whole, part]) session.step(batch, { epoch: 0, step: 1, rate });
    assert.deepEqual(await part.snapshot(), await whole.snapshot());
    for (const session of [whole, part]) session.free();
  },
);

halfTest(
  "a steady step in f16 makes nothing, and scores are those of f32 for the same weights",
  async (device) => {
    const half = open(device, { precision: "f16" }), full = open(device);
    const before = { ...device.created };
    for (let step = 0; step < 2; step++) half.step(batch, { epoch: 0, step, rate });
    assert.deepEqual(device.created, before);
    const captured = await half.snapshot();
    full.restore(captured.slice(0, full.snapshotLengths.length));
    const { signal } = new AbortController();
    assert.deepEqual(await half.evaluate(signal), await full.evaluate(signal));
    for (const session of [half, full]) session.free();
  },
);

halfTest("what is made again in f16 is the same bits, in less memory", async (device) => {
  const [kept, again] = [
    await train(open(device, { precision: "f16", recompute: "never" }), 2),
    await train(open(device, { precision: "f16", recompute: "always" }), 2),
  ];
  assert.deepEqual([again.losses, again.momenta], [kept.losses, kept.momenta]);
  assert.ok(again.memory.workspaceBytes < kept.memory.workspaceBytes);
  assert.ok(again.memory.repeated > 0);
});

gpuTest("f16 is refused where the device does not grant it, before anything is made", async (granting) => {
  const device = await openTestDevice({ halves: false });
  assert.ok(!device.facts.features.includes("shader-f16"));
  assert.throws(() => open(device, { precision: "f16" }), (error) => {
    assert.ok(error instanceof SettingsError);
    assert.equal(
      error.message,
      'Cannot train resnet14 at crop 32 in batches of 4: precision f16 needs shader-f16, which "' +
        `${device.facts.name}" does not grant. Set co-train.precision=f32`,
    );
    return true;
  });
  assert.deepEqual(device.created, { pipelines: 0, buffers: 0, textures: 0, bindGroups: 0 });
  const here = await train(open(device), 1), there = await train(open(granting), 1);
  assert.deepEqual(here, there, "f32 is the same bits on either");
  device.close();
});
