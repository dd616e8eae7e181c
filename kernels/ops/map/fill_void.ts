import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./fill_void.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "fill_void",
  source,
  uniforms: { count: "u32", stride: "u32", value: "u32" },
  reads: { labels: "vec4u", validity: "vec4u" },
  writes: { filled: "vec4u" },
});

/**
 * Labels in which the pixels of an image that have none, 255, are of a class. Padding keeps its 255.
 *
 * @param labels u32 map [N, H, W].
 * @param validity u32 map [N, H, W]: 1 where a pixel is the image's, 0 where it is crop padding.
 * @param value The class, an integer in [0, 254].
 * @throws {ShapeError} If the maps differ in shape, or the class is none.
 */
export function fillVoid(graph: Graph, labels: Tensor, validity: Tensor, value: number): Tensor {
  checkMap("fill labels", labels, "u32", labels.shape);
  checkMap(`fill ${labels.label}`, validity, "u32", labels.shape);
  if (!(Number.isInteger(value) && value >= 0 && value < 255)) {
    throw new ShapeError(
      `Cannot fill ${labels.label} with class ${value}: it must be a whole number from 0 to 254`,
    );
  }
  const filled = graph.tensor({
    label: `${labels.label} filled`,
    shape: labels.shape,
    dtype: "u32",
    layout: "map",
  });
  const count = labels.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [labels, validity],
    writes: [filled],
    uniforms: { count, stride, value },
    groups,
    loops: 0,
  });
  return filled;
}
