/** The optimizer of a training: its settings, the numbers that it reads in a step, and its launches. @module */
import type { Graph } from "../../kernels/graph.ts";
import { adam, biasCorrections } from "../../kernels/ops/update/adam.ts";
import { arenaRange, splitRange } from "../../kernels/ops/update/arena_ranges.ts";
import { clear } from "../../kernels/ops/feature/clear.ts";
import { guardUpdate } from "../../kernels/ops/update/guard_update.ts";
import { sgd } from "../../kernels/ops/update/sgd.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { ArenaRange, Parameters } from "../../models/parameters.ts";
import type { ParameterGroup, ParameterKind } from "../../models/registry.ts";

/** The rule by which parameters move. */
export type OptimizerRule =
  | { readonly kind: "sgd"; readonly momentum: number; readonly nesterov?: boolean }
  | {
    readonly kind: "adam" | "adamw";
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
  };

/** What sets parameters apart, by the part of the network they are in and by what they are of; 1 where nothing is told. */
export type ParameterGroups =
  & {
    readonly [
      /** Multiple of the step's base rate. */
      part in ParameterGroup
    ]?: { readonly rate?: number };
  }
  & {
    readonly [
      /** Multiples of the base rate, beside the part's, and of the weight decay. */
      kind in ParameterKind
    ]?: { readonly rate?: number; readonly decay?: number };
  };

/** An optimizer with its settings. */
export type OptimizerSettings = OptimizerRule & {
  readonly weightDecay: number;
  /** Where it pulls convolutions to; all else, and convolutions unless told, to 0. */
  readonly decayTowards?: "zero" | "start";
  readonly groups?: ParameterGroups;
};

const PARTS: readonly ParameterGroup[] = ["backbone", "head"];
const KINDS: readonly ParameterKind[] = ["convolutions", "norms", "biases"];

/** Where Adam's two bias corrections begin in the tensor `rates`: after the rates of all parts' kinds. */
const CORRECTIONS = PARTS.length * KINDS.length;
/** Where the numbers of the method's schedules begin in it, in their order. */
export const SCHEDULES_FROM = CORRECTIONS + 2;

/** Numbers in the `rates` tensor; whole vectors of four. */
export function ratesLength(schedules: Readonly<Record<string, unknown>>): number {
  return 4 * Math.ceil((SCHEDULES_FROM + Object.keys(schedules).length) / 4);
}

/** How many numbers the optimizer remembers of each parameter. */
export function momentsOf({ kind }: OptimizerSettings): 1 | 2 {
  return kind === "sgd" ? 1 : 2;
}

/** Whether it needs to know what convolutions were at the start. */
export function needsStart({ weightDecay, decayTowards }: OptimizerSettings): boolean {
  return weightDecay > 0 && decayTowards === "start";
}

/** The weight decay of a parameter. */
export function weightDecayOf(
  { weightDecay, groups }: OptimizerSettings,
  { kind, decays = true }: { readonly kind: ParameterKind; readonly decays?: boolean },
): number {
  return decays ? weightDecay * (groups?.[kind]?.decay ?? 1) : 0;
}

/** Where a run is, to its optimizer. */
export interface UpdateAddress {
  /** Base learning rate. */
  readonly rate: number;
  /** Steps taken before this one in the whole run; those that were left out count, too. */
  readonly step: number;
}

/** What the optimizer reads in a step: the first {@linkcode SCHEDULES_FROM} numbers of the tensor `rates`. */
export function updateNumbers(optimizer: OptimizerSettings, { rate, step }: UpdateAddress): number[] {
  const { groups = {} } = optimizer;
  const rates = PARTS.flatMap((part) =>
    KINDS.map((kind) => rate * (groups[part]?.rate ?? 1) * (groups[kind]?.rate ?? 1))
  );
  return [...rates, ...(optimizer.kind === "sgd" ? [0, 0] : biasCorrections(optimizer, step + 1))];
}

/** What an update is captured with. */
export interface UpdateParts {
  readonly parameters: Parameters;
  /** f32 map [1, 1, {@linkcode ratesLength}]: {@linkcode updateNumbers}, then the schedules' numbers. */
  readonly rates: Tensor;
  readonly optimizer: OptimizerSettings;
  /** Whether averages that learn in the warm-up are moved, too; default false. */
  readonly warmUp?: boolean;
  /** Whether what it went by is zero afterwards, for steps that add to it; default false. */
  readonly clears?: boolean;
  /** Most bytes of the arenas that a launch is given. */
  readonly mostBytes?: number;
  /** Leaves the update out where a gradient overflowed, and divides by the losses' scale (kernels/ops/update/guard_update.ts). */
  readonly guard?: Tensor;
}

/** Captures the optimizer's update by the gradients as they are. */
export function captureUpdate(graph: Graph, parts: UpdateParts): void {
  const { parameters, rates, optimizer, warmUp = false, clears = false, guard } = parts;
  const needed = momentsOf(optimizer);
  const learning = parameters.ranges.filter(({ learnsInWarmUp }) => warmUp || !learnsInWarmUp);
  const pieces = learning.flatMap(({ group, kind, decays, values, moments, start, ...range }) => {
    const gradients = range.sums ?? range.gradients;
    if (!gradients || moments.length !== needed) {
      throw new Error(
        `Cannot update by ${optimizer.kind}: it needs gradients and ${needed} moments, and parameters were allocated with ` +
          `${moments.length}`,
      );
    }
    const towards = needsStart(optimizer) && kind === "convolutions";
    if (towards && !start) {
      throw new Error("Cannot decay towards the start: parameters were allocated without it");
    }
    return splitRange(values.start, values.end, parts.mostBytes).map(({ offset, bytes }) => {
      const of = (what: string, { buffer, start }: ArenaRange) =>
        arenaRange(`${group} ${kind}' ${what}`, buffer, { offset: start + offset - values.start, bytes });
      return {
        tensors: {
          parameters: of("parameters", values),
          gradients: of("gradients", gradients),
          ...(towards && { start: of("start", start!) }),
        },
        moments: moments.map((range, i) => of(`moments ${i + 1}`, range)),
        options: {
          rates,
          rateIndex: KINDS.length * PARTS.indexOf(group) + KINDS.indexOf(kind),
          weightDecay: weightDecayOf(optimizer, { kind, decays }),
          ...(guard && { guard }),
        },
      };
    });
  });
  if (guard) guardUpdate(graph, pieces.map(({ tensors }) => tensors.gradients), guard);
  for (const { tensors, moments: [first, second], options } of pieces) {
    if (optimizer.kind === "sgd") {
      const { momentum, nesterov = false } = optimizer;
      sgd(graph, { ...tensors, momenta: first! }, { ...options, momentum, nesterov });
    } else {
      const { kind, beta1, beta2, epsilon } = optimizer;
      const law = { beta1, beta2, epsilon, decoupled: kind === "adamw", correctionIndex: CORRECTIONS };
      adam(graph, { ...tensors, first: first!, second: second! }, { ...options, ...law });
    }
    if (clears) clear(graph, tensors.gradients);
  }
}
