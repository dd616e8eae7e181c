/** Runs in Dawn, and in Deno beside it: a step of every method, and what the trained networks then predict. @module */
import { type AdapterFacts, type Device, openDevice } from "../../kernels/device.ts";
import type { Sharing } from "../../kernels/sharing.ts";
import { everyMethod, openTraining, takeSteps } from "./every_method.ts";

/** What a training of two steps, of which the first is the warm-up's, has left. */
export interface Left {
  readonly losses: Readonly<Record<string, number>>;
  /** Of the parameters, moments and statistics. */
  readonly values: readonly number[];
  /** By prediction: confusion of truth and prediction. */
  readonly counts: Readonly<Record<string, readonly number[]>>;
}

/** By method. */
export type Steps = Readonly<Record<string, Left>>;

/** Takes the steps on a device. */
export async function steps(device: Device, precision: "f32" | "f16"): Promise<Steps> {
  const all: Record<string, Left> = {};
  for (const [name, method] of Object.entries(everyMethod)) {
    const session = openTraining(device, method, { precision });
    await takeSteps(session, 0, 2);
    const losses = (await session.losses()).terms, captured = await session.snapshot();
    const scores = await session.evaluate(new AbortController().signal);
    session.free();
    device.check();
    all[name] = {
      losses,
      // Some, from everywhere: all would be a hundred megabytes of text.
      values: captured.flatMap((array) => [...array].filter((_, i) => i % 997 === 0)),
      counts: Object.fromEntries(
        Object.entries(scores).map(([name, { matrix }]) => [name, Array.from(matrix)]),
      ),
    };
  }
  return all;
}

/** What Dawn's adapter is, or nothing where it takes none. */
export async function main(
  { sharing, precision, bindingBytes }: {
    readonly sharing?: Sharing;
    readonly precision?: "f32" | "f16";
    readonly bindingBytes?: number;
  },
): Promise<{ readonly facts?: AdapterFacts; readonly steps?: Steps }> {
  if (!await navigator.gpu.requestAdapter()) return {};
  const device = await openDevice(navigator.gpu, { sharing, ...(bindingBytes && { bindingBytes }) });
  return { facts: device.facts, ...(precision && { steps: await steps(device, precision) }) };
}
