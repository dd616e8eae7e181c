import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./mask_labels.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "mask_labels",
  source,
  uniforms: { count: "u32", stride: "u32" },
  reads: { labels: "vec4u", validity: "vec4u" },
  writes: { masked: "vec4u" },
});

/**
 * Labels with 255, the label that losses ignore, where a pixel is no part of the image.
 *
 * @param labels u32 map [N, H, W].
 * @param validity u32 map [N, H, W]: 1 where a pixel is the image's, 0 where it is crop padding. Or a f32 map of ones and zeros.
 * @throws {ShapeError} If the maps differ in shape.
 */
export function maskLabels(graph: Graph, labels: Tensor, validity: Tensor): Tensor {
  checkMap("mask labels", labels, "u32", labels.shape);
  // The bits of both zeros are 0.
  const dtype = validity.dtype === "f32" ? "f32" : "u32";
  checkMap(`mask ${labels.label}`, validity, dtype, labels.shape);
  const masked = graph.tensor({
    label: `${labels.label} masked`,
    shape: labels.shape,
    dtype: "u32",
    layout: "map",
  });
  const count = labels.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [labels, validity],
    writes: [masked],
    uniforms: { count, stride },
    groups,
    loops: 0,
  });
  return masked;
}
