/** Processes that share a step, as members of a team in one process. */
import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import type { Configured } from "../../../../stages/methods/method.ts";
import { everyMethod, openTraining, STEPS, takeSteps } from "../../../support/every_method.ts";
import { pseudoLabeledViews } from "../../../support/training.ts";
import { gpuTest } from "../../../support/gpu.ts";
import { teamOf } from "../../../pipeline/run/team.ts";

/** What processes have when they have taken all steps together. */
async function together(device: Device, method: Configured, size: number, change: object) {
  const sessions = teamOf(size).map((team) => openTraining(device, method, { ...change, team }));
  await Promise.all(sessions.map((session) => takeSteps(session, 0, STEPS)));
  const all = [];
  for (const session of sessions) {
    all.push({ captured: await session.snapshot(), losses: await session.losses() });
    await session.free();
  }
  return all;
}

// With banks, and without; AEL's choices are below.
for (const name of ["unimatch", "u2pl, as described"]) {
  gpuTest(
    `${name}: processes that share a step have the bits of one that takes it in micro-batches`,
    async (device) => {
      const method = everyMethod[name]!;
      const halves = [{ precision: "f16" }, { exchange: "f16" }] as const;
      const others = name === "unimatch" ? halves.map((half) => ({ accumulate: 2, ...half })) : [];
      for (const change of [{ accumulate: 2 }, ...others]) {
        const one = openTraining(device, method, change);
        await takeSteps(one, 0, STEPS);
        const wanted = { captured: await one.snapshot(), losses: await one.losses() };
        await one.free();
        for (const found of await together(device, method, 2, change)) assert.deepEqual(found, wanted);
      }
    },
  );
}

/** What one process has when it has taken steps. */
async function alone(device: Device, method: Configured, change: object, steps = STEPS) {
  const session = openTraining(device, method, change);
  try {
    await takeSteps(session, 0, steps);
    return { captured: await session.snapshot(), losses: await session.losses(), memory: session.memory };
  } finally {
    await session.free();
  }
}

for (const [name, accumulate] of [["supervised", 4], ["ael", 2]] as const) {
  gpuTest(`${name}: synchronized micro-batches have the same bits however they are dealt`, async (device) => {
    const method = everyMethod[name]!, change = { accumulate, synchronized: true };
    const { memory: _, ...wanted } = await alone(device, method, change);
    for (const found of await together(device, method, 2, change)) assert.deepEqual(found, wanted);
  });
}

gpuTest("synchronized micro-batches train as the whole batch does, and others do not", async (device) => {
  // No crop reaches over an edge: each micro-batch has as many pixels with a label.
  const views = pseudoLabeledViews({ scale: [1, 2] });
  // More steps would tell what becomes of other roundings.
  const train = (change: object) => alone(device, everyMethod["supervised"]!, { views, ...change }, 1);
  const whole = await train({});
  const distance = ({ captured }: typeof whole) =>
    captured[0]!.reduce((most, value, i) => Math.max(most, Math.abs(value - whole.captured[0]![i]!)), 0);
  const found = await train({ accumulate: 4, synchronized: true });
  const bound = 1e-5;
  assert.ok(distance(found) < bound);
  assert.ok(distance(await train({ accumulate: 2 })) > 100 * bound);
  assert.equal(found.memory.parameterBytes, 4 * whole.memory.parameterBytes);
});

gpuTest(
  "gradients exchanged as halves take half the bytes, and what overflows them is left out",
  async (device) => {
    const method = everyMethod["supervised"]!;
    const sent = async (exchange: "f32" | "f16") => {
      let bytes = 0;
      const sessions = teamOf(2).map((team) =>
        openTraining(device, method, {
          accumulate: 2,
          exchange,
          team: {
            ...team,
            exchange(pieces) {
              for (const { length } of pieces) bytes += length;
              return team.exchange(pieces);
            },
          },
        })
      );
      const before = (await sessions[0]!.snapshot())[0]!;
      await Promise.all(sessions.map((session) => takeSteps(session, 0, 1)));
      const after = (await sessions[0]!.snapshot())[0]!;
      for (const session of sessions) await session.free();
      return { bytes, moved: after.map((value, i) => value - before[i]!) };
    };
    const [plain, halves] = [await sent("f32"), await sent("f16")];
    assert.equal(2 * halves.bytes, plain.bytes);
    const largest = (values: Float32Array) =>
      values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const apart = largest(halves.moved.map((value, i) => value - plain.moved[i]!)),
      most = largest(plain.moved);
    // Each part and their sum are rounded, by 2⁻¹² of themselves at most.
    assert.ok(apart > 0 && apart < 2 ** -10 * most, `${apart} of ${most}`);
    let skipped = 0;
    const session = openTraining(device, method, {
      accumulate: 2,
      exchange: "f16",
      lossScale: 2 ** 24,
      onSkipped: (updates) => skipped += updates,
    });
    const before = (await session.snapshot())[0]!;
    await takeSteps(session, 0, STEPS);
    await session.losses();
    assert.equal(skipped, STEPS);
    assert.deepEqual((await session.snapshot())[0], before);
    await session.free();
  },
);
