/** A training step, captured: forward passes, loss terms, gradients, optimizer, meters. @module */
import type { Graph } from "../../kernels/graph.ts";
import { add } from "../../kernels/ops/feature/add.ts";
import { clear } from "../../kernels/ops/feature/clear.ts";
import { meter } from "../../kernels/ops/loss/meter.ts";
import { scale } from "../../kernels/ops/loss/scale.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Networks } from "../../models/networks.ts";
import type { Parameters } from "../../models/parameters.ts";
import { networkOf } from "../../models/registry.ts";
import type { BoundMethod } from "../methods/bound_method.ts";
import { makePasses } from "../methods/passes.ts";
import type { DeviceScalar } from "../methods/schedule.ts";
import type { StateTensors } from "../methods/state.ts";
import type { Step, Term, Terms } from "../methods/step.ts";
import type { SeenDraws } from "../views/specs.ts";
import { SCHEDULES_FROM } from "./update.ts";

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
  /** f32 map of the step's numbers ({@linkcode UpdateParts}): the schedules' from {@linkcode SCHEDULES_FROM}. */
  readonly rates: Tensor;
  /** See {@linkcode Step.classWeights}. */
  readonly classWeights?: Tensor;
  /** Whether the passes of a step run as one batch; default true. */
  readonly together?: boolean;
  /** Share of the step's loss that these images have: 1 / k for one of k micro-batches; default 1. */
  readonly share?: number;
  /** What losses are multiplied by before they are differentiated, so that f16 holds small gradients; default 1. */
  readonly lossScale?: number;
  /** A homed f32 map [1, 1, 4] for the running sum of each term, then of each share, given its position. */
  readonly meter: (index: number) => Tensor;
}

/** What a captured step notes, in the order of its meters. */
export interface Noted {
  readonly terms: readonly NamedTerm[];
  /** Names of the shares that it tells, whose meters follow those of the terms. */
  readonly shares: readonly string[];
}

/** Captures a step up to its gradients. */
export function captureGradients(graph: Graph, parts: GradientParts): Noted {
  const { networks, parameters, counters, rates, classWeights, share = 1, lossScale = 1 } = parts;
  const { schedules, averages, frozenNorms } = parts.method;
  const passes = { tensor: parameters.tensor, counters, together: parts.together ?? true };
  const told = new Map<string, DeviceScalar>();
  const terms = countedTerms(parts.method.terms({
    graph,
    // Typed by the method that declares them.
    views: parts.views as Step["views"],
    share,
    ...(classWeights && { classWeights }),
    ...makePasses(graph, networks, { ...passes, averages, frozenNorms }),
    schedules: scheduled(rates, schedules),
    state: parts.state ?? {},
    tell: (name, share) => void told.set(name, share()),
    note: () => {},
  }));
  [...terms.map(({ loss }) => loss.value), ...told.values()].forEach((value, i) =>
    meter(graph, value, { counters, state: parts.meter(i) })
  );
  const noted = { terms, shares: [...told.keys()] };
  const seeds = terms.flatMap(({ loss, weight }) =>
    typeof weight === "number"
      ? loss.backward(graph, weight * share * lossScale)
      : loss.backward(graph, share * lossScale).map(([to, slope]) =>
        [to, scale(graph, slope, weight)] as const
      )
  );
  graph.backward(seeds, (a, b) => add(graph, a, b));
  for (const { name } of networks.registry.parameters) {
    // What an average has learned by is not asked for any more.
    if (averages[networkOf(name)] !== undefined) continue;
    const parameter = parameters.tensor(name);
    // Else the optimizer would take what another phase's last step left there.
    if (parameter.gradient && !graph.hasGradient(parameter)) clear(graph, parameter.gradient);
  }
  return noted;
}
