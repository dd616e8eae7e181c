/** Holds what a parity case gave against what is recorded, by the published tolerances. @module */
import type { Device } from "../../kernels/device.ts";
import type { Reading } from "./adapter.ts";
import { type ParityCase, readingsOf, setupOf } from "./case.ts";
import { compareEnd, isOfEnd } from "./compare_end.ts";
import { compareArrays, compareNorms, compareStep, compareWarmUp, type Comparison } from "./compare_step.ts";
import type { ParityEvents } from "./probe.ts";
import { badness, type Quantity } from "./quantity.ts";
import { type CaseRun, type Gradient, openCase } from "./run.ts";
import { compareSamples, rootMeanSquareDifference, withinNoise } from "./samples.ts";

/** A case, run and compared. */
export interface ParityReport {
  /** Worst first. */
  readonly quantities: readonly Quantity[];
  readonly passed: boolean;
  readonly reading: Reading;
  /** Whether another reading was tried first, which the record's losses refuse. */
  readonly readAgain: boolean;
  /** Recorded terms that the case switches off. */
  readonly off: readonly string[];
  /** Entries of the file that nothing is compared with, and why. */
  readonly unread: Readonly<Record<string, string>>;
}

/** Runs with neighboring weights at most. */
const NEIGHBORS = 3;

/**
 * Runs a case and compares it.
 *
 * @throws {CaseError} If the record is not of the case's networks. DeviceError if it does not fit the device.
 */
export async function runParity(
  device: Device,
  parity: ParityCase,
  events: ParityEvents & { readonly signal?: AbortSignal } = {},
): Promise<ParityReport> {
  const readings = readingsOf(parity), { steps } = parity.case;
  for (const reading of readings) {
    const setup = setupOf(parity, reading), comparison = { parity, setup };
    const run = openCase(device, parity, setup, events);
    try {
      const quantities: Quantity[] = compareWarmUp(comparison, await run.warmUp());
      const off = new Set<string>(), { gradStep = 0 } = setup;
      let gradients: readonly Gradient[] = [];
      let explained = true;
      for (let t = 0; t < steps && explained; t++) {
        events.signal?.throwIfAborted();
        events.onPhase?.(`step ${t}`);
        const found = await run.step(t), wanted = parity.float64.steps[t]!;
        quantities.push(...compareStep(comparison, t, found));
        for (const name of Object.keys(setup.terms)) {
          if (wanted[name] !== undefined && found[name] === undefined) off.add(name);
        }
        if (t === 0) explained = reading === readings.at(-1) || explains(comparison, quantities);
        if (t !== gradStep || !explained) continue;
        events.onPhase?.("logits");
        quantities.push(...compareArrays(comparison, await run.arrays(t)));
        events.onPhase?.("gradients");
        gradients = await run.gradients();
        quantities.push(...compareNorms(comparison, gradients));
        const samples = compareSamples(comparison, gradients);
        const out = new Set(samples.filter(({ within }) => !within).map(({ name }) => name));
        gradients = gradients.filter(({ name }) => out.has(name));
        quantities.push(...samples);
      }
      if (!explained) continue;
      quantities.push(...await compareEnd(comparison, run));
      quantities.splice(0, Infinity, ...await lookCloser(comparison, run, quantities, gradients, events));
      quantities.sort((a, b) => badness(b) - badness(a));
      const passed = quantities.every(({ within }) => within), readAgain = reading !== readings[0];
      return { quantities, passed, reading, readAgain, off: [...off], unread: setup.unread ?? {} };
    } finally {
      run.free();
    }
  }
  throw new Error("unreachable: the last reading is always run to its end");
}

/**
 * Looks closer at what is out: takes the first step again with weights that single precision hardly tells apart, and those
 * after it where it is one of them that is out.
 *
 * A rounding error of 1e-7 in an activation that lies that close to zero opens or closes its ReLU, which passes the whole
 * gradient or none; one in a logit turns the label of a pixel where two classes tie, or lifts it over the threshold. Samples of
 * gradients jump so by more than 5e-2 in a sixth of the tensors of the published cases with PyTorch's own single precision. What
 * jumps back when weights move by one unit in the last place was no mistake; a step later all of that moves the losses, too.
 * Where none of the runs meets all four samples of a tensor, what the runs differ by says how far they are known at all.
 *
 * @param gradients Of the plain run, those whose samples are out.
 */
async function lookCloser(
  comparison: Comparison,
  run: CaseRun,
  quantities: readonly Quantity[],
  gradients: readonly Gradient[],
  { onPhase, signal }: ParityEvents & { readonly signal?: AbortSignal },
): Promise<readonly Quantity[]> {
  const { parity: { case: { steps } }, setup: { gradStep = 0 } } = comparison;
  const keyOf = ({ kind, name }: Quantity) => `${kind}: ${name}`;
  const found = new Map(quantities.map((quantity) => [keyOf(quantity), quantity]));
  const noise = new Map<string, number>();
  // What is off by far is off for another reason; but what comes after a count that is, as where a flipped pixel has moved a box.
  const moved = firstMoved(quantities);
  if (
    quantities.some(({ kind, name, error }) => kind === "loss" && stepOf(name) < moved && !(error < 1e-2))
  ) {
    return quantities;
  }
  for (let variant = 1; variant <= NEIGHBORS; variant++) {
    if ([...found.values()].every(({ within }) => within)) break;
    signal?.throwIfAborted();
    onPhase?.("neighboring weights");
    run.startFromNeighbors(variant);
    const again = compareWarmUp(comparison, await run.warmUp());
    const goesOn = [...found.values()].some((quantity) => !quantity.within && isLater(quantity, gradStep));
    let moved: readonly Gradient[] = [];
    for (let t = 0; t < (goesOn ? steps : gradStep + 1); t++) {
      again.push(...compareStep(comparison, t, await run.step(t)));
      if (t !== gradStep) continue;
      again.push(...compareArrays(comparison, await run.arrays(t)));
      moved = await run.gradients();
      again.push(...compareNorms(comparison, moved), ...compareSamples(comparison, moved));
    }
    if (goesOn) again.push(...await compareEnd(comparison, run));
    for (const neighbor of again) {
      const before = found.get(keyOf(neighbor))!;
      if (before.within || !(neighbor.error < before.error)) continue;
      if (!neighbor.within && neighbor.kind !== "gradient samples") continue;
      found.set(keyOf(neighbor), {
        ...neighbor,
        remark: `${before.error.toExponential(2)} but for weights ±1 ulp`,
      });
    }
    const movedTo = new Map(moved.map(({ name, values }) => [name, values]));
    for (const { name, values } of gradients) {
      noise.set(name, Math.max(noise.get(name) ?? 0, rootMeanSquareDifference(values, movedTo.get(name)!)));
    }
  }
  for (const gradient of gradients) {
    const met = found.get(`gradient samples: ${gradient.name}`)!;
    if (met.within) continue;
    found.set(keyOf(met), withinNoise(comparison, gradient, met, noise.get(gradient.name) ?? 0));
  }
  return [...found.values()];
}

/** Whether a quantity is of what comes after the step that gradients are recorded of. */
function isLater(quantity: Quantity, gradStep: number): boolean {
  return isOfEnd(quantity) || stepOf(quantity.name) > gradStep;
}

/** The step that a quantity is of; −1 where it is of none. */
function stepOf(name: string): number {
  const [, step] = /^step (\d+) /.exec(name) ?? [];
  return step === undefined ? -1 : Number(step);
}

/** The first step behind the first one of which a count is out; none is, where all are within. */
function firstMoved(quantities: readonly Quantity[]): number {
  const steps = quantities.filter(({ kind, within }) => kind === "count" && !within).map(({ name }) =>
    stepOf(name)
  );
  return Math.min(...steps.filter((step) => step > 0), Infinity);
}

/** Whether a reading's telling losses are so near that it must be the recorded one. */
function explains({ parity: { adapter } }: Comparison, losses: readonly Quantity[]): boolean {
  return losses.every(({ name, error }) => {
    const term = name.startsWith("step 0 ") ? name.slice("step 0 ".length) : undefined;
    return term === undefined || !adapter.tells?.(term) || error < 1e-3;
  });
}
