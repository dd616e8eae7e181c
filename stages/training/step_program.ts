/** A training step, captured: forward passes, loss terms, gradients, optimizer, meters. @module */
import type { Graph } from "../../kernels/graph.ts";
import { add } from "../../kernels/ops/add.ts";
import { clear } from "../../kernels/ops/clear.ts";
import { guardUpdate } from "../../kernels/ops/guard_update.ts";
import { meter } from "../../kernels/ops/meter.ts";
import { arenaRange, sgd, sgdRanges } from "../../kernels/ops/sgd.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Networks } from "../../models/networks.ts";
import type { Parameters } from "../../models/parameters.ts";
import type { BoundMethod } from "../methods/bound_method.ts";
import { makePasses } from "../methods/passes.ts";
import type { DeviceScalar } from "../methods/schedule.ts";
import type { StateTensors } from "../methods/state.ts";
import type { Step, Term, Terms } from "../methods/step.ts";
import type { SeenDraws } from "../views/specs.ts";

/** Learning rates on the device, by parameter group: places in the `rates` tensor. */
export const RATE_INDEX = { backbone: 0, head: 1 } as const;
/** Where in the `rates` tensor the numbers of the method's schedules begin, in their order. */
export const SCHEDULES_FROM = 2;

/** Numbers in the `rates` tensor; whole vectors of four. */
export function ratesLength(schedules: Readonly<Record<string, unknown>>): number {
  return 4 * Math.ceil((SCHEDULES_FROM + Object.keys(schedules).length) / 4);
}

/** The numbers of the schedules in the `rates` tensor, by name. */
export function scheduled(
  rates: Tensor,
  schedules: Readonly<Record<string, unknown>>,
): Readonly<Record<string, DeviceScalar>> {
  return Object.fromEntries(
    Object.keys(schedules).map((name, i) => [name, { tensor: rates, index: SCHEDULES_FROM + i }]),
  );
}

/** A loss term by the name that log lines and metrics have for it. */
export interface NamedTerm extends Term {
  readonly name: string;
}

/** The terms that count, in their order: those of weight 0 are left out. */
export function countedTerms(terms: Terms): NamedTerm[] {
  return Object.entries(terms).map(([name, term]) => ({ name, ...term })).filter(({ weight }) =>
    weight !== 0
  );
}

/** What the gradients of a step are captured with. */
export interface GradientParts {
  readonly networks: Networks;
  readonly parameters: Parameters;
  readonly method: Pick<BoundMethod, "terms" | "schedules" | "averages" | "frozenNorms">;
  readonly views: SeenDraws;
  /** What outlives the step, by name; nothing unless told. */
  readonly state?: StateTensors;
  /** u32 map [1, 1, 4]: seed, epoch, step, first sample of a micro-batch. */
  readonly counters: Tensor;
  /** f32 map [1, 1, {@linkcode ratesLength}]: learning rates by {@linkcode RATE_INDEX}, then the schedules' numbers. */
  readonly rates: Tensor;
  /** Whether the passes of a step run as one batch; default true. */
  readonly together?: boolean;
  /** Share of the step's loss that these images have: 1 / k for one of k micro-batches; default 1. */
  readonly share?: number;
  /** What losses are multiplied by before they are differentiated, so that f16 holds small gradients; default 1. */
  readonly lossScale?: number;
  /** A homed f32 map [1, 1, 4] for each term's running sum, given its position. */
  readonly meter: (index: number) => Tensor;
}

/** What weight decay is of: all parameters, or convolutions' weights alone, without norms and biases. */
export type WeightDecayOn = "everything" | "convolutions";

/** What an update is captured with. */
export interface UpdateParts {
  readonly parameters: Parameters;
  readonly rates: Tensor;
  readonly momentum: number;
  readonly weightDecay: number;
  /** What decays; everything unless told. */
  readonly weightDecayOn?: WeightDecayOn;
  /** Whether the gradients are zero afterwards, for steps that add to them; default false. */
  readonly clears?: boolean;
  /** Most bytes of the arenas that a launch is given. */
  readonly mostBytes?: number;
  /** Leaves the update out where a gradient overflowed, and divides by the losses' scale (kernels/ops/guard_update.ts). */
  readonly guard?: Tensor;
}

/** What a step is captured with. */
export type StepParts = GradientParts & Omit<UpdateParts, "clears">;

/** Captures one optimizer step; returns the loss terms in the order of their meters. */
export function captureStep(graph: Graph, parts: StepParts): readonly NamedTerm[] {
  const terms = captureGradients(graph, parts);
  captureUpdate(graph, parts);
  return terms;
}

/** Captures a step up to its gradients; returns the loss terms in the order of their meters. */
export function captureGradients(graph: Graph, parts: GradientParts): readonly NamedTerm[] {
  const { networks, parameters, counters, rates, share = 1, lossScale = 1 } = parts;
  const { schedules, averages, frozenNorms } = parts.method;
  const passes = { tensor: parameters.tensor, counters, together: parts.together ?? true };
  const terms = countedTerms(parts.method.terms({
    graph,
    // Typed by the method that declares them.
    views: parts.views as Step["views"],
    share,
    ...makePasses(graph, networks, { ...passes, averages, frozenNorms }),
    schedules: scheduled(rates, schedules),
    state: parts.state ?? {},
  }));
  terms.forEach(({ loss }, i) => meter(graph, loss.value, { counters, state: parts.meter(i) }));
  const seeds = terms.flatMap(({ loss, weight }) => loss.seed(graph, weight * share * lossScale));
  graph.backward(seeds, (a, b) => add(graph, a, b));
  if (graph.options.addsGradients) return terms;
  for (const { name } of networks.registry.parameters) {
    const parameter = parameters.tensor(name);
    // Else the optimizer would take what another phase's last step left there.
    if (parameter.gradient && !graph.hasGradient(parameter)) clear(graph, parameter.gradient);
  }
  return terms;
}

/** Captures the optimizer's update by the gradients as they are. */
export function captureUpdate(graph: Graph, parts: UpdateParts): void {
  const { parameters, rates, momentum, weightDecayOn = "everything", clears = false, guard } = parts;
  const { values, gradients, moments: [momenta] } = parameters.buffers;
  if (!gradients || !momenta) throw new Error("Cannot train parameters that were allocated for inference");
  const pieces = parameters.ranges.flatMap(({ group, kind, start, end }) =>
    sgdRanges(start, end, parts.mostBytes).map((range) => ({
      group,
      weightDecay: weightDecayOn === "everything" || kind === "convolutions" ? parts.weightDecay : 0,
      range,
      slopes: arenaRange(`${group} gradients`, gradients, range),
    }))
  );
  if (guard) guardUpdate(graph, pieces.map(({ slopes }) => slopes), guard);
  for (const { group, weightDecay, range, slopes } of pieces) {
    sgd(graph, {
      parameters: arenaRange(`${group} parameters`, values, range),
      gradients: slopes,
      momenta: arenaRange(`${group} momenta`, momenta, range),
    }, { rates, rateIndex: RATE_INDEX[group], momentum, weightDecay, ...(guard && { guard }) });
    if (clears) clear(graph, slopes);
  }
}
