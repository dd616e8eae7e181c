import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkScalar, type DeviceScalar } from "../../maps.ts";
import { storedVectors, type Tensor } from "../../tensor.ts";
import source from "./scale.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "scale",
  source,
  uniforms: { count: "u32", stride: "u32", index: "u32" },
  reads: { x: "vec4f", factors: "f32" },
  writes: { y: "vec4f" },
});

/**
 * A tensor times a number that is looked up at every run: what a loss whose weight moves does to its gradients. No gradient
 * flows through it.
 *
 * @returns Stored as x is.
 * @throws {ShapeError} If there is no number at the index.
 */
export function scale(graph: Graph, x: Tensor, factor: DeviceScalar): Tensor {
  checkScalar("factor", factor);
  const { shape, dtype, layout } = x;
  const y = graph.tensor({ label: `${x.label} scaled`.slice(0, 60), shape, dtype, layout });
  const count = storedVectors(x);
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [x, factor.tensor],
    writes: [y],
    uniforms: { count, stride, index: factor.index },
    groups,
    loops: 0,
  });
  return y;
}
