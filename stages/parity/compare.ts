/** Holds what a parity case gave against what is recorded, by the published tolerances. @module */
import type { Device } from "../../kernels/device.ts";
import { presetValues } from "../methods/ccvc_presets.ts";
import { type CaseSettings, type ParityCase, termNames } from "./case.ts";
import { badness, norm, ofLargest, type Quantity, quantity, relative } from "./quantity.ts";
import {
  baseRate,
  type CaseRun,
  type FirstLogits,
  type Gradient,
  openCase,
  type ParityEvents,
  type PixelWeights,
} from "./run.ts";
import { compareSamples, rootMeanSquareDifference, withinNoise } from "./samples.ts";

/** Where the weights of pixels come from; the script with augmentation reads the case's only in `vote_threshold`. */
export interface WeightReading extends PixelWeights {
  readonly name: "case" | "published";
}

/** A case, run and compared. */
export interface ParityReport {
  /** Worst first. */
  readonly quantities: readonly Quantity[];
  readonly passed: boolean;
  readonly reading: WeightReading;
  /** Whether another reading was tried first, which the record's consistency losses refuse. */
  readonly readAgain: boolean;
  /** Recorded terms that the case switches off. */
  readonly off: readonly string[];
}

/** Runs with neighboring weights at most. */
const NEIGHBORS = 3;

/**
 * The readings of a case's weights, likelier first.
 *
 * In the modes `soft`, `vote` and `vote_soft` the published script with augmentation has weights of its own in its code and never
 * reads the options, so a record may have been made with either.
 */
export function weightReadings(settings: CaseSettings): readonly WeightReading[] {
  const { variant, mode, w_confident: conflict, w_unconfident: unconfident } = settings;
  const own = { name: "case", conflict, unconfident } as const;
  if (variant === "no_aug" || !["soft", "vote", "vote_soft"].includes(mode)) return [own];
  const { conflictWeight, unconfidentWeight } = presetValues({
    as: "published-code",
    augmentation: "strong",
    mode,
  });
  const published = { name: "published", conflict: conflictWeight, unconfident: unconfidentWeight } as const;
  const differs = (mode !== "soft" && own.conflict !== published.conflict) ||
    (mode !== "vote" && own.unconfident !== published.unconfident);
  return differs ? [published, own] : [own];
}

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
  const readings = weightReadings(parity.case);
  for (const reading of readings) {
    const run = openCase(device, parity, reading, events);
    try {
      const quantities: Quantity[] = [], off = new Set<string>();
      let gradients: readonly Gradient[] = [];
      let explained = true;
      for (let t = 0; t < parity.case.steps && explained; t++) {
        events.signal?.throwIfAborted();
        events.onPhase?.(`step ${t}`);
        const losses = await run.step(t);
        quantities.push(...compareLosses(parity, t, losses));
        for (const name of termNames(parity.case.variant)) if (losses[name] === undefined) off.add(name);
        if (t > 0) continue;
        explained = reading === readings.at(-1) || explainsConsistency(quantities);
        if (!explained) continue;
        events.onPhase?.("logits");
        quantities.push(...compareFirstLogits(parity, await run.logits()));
        events.onPhase?.("gradients");
        gradients = await run.gradients();
        quantities.push(...compareNorms(parity, gradients));
        const samples = compareSamples(parity, gradients);
        const out = new Set(samples.filter(({ within }) => !within).map(({ name }) => name));
        gradients = gradients.filter(({ name }) => out.has(name));
        quantities.push(...samples);
      }
      if (!explained) continue;
      quantities.push(...compareEvaluation(parity, await run.evaluate()));
      quantities.splice(0, Infinity, ...await lookCloser(parity, run, quantities, gradients, events));
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
  parity: ParityCase,
  run: CaseRun,
  quantities: readonly Quantity[],
  gradients: readonly Gradient[],
  { onPhase, signal }: ParityEvents & { readonly signal?: AbortSignal },
): Promise<readonly Quantity[]> {
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
    const again = compareLosses(parity, 0, await run.step(0));
    const moved = await run.gradients();
    again.push(...compareNorms(parity, moved), ...compareSamples(parity, moved));
    if ([...found.values()].some(({ within, name }) => !within && isLater(name))) {
      for (let t = 1; t < parity.case.steps; t++) {
        again.push(...compareLosses(parity, t, await run.step(t)));
      }
      again.push(...compareEvaluation(parity, await run.evaluate()));
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
function isLater(name: string): boolean {
  return /^(?:step [1-9]|eval)/.test(name);
}

/** Whether consistency losses are so near that the weights of their pixels must be the recorded ones. */
function explainsConsistency(losses: readonly Quantity[]): boolean {
  return losses.every(({ name, error }) => !name.startsWith("step 0 con") || error < 1e-3);
}

function compareLosses(
  { case: settings, float64, float32_deviation }: ParityCase,
  t: number,
  losses: Readonly<Record<string, number>>,
): Quantity[] {
  const wanted = float64.steps[t]!, dev = float32_deviation.steps[t] ?? {};
  const compared = Object.entries(wanted).flatMap(([name, expected]) => {
    const found = losses[name];
    if (found === undefined) return [];
    const tolerance = Math.max(t === 0 ? 1e-4 : 1e-3, 5 * (dev[name] ?? 0));
    return [
      quantity(`step ${t} ${name}`, "loss", relative(found, expected), tolerance, { expected, found }),
    ];
  });
  // Behind the last step of all there is no next one.
  if (wanted.lr_next === undefined || t + 1 >= settings.total) return compared;
  const expected = wanted.lr_next, found = baseRate(settings, t + 1);
  const rate = quantity(`step ${t} lr_next`, "rate", relative(found, expected), 1e-9, { expected, found });
  return [...compared, rate];
}

function compareFirstLogits(
  { float64, float32_deviation }: ParityCase,
  found: FirstLogits,
): Quantity[] {
  const tolerance = Math.max(3e-4, 3 * float32_deviation.logits_max_rel);
  const names = ["logits1_labelled", "logits2_labelled", "logits1_unlabelled"] as const;
  const logits = names.map((name) =>
    quantity(name, "logits", ofLargest(found[name], float64[name]), tolerance)
  );
  const expected = float64.steps[0]!.conflict_share;
  if (expected === undefined) return logits;
  const error = relative(found.conflictShare, expected);
  const bound = Math.max(1e-4, 5 * (float32_deviation.steps[0]?.conflict_share ?? 0));
  return [
    ...logits,
    quantity("step 0 conflict_share", "loss", error, bound, { expected, found: found.conflictShare }),
  ];
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
  const typical = Math.max(3e-3, 3 * median(Object.values(float32_deviation.grad_norm_rel)));
  return [
    quantity("median of all", "gradient norms", median(norms.map(({ error }) => error)), typical),
    ...norms,
  ];
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;
}

function compareEvaluation(
  { float64, float32_deviation }: ParityCase,
  [one, two]: Awaited<ReturnType<CaseRun["evaluate"]>>,
): Quantity[] {
  const tolerance = Math.max(1e-2, 5 * float32_deviation.eval_logits_max_rel);
  return [
    quantity("eval_logits1", "evaluation logits", ofLargest(one, float64.eval_logits1), tolerance),
    quantity("eval_logits2", "evaluation logits", ofLargest(two, float64.eval_logits2), tolerance),
  ];
}
