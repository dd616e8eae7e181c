import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./mask_labels.wgsl" with { type: "text" };

const interfaceOf = {
  file: "mask_labels.wgsl",
  source,
  uniforms: { count: "u32", stride: "u32", other: "u32" },
  writes: { masked: "vec4u" },
} as const;
const kernel = defineKernel({
  ...interfaceOf,
  name: "mask_labels",
  reads: { labels: "vec4u", validity: "vec4u" },
});
const weighed = defineKernel({
  ...interfaceOf,
  name: "mask_labels_weighed",
  reads: { labels: "vec4u", validity: "vec4f" },
});

/**
 * Labels with 255, the label that losses ignore, or another one where a pixel is no part of the image.
 *
 * @param labels u32 map [N, H, W].
 * @param validity u32 map [N, H, W]: 1 where a pixel is the image's, 0 where it is crop padding; or such weights, a f32 map.
 * @throws {ShapeError} If the maps differ in shape.
 */
export function maskLabels(graph: Graph, labels: Tensor, validity: Tensor, other = 255): Tensor {
  checkMap("mask labels", labels, "u32", labels.shape);
  const isWeight = validity.dtype === "f32";
  checkMap(`mask ${labels.label}`, validity, isWeight ? "f32" : "u32", labels.shape);
  const masked = graph.tensor({
    label: `${labels.label} masked`,
    shape: labels.shape,
    dtype: "u32",
    layout: "map",
  });
  const count = labels.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: isWeight ? weighed : kernel,
    reads: [labels, validity],
    writes: [masked],
    uniforms: { count, stride, other },
    constants: { WEIGHED: Number(isWeight) },
    groups,
    loops: 0,
  });
  return masked;
}
