/** The optimizer of a training: its settings, the numbers that it reads in a step, and its launches. @module */
import type { Graph } from "../../kernels/graph.ts";
import { adam, biasCorrections } from "../../kernels/ops/adam.ts";
import { arenaRange, splitRange } from "../../kernels/ops/arena_ranges.ts";
import { clear } from "../../kernels/ops/clear.ts";
import { guardUpdate } from "../../kernels/ops/guard_update.ts";
import { sgd } from "../../kernels/ops/sgd.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Parameters } from "../../models/parameters.ts";
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
  readonly groups?: ParameterGroups;
};

/** Where in the tensor `rates` a parameter's learning rate lies. */
const RATE_INDEX: Readonly<Record<ParameterGroup, Readonly<Record<ParameterKind, number>>>> = {
  backbone: { convolutions: 0, norms: 1, biases: 2 },
  head: { convolutions: 3, norms: 4, biases: 5 },
};
/** Where Adam's two bias corrections begin in it. */
const CORRECTIONS = 6;
/** Where the numbers of the method's schedules begin in it, in their order. */
export const SCHEDULES_FROM = 8;

/** Numbers in the `rates` tensor; whole vectors of four. */
export function ratesLength(schedules: Readonly<Record<string, unknown>>): number {
  return 4 * Math.ceil((SCHEDULES_FROM + Object.keys(schedules).length) / 4);
}

/** How many numbers the optimizer remembers of each parameter. */
export function momentsOf({ kind }: OptimizerSettings): 1 | 2 {
  return kind === "sgd" ? 1 : 2;
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
  const numbers = Array<number>(SCHEDULES_FROM).fill(0);
  for (const [part, places] of Object.entries(RATE_INDEX)) {
    for (const [kind, place] of Object.entries(places)) {
      const ofPart = groups[part as ParameterGroup]?.rate ?? 1;
      numbers[place] = rate * ofPart * (groups[kind as ParameterKind]?.rate ?? 1);
    }
  }
  if (optimizer.kind !== "sgd") numbers.splice(CORRECTIONS, 2, ...biasCorrections(optimizer, step + 1));
  return numbers;
}

/** What an update is captured with. */
export interface UpdateParts {
  readonly parameters: Parameters;
  /** f32 map [1, 1, {@linkcode ratesLength}]: {@linkcode updateNumbers}, then the schedules' numbers. */
  readonly rates: Tensor;
  readonly optimizer: OptimizerSettings;
  /** Whether the gradients are zero afterwards, for steps that add to them; default false. */
  readonly clears?: boolean;
  /** Most bytes of the arenas that a launch is given. */
  readonly mostBytes?: number;
  /** Leaves the update out where a gradient overflowed, and divides by the losses' scale (kernels/ops/guard_update.ts). */
  readonly guard?: Tensor;
}

/** Captures the optimizer's update by the gradients as they are. */
export function captureUpdate(graph: Graph, parts: UpdateParts): void {
  const { parameters, rates, optimizer, clears = false, guard } = parts;
  const { values, gradients, moments } = parameters.buffers;
  if (!gradients || moments.length !== momentsOf(optimizer)) {
    throw new Error(
      `Cannot update by ${optimizer.kind}: it needs ${
        momentsOf(optimizer)
      } moments beside gradients, and there is room for ` +
        `${moments.length}`,
    );
  }
  const pieces = parameters.ranges.flatMap(({ group, kind, start, end }) =>
    splitRange(start, end, parts.mostBytes).map((range) => ({
      of: (what: string, buffer: GPUBuffer) => arenaRange(`${group} ${kind}' ${what}`, buffer, range),
      slopes: arenaRange(`${group} ${kind}' gradients`, gradients, range),
      options: {
        rates,
        rateIndex: RATE_INDEX[group][kind],
        weightDecay: optimizer.weightDecay * (optimizer.groups?.[kind]?.decay ?? 1),
        ...(guard && { guard }),
      },
    }))
  );
  if (guard) guardUpdate(graph, pieces.map(({ slopes }) => slopes), guard);
  for (const { of, slopes, options } of pieces) {
    const tensors = { parameters: of("parameters", values), gradients: slopes };
    const [first, second] = moments.map((buffer, i) => of(`moments ${i + 1}`, buffer)) as [Tensor, Tensor];
    if (optimizer.kind === "sgd") {
      const { momentum, nesterov = false } = optimizer;
      sgd(graph, { ...tensors, momenta: first }, { ...options, momentum, nesterov });
    } else {
      const { kind, beta1, beta2, epsilon } = optimizer;
      const law = { beta1, beta2, epsilon, decoupled: kind === "adamw", correctionIndex: CORRECTIONS };
      adam(graph, { ...tensors, first, second }, { ...options, ...law });
    }
    if (clears) clear(graph, slopes);
  }
}
