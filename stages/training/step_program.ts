/** A training step, captured: forward passes, loss terms, gradients, optimizer, meters. @module */
import type { Graph } from "../../kernels/graph.ts";
import { add } from "../../kernels/ops/add.ts";
import { clear } from "../../kernels/ops/clear.ts";
import { meter } from "../../kernels/ops/meter.ts";
import { arenaRange, sgd, sgdRanges } from "../../kernels/ops/sgd.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Branches } from "../../models/branches.ts";
import type { Parameters } from "../../models/parameters.ts";
import type { BoundMethod } from "../methods/mod.ts";
import { makePasses, type StepViews, type Term } from "../methods/step.ts";

/** Learning rates on the device, by parameter group: places in the `rates` tensor. */
export const RATE_INDEX = { backbone: 0, head: 1 } as const;
/** The confidence threshold of this step, for methods that let it rise: its place in the `rates` tensor. */
export const THRESHOLD_INDEX = 2;

/** What a step is captured with. */
export interface StepParts {
  readonly branches: Branches;
  readonly parameters: Parameters;
  readonly method: BoundMethod;
  readonly views: StepViews;
  /** u32 map [1, 1, 4]: seed, epoch, step, 0. */
  readonly counters: Tensor;
  /** f32 map [1, 1, 4]: what a schedule moves, by {@linkcode RATE_INDEX} and {@linkcode THRESHOLD_INDEX}. */
  readonly rates: Tensor;
  readonly momentum: number;
  readonly weightDecay: number;
  /** Whether the passes of a step run as one batch; default true. */
  readonly together?: boolean;
  /** A homed f32 map [1, 1, 4] for each term's running sum, given its position. */
  readonly meter: (index: number) => Tensor;
}

/** Captures one optimizer step; returns the loss terms in the order of their meters. */
export function captureStep(graph: Graph, parts: StepParts): readonly Term[] {
  const { branches, parameters, counters, rates, momentum, weightDecay } = parts;
  const terms = parts.method.terms({
    graph,
    views: parts.views,
    ...makePasses(graph, branches, { tensor: parameters.tensor, counters, together: parts.together ?? true }),
    risingThreshold: { tensor: rates, index: THRESHOLD_INDEX },
  });
  terms.forEach(({ loss }, i) => meter(graph, loss.value, { counters, state: parts.meter(i) }));
  graph.backward(terms.flatMap(({ loss, weight }) => loss.seed(graph, weight)), (a, b) => add(graph, a, b));
  for (const { name } of branches.registry.parameters) {
    const parameter = parameters.tensor(name);
    // Else the optimizer would take what another phase's last step left there.
    if (parameter.gradient && !graph.hasGradient(parameter)) clear(graph, parameter.gradient);
  }
  const { values, gradients, momenta } = parameters.buffers;
  if (!gradients || !momenta) throw new Error("Cannot train parameters that were allocated for inference");
  for (const { group, start, end } of parameters.ranges) {
    for (const range of sgdRanges(start, end)) {
      sgd(graph, {
        parameters: arenaRange(`${group} parameters`, values, range),
        gradients: arenaRange(`${group} gradients`, gradients, range),
        momenta: arenaRange(`${group} momenta`, momenta, range),
      }, { rates, rateIndex: RATE_INDEX[group], momentum, weightDecay });
    }
  }
  return terms;
}
