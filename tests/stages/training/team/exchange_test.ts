/** Processes that share a step, as members of a team in one process. */
import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import type { Configured } from "../../../../stages/methods/method.ts";
import { everyMethod, openTraining, STEPS, takeSteps } from "../../../support/every_method.ts";
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

for (const name of ["ccvc, strong", "unimatch", "ael", "u2pl, as described"]) {
  gpuTest(
    `${name}: processes that share a step have the bits of one that takes it in micro-batches`,
    async (device) => {
      const method = everyMethod[name]!;
      const half = { accumulate: 2, precision: "f16" as const };
      for (const change of [{ accumulate: 2 }, ...(name === "unimatch" ? [half] : [])]) {
        const one = openTraining(device, method, change);
        await takeSteps(one, 0, STEPS);
        const wanted = { captured: await one.snapshot(), losses: await one.losses() };
        await one.free();
        for (const found of await together(device, method, 2, change)) assert.deepEqual(found, wanted);
      }
    },
  );
}
