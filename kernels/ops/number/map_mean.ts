import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { checkMap, type DeviceScalar } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./map_mean.wgsl" with { type: "text" };

const interfaceOf = {
  file: "map_mean.wgsl",
  source,
  uniforms: { count: "u32" },
  writes: { mean: "vec4f" },
} as const;
const all = defineKernel({ ...interfaceOf, name: "map_mean", reads: { values: "vec4f" } });
const masked = defineKernel({
  ...interfaceOf,
  name: "map_mean_masked",
  reads: { values: "vec4f", mask: "vec4u" },
});

/**
 * The mean of a map, as of a mask the share of what it lets pass. No gradient flows through it.
 *
 * @param values f32 map [N, H, W], of 60 million elements at most.
 * @param options.mask u32 map [N, H, W]: a pixel of 0 takes no part. Of no pixels the mean is 0.
 * @throws {ShapeError} If they are no such maps. KernelError if they are larger.
 */
export function mapMean(
  graph: Graph,
  values: Tensor,
  { mask }: { readonly mask?: Tensor | undefined } = {},
): DeviceScalar {
  checkMap("take the mean", values, "f32", values.shape);
  if (mask) checkMap(`choose pixels of ${values.label}`, mask, "u32", values.shape);
  const count = values.shape.reduce((product, extent) => product * extent, 1);
  const mean = graph.tensor({
    label: `mean of ${values.label}`.slice(0, 60),
    shape: [1, 1, 4],
    layout: "map",
  });
  graph.launch({
    kernel: mask ? masked : all,
    reads: [values, ...(mask ? [mask] : [])],
    writes: [mean],
    uniforms: { count },
    constants: { MASKED: Number(mask !== undefined) },
    groups: [1, 1, 1],
    loops: Math.ceil(count / 1024) + 512,
  });
  return { tensor: mean, index: 0 };
}
