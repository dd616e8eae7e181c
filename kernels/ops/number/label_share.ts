import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { checkMap, type DeviceScalar } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./label_share.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "label_share",
  source,
  uniforms: { count: "u32" },
  reads: { labels: "u32" },
  writes: { share: "f32" },
});

/**
 * The share of pixels whose label is not 255, and its inverse, 0 where there is none. No gradient flows through it.
 *
 * @param labels u32 map [N, H, W], of 15 million elements at most.
 * @throws {ShapeError} If it is no u32 map. KernelError if it is larger.
 */
export function labelShare(
  graph: Graph,
  labels: Tensor,
): { readonly share: DeviceScalar; readonly inverse: DeviceScalar } {
  checkMap("count labels", labels, "u32", labels.shape);
  const count = labels.shape.reduce((product, extent) => product * extent, 1);
  const tensor = graph.tensor({
    label: `share of ${labels.label}`.slice(0, 60),
    shape: [1, 1, 4],
    layout: "map",
  });
  graph.launch({
    kernel,
    reads: [labels],
    writes: [tensor],
    uniforms: { count },
    groups: [1, 1, 1],
    loops: Math.ceil(count / 256) + 256,
  });
  return { share: { tensor, index: 0 }, inverse: { tensor, index: 1 } };
}
