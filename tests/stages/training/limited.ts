/** Trainings on devices that grant less. @module */
import assert from "node:assert/strict";
import type { Device, openDevice } from "../../../kernels/device.ts";
import type { Configured } from "../../../stages/methods/method.ts";
import type { Session } from "../../../stages/training/session.ts";
import { openTraining, takeSteps } from "../../support/every_method.ts";
import { withDevice } from "../../support/gpu.ts";

/** One of two branches and strong views, one with banks; the others are tried by tests/acceptance/limits_test.ts. */
export const limitedBriefly: readonly string[] = ["ccvc, strong", "u2pl"];

/** Opens a device that grants less, for a while. */
export function limited(
  options: NonNullable<Parameters<typeof openDevice>[1]>,
  body: (device: Device) => void | Promise<void>,
): Promise<void> {
  return withDevice(options, async (device) => {
    await body(device);
    device.check();
  });
}

/** What two steps leave, as one run of numbers: how many buffers it lies in is the device's. */
export async function learned(session: Session, from = 0): Promise<{ state: Float32Array; buffers: number }> {
  await takeSteps(session, from, from + 2);
  const captured = await session.snapshot();
  const state = new Float32Array(captured.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const values of captured) {
    state.set(values, at);
    at += values.length;
  }
  assert.ok(state.every(Number.isFinite));
  return { state, buffers: captured.length };
}

/** The same with what is scored then. */
export async function learnedAndScored(device: Device, method: Configured) {
  const session = openTraining(device, method);
  const found = await learned(session), never = new AbortController().signal;
  const scores = await session.evaluate(never, { name: "sliding_window", crop: 24 });
  session.free();
  return { ...found, scores };
}

/** Holds a training to the same bits where a device grants what WebGPU guarantees and no more, and in small buffers. */
export async function assertLimited(device: Device, method: Configured): Promise<void> {
  const whole = await learnedAndScored(device, method);
  await limited({ guaranteed: true }, async (guaranteed) => {
    const found = await learnedAndScored(guaranteed, method);
    // With 16 KiB of workgroup memory a GPU shares nothing, and sums in another order.
    if (guaranteed.facts.sharing === device.facts.sharing) assert.deepEqual(found, whole);
  });
  // Less than what many maps take.
  await limited({ bufferBytes: 600e3 }, async (small) => {
    const { buffers, ...found } = await learnedAndScored(small, method);
    assert.ok(buffers >= whole.buffers + 8, `${buffers}`);
    assert.deepEqual(found, { state: whole.state, scores: whole.scores });
  });
}
