/** Parity cases: a training step of a published method in numbers, read from a file. @module */
import { z } from "zod";
import { networkOf } from "../../models/registry.ts";
import { didYouMean, UserError } from "../../pipeline/mod.ts";
import type { CaseAdapter, CaseSetup, Reading } from "./adapter.ts";
import { adapterOf, caseMethods } from "./adapters.ts";
import { type CaseSettings, factor } from "./settings.ts";

/** A case file is broken, asks for what is unknown, or contradicts itself. */
export class CaseError extends UserError {
  override readonly name = "CaseError";
  override readonly exitCode = 2;
}

/** Numbers by name. */
type Numbers = Readonly<Record<string, number>>;

/** Some entries of tensors, by their names. */
type Samples = Readonly<Record<string, readonly number[]>>;

/** What a run recorded. */
export interface CaseRecord {
  /** Each step's loss terms before weighting, with `total` and what else the method's cases record, e.g. `lr_next`. */
  readonly steps: readonly Numbers[];
  /** L2 norm of each parameter's gradient in the first step. */
  readonly grad_norm: Numbers;
  /** Four entries of each. */
  readonly grad_sample: Samples;
  /** How far the last step left each parameter from its start, at the same four positions; not in every file. */
  readonly param_delta?: Samples | undefined;
  /** Two entries of each running statistic after the last step; not in every file. */
  readonly bn_buffers?: Samples | undefined;
  /** 64 sampled logits of the first step's passes, and of the evaluation after the last one, by the method's names. */
  readonly logits: Samples;
}

/** Of the tensors of a network. */
export interface SpreadDeviation {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** How far a run of PyTorch in single precision strayed from that in double precision, relative; 0 where a file is silent. */
export interface CaseDeviation {
  readonly steps: readonly Numbers[];
  readonly grad_norm_max_rel: number;
  readonly grad_norm_median_rel?: number | undefined;
  /** By parameter; not in every file. */
  readonly grad_norm_rel: Numbers;
  readonly grad_sample_max_rel: number;
  /** Of all, or by name. */
  readonly logits_max_rel: number | Numbers;
  readonly eval_logits_max_rel: number | Numbers;
  /** Others, e.g. `param_delta_rel:branch1`. */
  readonly spreads: Readonly<Record<string, SpreadDeviation>>;
}

/** One case. */
export interface ParityCase {
  readonly adapter: CaseAdapter;
  readonly case: CaseSettings & Readonly<Record<string, unknown>>;
  readonly float64: CaseRecord;
  readonly float32_deviation: CaseDeviation;
}

const numbers = z.record(z.string(), z.number());
const factors = z.record(z.string(), factor);
const byName = z.union([factor, factors]).default(0);
const spread = z.object({ median: factor, p95: factor, max: factor });

const samples = (count: number) => z.record(z.string(), z.array(z.number()).length(count));

const caseSchema = (settings: z.ZodType<CaseSettings>) =>
  z.object({
    case: settings,
    float64: z.object({
      steps: z.array(numbers),
      grad_norm: factors,
      grad_sample: samples(4),
      param_delta: samples(4).optional(),
      bn_buffers: samples(2).optional(),
    }).catchall(z.array(z.number()).length(64)),
    float32_deviation: z.object({
      steps: z.array(factors).default([]),
      grad_norm_max_rel: factor.default(0),
      grad_norm_median_rel: factor.optional(),
      grad_norm_rel: factors.default({}),
      grad_sample_max_rel: factor.default(0),
      logits_max_rel: byName,
      eval_logits_max_rel: byName,
    }).loose().prefault({}),
  });

/**
 * Reads a case.
 *
 * @param text The file's content, JSON.
 * @param path For messages.
 * @throws {CaseError} If it is no case, is of a method whose cases are unknown, or contradicts itself.
 */
export function parseCase(text: string, path: string): ParityCase {
  const refuse = (what: string, way: string) =>
    new CaseError(`Cannot read the case "${path}": ${what}. ${way}`);
  let json: { readonly case?: { readonly method?: unknown } } | null;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse(`it is no JSON: ${(error as Error).message}`, "Fetch or make the file again.");
  }
  const method = json?.case?.method, adapter = adapterOf(method);
  if (!adapter) {
    const known = `Methods with cases: ${caseMethods.join(", ")}.`;
    throw refuse(
      `it is of method ${JSON.stringify(method)}`,
      typeof method === "string" ? `${didYouMean(method, caseMethods)} ${known}`.trim() : known,
    );
  }
  const parsed = caseSchema(adapter.settings).safeParse(json);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path: at, message }) =>
      `${at.join(".") || "the file"}: ${message}`
    );
    const shown = issues.length > 8 ? [...issues.slice(0, 8), `and ${issues.length - 8} more`] : issues;
    throw refuse(`\n  ${shown.join("\n  ")}\n`, "It must have the form of the published cases.");
  }
  const { case: settings, float64, float32_deviation } = parsed.data;
  const { steps, grad_norm, grad_sample, param_delta, bn_buffers, ...logits } = float64;
  const spreads = Object.entries(float32_deviation).flatMap(([name, value]) => {
    const found = spread.safeParse(value);
    return found.success ? [[name, found.data] as const] : [];
  });
  const found: ParityCase = {
    adapter,
    case: settings as ParityCase["case"],
    float64: { steps, grad_norm, grad_sample, param_delta, bn_buffers, logits },
    float32_deviation: { ...float32_deviation, spreads: Object.fromEntries(spreads) },
  };
  for (const complaint of contradictions(found)) throw refuse(complaint, "Mend the file, or make it again.");
  return found;
}

/** The readings of a case, likelier first. */
export function readingsOf({ adapter, case: settings }: ParityCase): readonly [Reading, ...Reading[]] {
  return adapter.readings?.(settings) ?? [{ name: "case" }];
}

/** A case as it is run, by one of its readings; the likeliest unless told. */
export function setupOf(parity: ParityCase, reading: Reading = readingsOf(parity)[0]): CaseSetup {
  return parity.adapter.setup(parity.case, reading);
}

function* contradictions(parity: ParityCase): Generator<string> {
  const { adapter, case: settings, float64 } = parity;
  const { steps, total } = settings;
  if (float64.steps.length !== steps) {
    yield `case.steps is ${steps}, and float64.steps records ${float64.steps.length}`;
  }
  if (steps > total) yield `case.steps is ${steps}, more than the ${total} steps of case.total`;
  yield* adapter.contradictions?.(settings) ?? [];
  const { terms, observed, logits, evaluation } = setupOf(parity);
  const wanted = [...Object.keys(terms), "total"];
  const optional = [...Object.keys(observed), "lr", "lr_next"];
  for (const [t, step] of float64.steps.entries()) {
    yield* differing(`float64.steps[${t}]`, step, wanted, optional);
  }
  yield* differing("float64", float64.logits, [...Object.keys(logits), ...Object.keys(evaluation)]);
}

/** What is missing in a record, and what is foreign to it. */
function* differing(
  what: string,
  record: Readonly<Record<string, unknown>>,
  wanted: readonly string[],
  optional: readonly string[] = [],
): Generator<string> {
  const missing = wanted.filter((name) => record[name] === undefined);
  const foreign = Object.keys(record).filter((name) => !wanted.includes(name) && !optional.includes(name));
  if (missing.length + foreign.length === 0) return;
  yield `${what} is not of this method and its settings: ${
    [...missing.map((name) => `"${name}" is missing`), ...foreign.map((name) => `"${name}" is unknown`)].join(
      ", ",
    )
  }`;
}

/**
 * Holds a record to the network's parameters and statistics.
 *
 * @param learning Parameters that have gradients, all unless told; changes may be recorded of these alone.
 *
 * @throws {CaseError} If one is missing or foreign.
 */
export function checkNames(
  { case: settings, float64 }: ParityCase,
  parameters: readonly string[],
  statistics: readonly string[] = [],
  learning: readonly string[] = parameters,
): void {
  const { grad_norm, grad_sample, param_delta, bn_buffers } = float64;
  const recorded = new Set(Object.keys(param_delta ?? {}).map(networkOf));
  const changed = parameters.filter((name) => learning.includes(name) || recorded.has(networkOf(name)));
  const parts = [
    ["grad_norm", grad_norm, learning],
    ["grad_sample", grad_sample, learning],
    ["param_delta", param_delta, changed],
    ["bn_buffers", bn_buffers, statistics],
  ] as const;
  for (const [part, record, names] of parts) {
    if (!record) continue;
    const wanted = new Set(names);
    const missing = names.filter((name) => record[name] === undefined);
    const foreign = Object.keys(record).filter((name) => !wanted.has(name));
    const [first] = [...missing, ...foreign];
    if (first === undefined) continue;
    const what = part === "bn_buffers" ? "statistics" : "parameters";
    throw new CaseError(
      `Cannot compare float64.${part}: ${missing.length} ${what} are missing in it and ${foreign.length} are unknown, ` +
        `first "${first}"; the networks of the case's settings (${settings.backbone}) have ${names.length}. ` +
        "Mend the settings, or make the file again.",
    );
  }
}
