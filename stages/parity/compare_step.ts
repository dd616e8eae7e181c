/** Holds what a case's steps gave against what is recorded of them. @module */
import type { CaseSetup } from "./adapter.ts";
import type { ParityCase } from "./case.ts";
import { strayNamed, strayOf, typicalNormStray } from "./deviation.ts";
import { median, norm, ofLargest, type Quantity, quantity, relative } from "./quantity.ts";
import type { SampledTensors } from "./recorded.ts";
import { type Compared, type Recorded, type Rule, strayed } from "./rules.ts";
import type { Gradient } from "./run.ts";

/** A case with how it is run. */
export interface Comparison {
  readonly parity: ParityCase;
  readonly setup: CaseSetup;
}

/** Multiple of what PyTorch's losses strayed by. */
const STRAYS = 5;
/** Multiple of what the norms of its gradients strayed by. */
const NORM_STRAYS = 3;

/** Losses of the steps before the first. */
export function compareWarmUp({ parity, setup: { floors } }: Comparison, found: SampledTensors): Quantity[] {
  const wanted = parity.float64.tables.warm_up_losses ?? {};
  return Object.entries(wanted).flatMap(([name, values]) =>
    [values].flat().map((expected, j) => {
      const value = found[name]?.[j] ?? NaN;
      const tolerance = j === 0 ? floors.losses : floors.laterLosses;
      return quantity(`warm-up ${j} ${name}`, "loss", relative(value, expected), tolerance, {
        expected,
        found: value,
      });
    })
  );
}

/** Losses, rates and whatever else step `t` records. */
export function compareStep(
  { parity: { case: settings, float64, float32_deviation }, setup }: Comparison,
  t: number,
  found: Readonly<Record<string, Recorded>>,
): Quantity[] {
  const wanted = float64.steps[t]!, strays = float32_deviation.steps[t] ?? {};
  return Object.entries(wanted).flatMap(([name, expected]) => {
    const full = `step ${t} ${name}`;
    if (name === "lr" || name === "lr_next") {
      const at = name === "lr" ? t : t + 1;
      // Behind the last step of all there is no next one.
      if (at >= settings.total || typeof expected !== "number") return [];
      const rate = setup.rate(at);
      return [quantity(full, "rate", relative(rate, expected), 1e-9, { expected, found: rate })];
    }
    const value = found[name];
    if (value === undefined) return [];
    const rule = setup.observed[name]?.rule ?? lossRule(setup, name);
    const verdict = rule.compare(value, expected, {
      first: t === 0,
      stray: strays[name] ?? 0,
      wanted,
      found,
    });
    if (!verdict) return [];
    const numbers = typeof value === "number" && typeof expected === "number"
      ? { expected, found: value }
      : {};
    return [quantity(full, rule.kind, ...verdict, numbers)];
  });
}

function lossRule({ floors, thresholded = [] }: CaseSetup, name: string): Rule {
  const first = thresholded.includes(name) ? floors.thresholded : floors.losses;
  return {
    kind: "loss",
    compare(found, wanted, at: Compared) {
      if (typeof found !== "number" || typeof wanted !== "number") return [Infinity, first];
      const tolerance = Math.max(at.first ? first : floors.laterLosses, STRAYS * strayed(at.stray));
      return [relative(found, wanted), tolerance];
    },
  };
}

/** Logits and maps of the step that gradients are recorded of. */
export function compareArrays(
  { parity: { float64: { arrays }, float32_deviation }, setup: { floors, maps = {}, gradStep = 0 } }:
    Comparison,
  found: SampledTensors,
): Quantity[] {
  return Object.entries(found).flatMap(([name, values]) => {
    const expected = arrays[name]!, stray = strayOf(float32_deviation, name), rule = maps[name]?.rule;
    if (rule) {
      const at = { first: gradStep === 0, stray, wanted: arrays, found };
      const verdict = rule.compare(values, expected, at);
      return verdict ? [quantity(name, rule.kind, ...verdict)] : [];
    }
    const tolerance = Math.max(floors.logits, floors.logitStrays * stray);
    return [quantity(name, maps[name] ? "map" : "logits", ofLargest(values, expected), tolerance)];
  });
}

/** Norms of gradients, and their median error. */
export function compareNorms(
  { parity: { float64, float32_deviation: dev }, setup: { floors } }: Comparison,
  gradients: readonly Gradient[],
): Quantity[] {
  const bound = Math.max(floors.norm, NORM_STRAYS * strayNamed(dev, "grad_norm_max_rel"));
  const norms = gradients.map(({ name, values }) => {
    const expected = float64.grad_norm[name]!, found = norm(values);
    return quantity(name, "gradient norm", relative(found, expected), bound, { expected, found });
  });
  const typical = Math.max(floors.norms, NORM_STRAYS * typicalNormStray(dev));
  return [
    quantity("median of all", "gradient norms", median(norms.map(({ error }) => error)), typical),
    ...norms,
  ];
}
