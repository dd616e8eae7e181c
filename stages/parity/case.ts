/** Parity cases: a training step of a published method in numbers, read from a file. @module */
import { z } from "zod";
import { networkOf } from "../../models/registry.ts";
import { didYouMean, UserError } from "../../pipeline/mod.ts";
import type { CaseAdapter, CaseSetup, Reading } from "./adapter.ts";
import { adapterOf, caseMethods } from "./adapters.ts";
import { type CaseDeviation, deviationSchema } from "./deviation.ts";
import type { SampledTensors } from "./recorded.ts";
import type { Recorded } from "./rules.ts";
import { type CaseSettings, factor } from "./settings.ts";
import { tableKind } from "./tables.ts";

/** A case file is broken, asks for what is unknown, or contradicts itself. */
export class CaseError extends UserError {
  override readonly name = "CaseError";
  override readonly exitCode = 2;
}

/** Numbers, or some entries of tensors, by their names. */
export type Table = Readonly<Record<string, number | readonly number[]>>;

/** What a run recorded. */
export interface CaseRecord {
  /** Each step's loss terms before weighting, with `total` and what else the method's cases record, e.g. `lr_next`. */
  readonly steps: readonly Readonly<Record<string, Recorded>>[];
  /** L2 norm of each parameter's gradient in the step that they are recorded of. */
  readonly grad_norm: Readonly<Record<string, number>>;
  /** Four entries of each. */
  readonly grad_sample: SampledTensors;
  /** Entries of logits and maps of that step, and of the evaluation after the last one, by the method's names. */
  readonly arrays: SampledTensors;
  /** What the last step has left, by tensor or network; see {@linkcode tableKinds}. */
  readonly tables: Readonly<Record<string, Table>>;
}

/** One case. */
export interface ParityCase {
  readonly adapter: CaseAdapter;
  readonly case: CaseSettings & Readonly<Record<string, unknown>>;
  readonly float64: CaseRecord;
  readonly float32_deviation: CaseDeviation;
}

const recorded: z.ZodType<Recorded> = z.union([z.number(), z.array(z.lazy(() => recorded))]);
const numbers = z.array(z.number()).min(1);
const table = z.record(z.string(), z.union([z.number(), numbers]));

const caseSchema = (settings: z.ZodType<CaseSettings>) =>
  z.object({
    case: settings,
    float64: z.object({
      steps: z.array(z.record(z.string(), recorded)),
      grad_norm: z.record(z.string(), factor),
      grad_sample: z.record(z.string(), z.array(z.number()).length(4)),
    }).catchall(z.union([numbers, table])),
    float32_deviation: deviationSchema,
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
  const { case: settings, float64: { steps, grad_norm, grad_sample, ...others }, float32_deviation } =
    parsed.data;
  const parts = Object.entries(others);
  const found: ParityCase = {
    adapter,
    case: settings as ParityCase["case"],
    float64: {
      steps,
      grad_norm,
      grad_sample,
      arrays: Object.fromEntries(parts.filter(([, value]) => Array.isArray(value))) as SampledTensors,
      tables: Object.fromEntries(parts.filter(([, value]) => !Array.isArray(value))) as CaseRecord["tables"],
    },
    float32_deviation,
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

/** Entries that are recorded of logits. */
const SAMPLED = 64;

function* contradictions(parity: ParityCase): Generator<string> {
  const { adapter, case: settings, float64 } = parity;
  const { steps, total } = settings;
  if (float64.steps.length !== steps) {
    yield `case.steps is ${steps}, and float64.steps records ${float64.steps.length}`;
  }
  if (steps > total) yield `case.steps is ${steps}, more than the ${total} steps of case.total`;
  yield* adapter.contradictions?.(settings) ?? [];
  const setup = setupOf(parity), { terms, observed, logits, maps = {}, evaluation, unread = {} } = setup;
  const optional = [...Object.keys(observed), "lr", "lr_next", ...Object.keys(unread)];
  for (const [t, step] of float64.steps.entries()) {
    const known = Object.keys(terms), main = (setup.phase?.(t) ?? "method") === "method";
    // A step of another kind has some of the terms.
    yield* differing(`float64.steps[${t}]`, step, main ? [...known, "total"] : ["total"], [
      ...known,
      ...optional,
    ]);
  }
  const arrays = [logits, maps, evaluation].flatMap((parts) => Object.keys(parts));
  yield* differing("float64", float64.arrays, arrays, Object.keys(unread));
  const tables = Object.keys(float64.tables).filter((name) => tableKind(name) !== undefined);
  yield* differing("float64", float64.tables, tables, Object.keys(unread));
  for (const name of [logits, evaluation].flatMap((parts) => Object.keys(parts))) {
    const { length = SAMPLED } = float64.arrays[name] ?? [];
    if (length !== SAMPLED) {
      yield `float64.${name} has ${length} entries, and ${SAMPLED} of logits are recorded`;
    }
  }
  const { gradStep = 0 } = setup;
  if (gradStep >= steps) yield `case.steps is ${steps}, and gradients are recorded of step ${gradStep}`;
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
  const { grad_norm, grad_sample, tables } = float64;
  const recorded = new Set(Object.keys(tables.param_delta ?? {}).map(networkOf));
  const changed = parameters.filter((name) => learning.includes(name) || recorded.has(networkOf(name)));
  const parts = [
    ["grad_norm", grad_norm, learning, learning],
    ["grad_sample", grad_sample, learning, learning],
    ...Object.entries(tables).map(([part, record]) => {
      const kind = tableKind(part);
      const every = kind === "changes" ? changed : kind === "updates" ? learning : [];
      const known = kind === "statistics" || kind === "sums" ? statistics : parameters;
      const ofTensors = kind !== undefined && kind !== "counts" && kind !== "losses";
      // What is recorded of some tensors may be of any of them.
      const wanted = part === "bn_buffers" ? statistics : every;
      return [part, ofTensors ? record : undefined, wanted, wanted.length > 0 ? wanted : known] as const;
    }),
  ] as const;
  for (const [part, record, wanted, known] of parts) {
    if (!record) continue;
    const missing = wanted.filter((name) => record[name] === undefined);
    const names = new Set(known), foreign = Object.keys(record).filter((name) => !names.has(name));
    const [first] = [...missing, ...foreign];
    if (first === undefined) continue;
    const what = known === statistics ? "statistics" : "parameters";
    throw new CaseError(
      `Cannot compare float64.${part}: ${missing.length} ${what} are missing in it and ${foreign.length} are unknown, ` +
        `first "${first}"; the networks of the case's settings (${settings.backbone}) have ${known.length}. ` +
        "Mend the settings, or make the file again.",
    );
  }
}
