/** Holds what a parity case gave against what is recorded, by the published tolerances. @module */
import type { Device } from "../../kernels/device.ts";
import { networkOf } from "../../models/registry.ts";
import type { CaseSetup, Reading } from "./adapter.ts";
import { type CaseDeviation, type ParityCase, readingsOf, setupOf, type SpreadDeviation } from "./case.ts";
import {
  badness,
  median,
  norm,
  ofLargest,
  percentile,
  type Quantity,
  quantity,
  relative,
} from "./quantity.ts";
import type { ParityEvents } from "./probe.ts";
import type { SampledTensors } from "./recorded.ts";
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
}

/** A case with how it is run. */
interface Comparison {
  readonly parity: ParityCase;
  readonly setup: CaseSetup;
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
      const quantities: Quantity[] = [], off = new Set<string>();
      let gradients: readonly Gradient[] = [];
      let explained = true;
      for (let t = 0; t < steps && explained; t++) {
        events.signal?.throwIfAborted();
        events.onPhase?.(`step ${t}`);
        const losses = await run.step(t);
        quantities.push(...compareStep(comparison, t, losses));
        for (const name of Object.keys(setup.terms)) if (losses[name] === undefined) off.add(name);
        if (t > 0) continue;
        explained = reading === readings.at(-1) || explains(comparison, quantities);
        if (!explained) continue;
        events.onPhase?.("logits");
        quantities.push(...compareLogits(comparison, await run.logits()));
        events.onPhase?.("gradients");
        gradients = await run.gradients();
        quantities.push(...compareNorms(parity, gradients));
        const samples = compareSamples(parity, gradients);
        const out = new Set(samples.filter(({ within }) => !within).map(({ name }) => name));
        gradients = gradients.filter(({ name }) => out.has(name));
        quantities.push(...samples);
      }
      if (!explained) continue;
      quantities.push(...await compareEnd(comparison, run));
      quantities.splice(0, Infinity, ...await lookCloser(comparison, run, quantities, gradients, events));
      quantities.sort((a, b) => badness(b) - badness(a));
      const passed = quantities.every(({ within }) => within), readAgain = reading !== readings[0];
      return { quantities, passed, reading, readAgain, off: [...off] };
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
  const { parity } = comparison;
  const keyOf = ({ kind, name }: Quantity) => `${kind}: ${name}`;
  const found = new Map(quantities.map((quantity) => [keyOf(quantity), quantity]));
  const noise = new Map<string, number>();
  // What is off by far is off for another reason.
  if (quantities.some(({ kind, error }) => kind === "loss" && !(error < 1e-2))) return quantities;
  for (let variant = 1; variant <= NEIGHBORS; variant++) {
    if ([...found.values()].every(({ within }) => within)) break;
    signal?.throwIfAborted();
    onPhase?.("neighboring weights");
    run.startFromNeighbors(variant);
    const again = compareStep(comparison, 0, await run.step(0));
    const moved = await run.gradients();
    again.push(...compareNorms(parity, moved), ...compareSamples(parity, moved));
    if ([...found.values()].some((quantity) => !quantity.within && isLater(quantity))) {
      for (let t = 1; t < parity.case.steps; t++) {
        again.push(...compareStep(comparison, t, await run.step(t)));
      }
      again.push(...await compareEnd(comparison, run));
    }
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
    if (!met.within) found.set(keyOf(met), withinNoise(parity, gradient, met, noise.get(gradient.name) ?? 0));
  }
  return [...found.values()];
}

/** Whether a quantity is of what comes after the first step. */
function isLater({ name, kind }: Quantity): boolean {
  return /^step [1-9]/.test(name) ||
    ["evaluation logits", "running statistics", "parameter changes"].includes(kind);
}

/** Whether a reading's telling losses are so near that it must be the recorded one. */
function explains({ parity: { adapter } }: Comparison, losses: readonly Quantity[]): boolean {
  return losses.every(({ name, error }) => {
    const term = name.startsWith("step 0 ") ? name.slice("step 0 ".length) : undefined;
    return term === undefined || !adapter.tells?.(term) || error < 1e-3;
  });
}

function compareStep(
  { parity: { case: settings, float64, float32_deviation }, setup }: Comparison,
  t: number,
  losses: Readonly<Record<string, number>>,
): Quantity[] {
  const wanted = float64.steps[t]!, dev = float32_deviation.steps[t] ?? {};
  return Object.entries(wanted).flatMap(([name, expected]) => {
    const full = `step ${t} ${name}`;
    if (name === "lr" || name === "lr_next") {
      const at = name === "lr" ? t : t + 1;
      // Behind the last step of all there is no next one.
      if (at >= settings.total) return [];
      const found = setup.rate(at);
      return [quantity(full, "rate", relative(found, expected), 1e-9, { expected, found })];
    }
    const found = losses[name];
    if (found === undefined) return [];
    const { whole } = setup.observed[name] ?? {};
    if (whole !== undefined) {
      const error = Math.abs(found - expected) / whole;
      return [quantity(full, "share", error, t === 0 ? 2e-3 : 5e-3, { expected, found })];
    }
    const first = setup.thresholded?.includes(name) ? 1e-3 : 1e-4;
    const tolerance = Math.max(t === 0 ? first : setup.laterLosses, 5 * (dev[name] ?? 0));
    return [quantity(full, "loss", relative(found, expected), tolerance, { expected, found })];
  });
}

/** A deviation of all logits, or of one's by name. */
function strayOf(dev: CaseDeviation["logits_max_rel"], name: string): number {
  return typeof dev === "number" ? dev : dev[name] ?? 0;
}

function compareLogits(
  { parity: { float64, float32_deviation } }: Comparison,
  found: SampledTensors,
): Quantity[] {
  return Object.entries(found).map(([name, values]) => {
    const tolerance = Math.max(3e-4, 3 * strayOf(float32_deviation.logits_max_rel, name));
    return quantity(name, "logits", ofLargest(values, float64.logits[name]!), tolerance);
  });
}

function compareNorms(
  { float64, float32_deviation }: ParityCase,
  gradients: readonly Gradient[],
): Quantity[] {
  const bound = Math.max(3e-2, 3 * float32_deviation.grad_norm_max_rel);
  const norms = gradients.map(({ name, values }) => {
    const expected = float64.grad_norm[name]!, found = norm(values);
    return quantity(name, "gradient norm", relative(found, expected), bound, { expected, found });
  });
  const { grad_norm_median_rel = median(Object.values(float32_deviation.grad_norm_rel)) } = float32_deviation;
  const typical = Math.max(3e-3, 3 * grad_norm_median_rel);
  return [
    quantity("median of all", "gradient norms", median(norms.map(({ error }) => error)), typical),
    ...norms,
  ];
}

/** What the last step has left: logits in evaluation mode, running statistics, and how far the parameters went. */
async function compareEnd(comparison: Comparison, run: CaseRun): Promise<Quantity[]> {
  const { parity: { float64, float32_deviation: dev } } = comparison;
  const logits = Object.entries(await run.evaluate()).map(([name, values]) => {
    const tolerance = Math.max(1e-2, 5 * strayOf(dev.eval_logits_max_rel, name));
    return quantity(name, "evaluation logits", ofLargest(values, float64.logits[name]!), tolerance);
  });
  const { param_delta, bn_buffers } = float64;
  if (!param_delta && !bn_buffers) return logits;
  const { changes, statistics } = await run.state();
  return [
    ...logits,
    ...(bn_buffers ? compareStatistics(statistics, bn_buffers, dev) : []),
    ...(param_delta ? compareChanges(changes, param_delta, dev) : []),
  ];
}

const NO_SPREAD: SpreadDeviation = { median: 0, p95: 0, max: 0 };

function compareStatistics(found: SampledTensors, wanted: SampledTensors, dev: CaseDeviation): Quantity[] {
  return Object.entries(wanted).map(([name, values]) => {
    const { max } = dev.spreads[`bn_buffers_rel:${networkOf(name)}`] ?? NO_SPREAD;
    return quantity(name, "running statistics", ofLargest(found[name]!, values), Math.max(1e-2, 5 * max));
  });
}

/** By network: single tensors are at the limit of single precision, where a change is the last digit of a weight. */
function compareChanges(found: SampledTensors, wanted: SampledTensors, dev: CaseDeviation): Quantity[] {
  return [...new Set(Object.keys(wanted).map(networkOf))].flatMap((network) => {
    const { median: typical, p95 } = dev.spreads[`param_delta_rel:${network}`] ?? NO_SPREAD;
    const errors = Object.entries(wanted).filter(([name]) => networkOf(name) === network)
      .map(([name, values]) => ofLargest(found[name]!, values));
    const kind = "parameter changes";
    return [
      quantity(`${network}, median of all`, kind, median(errors), Math.max(1e-2, 5 * typical)),
      quantity(`${network}, 95 % of all`, kind, percentile(errors, 0.95), Math.max(5e-2, 3 * p95)),
    ];
  });
}
