import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap, checkScalar, type DeviceScalar } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./mask_weights.wgsl" with { type: "text" };

const interfaceOf = {
  file: "mask_weights.wgsl",
  source,
  uniforms: { count: "u32", stride: "u32", weight: "f32", index: "u32" },
  writes: { weights: "vec4f" },
} as const;
const constant = defineKernel({ ...interfaceOf, name: "mask_weights", reads: { validity: "vec4u" } });
const scheduled = defineKernel({
  ...interfaceOf,
  name: "mask_weights_scheduled",
  reads: { validity: "vec4u", given: "f32" },
});
const mapped = defineKernel({
  ...interfaceOf,
  name: "mask_weights_map",
  reads: { validity: "vec4u", given: "vec4f" },
});

/**
 * Weights of pixels, with 0 where a pixel is no part of the image. No gradient flows through it.
 *
 * @param weight One for all, a constant or looked up at every run; or a f32 map [N, H, W].
 * @param validity u32 map [N, H, W]: 1 where a pixel is the image's, 0 where it is crop padding.
 * @returns A f32 map [N, H, W].
 * @throws {ShapeError} If the maps differ in shape, or there is no number at the index.
 */
export function maskWeights(graph: Graph, weight: number | DeviceScalar | Tensor, validity: Tensor): Tensor {
  checkMap("mask weights", validity, "u32", validity.shape);
  const map = typeof weight === "object" && "shape" in weight ? weight : undefined;
  const scalar = typeof weight === "object" && "index" in weight ? weight : undefined;
  if (map) checkMap(`weigh the pixels of ${validity.label}`, map, "f32", validity.shape);
  if (scalar) checkScalar("weight", scalar);
  const source = map ?? scalar?.tensor;
  const weights = graph.tensor({
    label: `${validity.label} weights`.slice(0, 60),
    shape: validity.shape,
    layout: "map",
  });
  const count = validity.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: map ? mapped : scalar ? scheduled : constant,
    reads: [validity, ...(source ? [source] : [])],
    writes: [weights],
    uniforms: { count, stride, weight: typeof weight === "number" ? weight : 0, index: scalar?.index ?? 0 },
    constants: { MAP: Number(map !== undefined), SCHEDULED: Number(scalar !== undefined) },
    groups,
    loops: 0,
  });
  return weights;
}
