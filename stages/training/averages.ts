/** Averages of networks: what comes after an optimizer's update, and copies before a step. @module */
import type { Graph } from "../../kernels/graph.ts";
import { arenaRange, splitRange } from "../../kernels/ops/update/arena_ranges.ts";
import { movingAverage } from "../../kernels/ops/update/moving_average.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import type { Parameters, TwinRange } from "../../models/parameters.ts";
import { type BoundMethod, copyOf, shareOf } from "../methods/bound_method.ts";
import type { DeviceScalar } from "../methods/schedule.ts";

/** What averages are captured with. */
export interface AverageParts {
  readonly parameters: Parameters;
  readonly method: Pick<BoundMethod, "averages">;
  /** The method's numbers on the device, by name. */
  readonly schedules: Readonly<Record<string, DeviceScalar>>;
  /** Most bytes of the arenas that a launch is given. */
  readonly mostBytes?: number | undefined;
  /** Leaves averages out of a step whose update was left out. */
  readonly guard?: Tensor | undefined;
}

/** Captures a step of each average, parameters first, then running statistics. */
export function captureAverages(graph: Graph, parts: AverageParts): void {
  const { parameters, method, schedules, mostBytes, guard } = parts;
  for (const [name, source] of Object.entries(method.averages)) {
    for (const twin of parameters.twins(name, source)) {
      const share = schedules[shareOf(name, twin.what)]!;
      for (const [average, source] of pieces(twin, mostBytes)) {
        movingAverage(graph, { average, source }, { share, ...(guard && { guard }) });
      }
    }
  }
}

/** Captures the copies that a step begins with: parameters alone, in steps where the method's number is 1. */
export function captureCopies(
  graph: Graph,
  { parameters, method: { averages, copied }, schedules, mostBytes }:
    & Omit<AverageParts, "method" | "guard">
    & { readonly method: Pick<BoundMethod, "averages" | "copied"> },
): void {
  for (const name of copied) {
    for (const twin of parameters.twins(name, averages[name]!)) {
      if (twin.what !== "parameters") continue;
      for (const [average, source] of pieces(twin, mostBytes)) {
        movingAverage(graph, { average, source }, { share: schedules[copyOf(name)]! });
      }
    }
  }
}

/** Parts that any adapter can bind. */
function pieces({ what, one, other }: TwinRange, mostBytes?: number): (readonly [Tensor, Tensor])[] {
  return splitRange(one.start, one.end, mostBytes).map(({ offset, bytes }) => {
    const at = other.start + offset - one.start;
    return [
      arenaRange(`average ${what}`, one.buffer, { offset, bytes }),
      arenaRange(what, other.buffer, { offset: at, bytes }),
    ] as const;
  });
}
