import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./class_mask.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "class_mask",
  source,
  uniforms: { total: "u32", stride: "u32", pixels: "u32", count: "u32" },
  reads: { labels: "u32", classes: "f32", images: "f32" },
  writes: { mask: "u32" },
});

/**
 * Which pixels are of the wanted classes, in the wanted images. No gradient flows through it.
 *
 * @param labels u32 map [N, H, W].
 * @param classes f32 map [C]: not 0 where a class is wanted. A label that is no class is not.
 * @param images f32 map [N]: not 0 where an image is.
 * @returns A u32 map [N, H, W] of 1 and 0.
 * @throws {ShapeError} If a map is of another type or shape.
 */
export function classMask(
  graph: Graph,
  labels: Tensor,
  { classes, images }: { readonly classes: Tensor; readonly images: Tensor },
): Tensor {
  const { shape } = labels, [batch = 1] = shape;
  checkMap("look for classes", labels, "u32", shape);
  checkMap(`look for classes in ${labels.label}`, classes, "f32", [classes.shape.at(-1)!]);
  checkMap(`look for classes in ${labels.label}`, images, "f32", [batch]);
  const mask = graph.tensor({
    label: `${labels.label} wanted`.slice(0, 60),
    shape,
    dtype: "u32",
    layout: "map",
  });
  const total = shape.reduce((product, extent) => product * extent, 1);
  const { groups, stride } = elementwise(total);
  graph.launch({
    kernel,
    reads: [labels, classes, images],
    writes: [mask],
    uniforms: { total, stride, pixels: total / batch, count: classes.shape[0]! },
    groups,
    loops: 0,
  });
  return mask;
}
