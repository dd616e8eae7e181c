/** How far a run of PyTorch in single precision strayed from that in double precision. @module */
import { z } from "zod";
import { median } from "./quantity.ts";
import type { Stray } from "./rules.ts";
import { factor } from "./settings.ts";

/** Of the tensors of a network. */
export interface SpreadDeviation {
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** Relative to the recorded numbers unless a file says otherwise; 0 where it is silent. */
export interface CaseDeviation {
  /** Of each step's numbers. */
  readonly steps: readonly Readonly<Record<string, Stray>>[];
  /** By parameter; not in every file. */
  readonly grad_norm_rel: Readonly<Record<string, number>>;
  /** The others, by names of the file's. */
  readonly [name: string]: unknown;
}

const spread = z.object({ median: factor, p95: factor, max: factor });

/** Reads it. */
export const deviationSchema = z.object({
  // A count strays up or down.
  steps: z.array(z.record(z.string(), z.union([z.number(), z.literal("same")]))).default([]),
  grad_norm_rel: z.record(z.string(), factor).default({}),
}).loose().prefault({});

/** Of an array's entries, by its name in the file: said of it alone, of the logits by name, or of all logits. */
export function strayOf(dev: CaseDeviation, name: string, all = "logits"): number {
  const ofLogits = dev[`${all}_max_rel`] as Readonly<Record<string, number>> | number | undefined;
  const own = [dev[name], dev[`${name}_max_rel`]].find((value) => typeof value === "number");
  return (own as number | undefined) ?? (typeof ofLogits === "object" ? ofLogits[name] : ofLogits) ?? 0;
}

/** A single number of the file's, 0 where it has none. */
export function strayNamed(dev: CaseDeviation, name: string): number {
  const value = dev[name];
  return typeof value === "number" ? value : 0;
}

/** The median of the deviations of gradients' norms. */
export function typicalNormStray(dev: CaseDeviation): number {
  const told = dev.grad_norm_median_rel;
  return typeof told === "number" ? told : median(Object.values(dev.grad_norm_rel));
}

/** Of the tensors of a network, by the file's name, e.g. `param_delta_rel:branch1`. */
export function spreadOf(dev: CaseDeviation, name: string): SpreadDeviation {
  return spread.safeParse(dev[name]).data ?? { median: 0, p95: 0, max: 0 };
}
