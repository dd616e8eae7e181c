import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap, checkScalar, type DeviceScalar } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./at_least.wgsl" with { type: "text" };

const interfaceOf = {
  file: "at_least.wgsl",
  source,
  uniforms: { count: "u32", stride: "u32", threshold: "f32", index: "u32" },
  writes: { reached: "vec4f" },
} as const;
const fixed = defineKernel({ ...interfaceOf, name: "at_least", reads: { values: "vec4f" } });
const scheduled = defineKernel({
  ...interfaceOf,
  name: "at_least_scheduled",
  reads: { values: "vec4f", thresholds: "f32" },
});

/**
 * Where values reach a threshold: 1 where a value is at least it, else 0, also of what is no number. As pixel weights it lets
 * confident labels alone count. No gradient flows through it.
 *
 * @param values f32 map [N, H, W].
 * @param threshold Compared as f32. A tensor (a f32 map) is looked up at every run, so that a schedule moves the threshold
 *   between steps of one program.
 * @returns A f32 map [N, H, W].
 * @throws {ShapeError} If `values` is no f32 map, or there is no threshold at the index.
 */
export function atLeast(
  graph: Graph,
  values: Tensor,
  threshold: number | DeviceScalar,
): Tensor {
  return compare(graph, values, threshold, false);
}

/** The same for values that lie below it, and so are less. */
export function below(graph: Graph, values: Tensor, threshold: number | DeviceScalar): Tensor {
  return compare(graph, values, threshold, true);
}

function compare(graph: Graph, values: Tensor, threshold: number | DeviceScalar, isBelow: boolean): Tensor {
  checkMap("compare values with a threshold", values, "f32", values.shape);
  const schedule = typeof threshold === "number" ? undefined : threshold;
  if (schedule) checkScalar("threshold", schedule);
  const reached = graph.tensor({
    label: `${values.label} reached`.slice(0, 60),
    shape: values.shape,
    layout: "map",
  });
  const count = values.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: schedule ? scheduled : fixed,
    reads: [values, ...(schedule ? [schedule.tensor] : [])],
    writes: [reached],
    uniforms: {
      count,
      stride,
      threshold: typeof threshold === "number" ? threshold : 0,
      index: schedule?.index ?? 0,
    },
    constants: { SCHEDULED: schedule ? 1 : 0, BELOW: Number(isBelow) },
    groups,
    loops: 0,
  });
  return reached;
}
