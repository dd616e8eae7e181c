import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { checkMap, type DeviceScalar } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./map_mean.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "map_mean",
  source,
  uniforms: { count: "u32" },
  reads: { values: "vec4f" },
  writes: { mean: "vec4f" },
});

/**
 * The mean of a map, as of a mask the share of what it lets pass. No gradient flows through it.
 *
 * @param values f32 map [N, H, W], of 60 million elements at most.
 * @throws {ShapeError} If it is no f32 map. KernelError if it is larger.
 */
export function mapMean(graph: Graph, values: Tensor): DeviceScalar {
  checkMap("take the mean", values, "f32", values.shape);
  const count = values.shape.reduce((product, extent) => product * extent, 1);
  const mean = graph.tensor({
    label: `mean of ${values.label}`.slice(0, 60),
    shape: [1, 1, 4],
    layout: "map",
  });
  graph.launch({
    kernel,
    reads: [values],
    writes: [mean],
    uniforms: { count },
    groups: [1, 1, 1],
    loops: Math.ceil(count / 1024) + 256,
  });
  return { tensor: mean, index: 0 };
}
