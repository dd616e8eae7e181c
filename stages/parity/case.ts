/** Parity cases: a training step of the published method in numbers, read from a file. @module */
import { z } from "zod";
import { UserError } from "../../pipeline/mod.ts";

/** A case file is broken, asks for what is unknown, or contradicts itself. */
export class CaseError extends UserError {
  override readonly name = "CaseError";
  override readonly exitCode = 2;
}

/** What was run; the names are the file's, after the original's command line (spec §5). */
export interface CaseSettings {
  /** Which of the two scripts: weak views alone, or also a strong one with CutMix. */
  readonly variant: "no_aug" | "aug";
  readonly backbone: "resnet50" | "resnet101" | "resnet14";
  /** `pascal`: 21 classes, output stride 16; `cityscapes`: 19 classes, output stride 8 with multi-grid. */
  readonly dataset: "pascal" | "cityscapes";
  readonly mode: "normal" | "soft" | "vote" | "vote_threshold" | "vote_soft" | "no";
  /** Confidence threshold. */
  readonly tau: number;
  /** `both` branches map their features, or the second alone (`else` in the original). */
  readonly mapping: "both" | "second" | "else";
  readonly w_CE: number;
  readonly w_con: number;
  readonly w_dis: number;
  readonly w_confident: number;
  readonly w_unconfident: number;
  readonly lr_network: number;
  readonly lr_backbone: number;
  /** Whether the consistency loss counts; only the script without augmentation has the switch. */
  readonly use_con: 0 | 1;
  /** Whether the discrepancy counts; likewise. */
  readonly use_dis: 0 | 1;
  /** Side of the images in pixels. */
  readonly size: number;
  /** Images of each kind in a step. */
  readonly batch: number;
  /** Steps that are run. */
  readonly steps: number;
  /** Steps over which the learning rate decays. */
  readonly total: number;
  readonly base_lr: number;
  /** Prefix of all names that are hashed. */
  readonly salt: string;
}

/** What a run recorded. */
export interface CaseRecord {
  /** Each step's loss terms before weighting, with `total`, `lr_next` and, at first, `conflict_share`. */
  readonly steps: readonly Readonly<Record<string, number>>[];
  /** L2 norm of each parameter's gradient in the first step. */
  readonly grad_norm: Readonly<Record<string, number>>;
  /** Four entries of each. */
  readonly grad_sample: Readonly<Record<string, readonly number[]>>;
  /** 64 sampled logits of the first step's passes, and of the evaluation after the last one. */
  readonly logits1_labelled: readonly number[];
  readonly logits2_labelled: readonly number[];
  readonly logits1_unlabelled: readonly number[];
  readonly eval_logits1: readonly number[];
  readonly eval_logits2: readonly number[];
}

/** How far a run of PyTorch in single precision strayed from that in double precision, relative. */
export interface CaseDeviation {
  readonly steps: readonly Readonly<Record<string, number>>[];
  readonly grad_norm_max_rel: number;
  /** By parameter; not in every file. */
  readonly grad_norm_rel: Readonly<Record<string, number>>;
  readonly logits_max_rel: number;
  readonly eval_logits_max_rel: number;
}

/** One case. */
export interface ParityCase {
  readonly case: CaseSettings;
  readonly float64: CaseRecord;
  readonly float32_deviation: CaseDeviation;
}

const factor = z.number().min(0).max(1e6);
const flag = z.union([
  z.literal(0),
  z.literal(1),
  z.boolean().transform((on) => on ? 1 as const : 0 as const),
]);
const terms = z.record(z.string(), z.number());
const logits = z.array(z.number()).length(64);

const caseSchema = z.object({
  case: z.strictObject({
    variant: z.enum(["no_aug", "aug"]),
    backbone: z.enum(["resnet50", "resnet101", "resnet14"]),
    dataset: z.enum(["pascal", "cityscapes"]),
    mode: z.enum(["normal", "soft", "vote", "vote_threshold", "vote_soft", "no"]),
    tau: z.number(),
    mapping: z.enum(["both", "second", "else"]),
    w_CE: factor,
    w_con: factor,
    w_dis: factor,
    w_confident: factor,
    w_unconfident: factor,
    lr_network: factor,
    lr_backbone: factor,
    use_con: flag.default(1),
    use_dis: flag.default(1),
    size: z.int().min(16).max(2048),
    // The pooling branch's batch norm sees one value an image, and needs two.
    batch: z.int().min(2).max(64),
    steps: z.int().min(1).max(1000),
    total: z.int().min(1),
    base_lr: factor,
    salt: z.string(),
  }),
  float64: z.object({
    steps: z.array(terms),
    grad_norm: z.record(z.string(), factor),
    grad_sample: z.record(z.string(), z.array(z.number()).length(4)),
    logits1_labelled: logits,
    logits2_labelled: logits,
    logits1_unlabelled: logits,
    eval_logits1: logits,
    eval_logits2: logits,
  }),
  float32_deviation: z.object({
    steps: z.array(z.record(z.string(), factor)).default([]),
    grad_norm_max_rel: factor.default(0),
    grad_norm_rel: z.record(z.string(), factor).default({}),
    logits_max_rel: factor.default(0),
    eval_logits_max_rel: factor.default(0),
  }).prefault({}),
});

/**
 * Reads a case.
 *
 * @param text The file's content, JSON.
 * @param path For messages.
 * @throws {CaseError} If it is no case, or contradicts itself.
 */
export function parseCase(text: string, path: string): ParityCase {
  const refuse = (what: string, way: string) =>
    new CaseError(`Cannot read the case "${path}": ${what}. ${way}`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse(`it is no JSON: ${(error as Error).message}`, "Fetch or make the file again.");
  }
  const parsed = caseSchema.safeParse(json);
  if (!parsed.success) {
    const issues = parsed.error.issues.map(({ path: at, message }) =>
      `${at.join(".") || "the file"}: ${message}`
    );
    const shown = issues.length > 8 ? [...issues.slice(0, 8), `and ${issues.length - 8} more`] : issues;
    throw refuse(`\n  ${shown.join("\n  ")}\n`, "It must have the form of the published cases.");
  }
  const found: ParityCase = parsed.data;
  for (const complaint of contradictions(found)) throw refuse(complaint, "Mend the file, or make it again.");
  return found;
}

/** The loss terms that a step of a variant records, in the file's names. */
export function termNames(variant: CaseSettings["variant"]): readonly string[] {
  const common = ["ce1", "ce2", "dis_labelled"];
  return variant === "no_aug"
    ? [...common, "con1", "con2", "dis_unlabelled"]
    : [...common, "con1_mix", "con2_mix", "con1_raw", "con2_raw", "dis_mix", "dis_raw"];
}

function* contradictions({ case: settings, float64 }: ParityCase): Generator<string> {
  const { variant, steps, total, use_con, use_dis, w_CE, w_con, w_dis } = settings;
  if (float64.steps.length !== steps) {
    yield `case.steps is ${steps}, and float64.steps records ${float64.steps.length}`;
  }
  if (steps > total) yield `case.steps is ${steps}, more than the ${total} steps of case.total`;
  if (variant === "aug" && !(use_con && use_dis)) {
    yield `use_con and use_dis must be 1: the script with augmentation has no such switches`;
  }
  if (w_CE + use_con * w_con + use_dis * w_dis === 0) {
    yield "w_CE, w_con and w_dis leave no loss that counts";
  }
  const known = new Set([...termNames(variant), "total", "conflict_share", "lr_next"]);
  for (const [t, step] of float64.steps.entries()) {
    const missing = [...termNames(variant), "total"].filter((name) => step[name] === undefined);
    const foreign = Object.keys(step).filter((name) => !known.has(name));
    if (missing.length + foreign.length > 0) {
      yield `float64.steps[${t}] is not of the variant "${variant}": ${
        [...missing.map((name) => `"${name}" is missing`), ...foreign.map((name) => `"${name}" is unknown`)]
          .join(
            ", ",
          )
      }`;
    }
  }
}

/**
 * Holds a record to the network's parameters.
 *
 * @throws {CaseError} If one is missing or foreign.
 */
export function checkNames({ case: settings, float64 }: ParityCase, names: readonly string[]): void {
  const wanted = new Set(names);
  for (const part of ["grad_norm", "grad_sample"] as const) {
    const missing = names.filter((name) => float64[part][name] === undefined);
    const foreign = Object.keys(float64[part]).filter((name) => !wanted.has(name));
    const [first] = [...missing, ...foreign];
    if (first === undefined) continue;
    throw new CaseError(
      `Cannot compare float64.${part}: ${missing.length} parameters are missing in it and ${foreign.length} are unknown, ` +
        `first "${first}"; the networks (${settings.backbone}, mapping ${settings.mapping}) have ${names.length}. ` +
        "Mend case.backbone or case.mapping, or make the file again.",
    );
  }
}
