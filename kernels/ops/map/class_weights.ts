import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./class_weights.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "class_weights",
  source,
  uniforms: { count: "u32", stride: "u32", classes: "u32" },
  reads: { labels: "vec4u", table: "f32" },
  writes: { weights: "vec4f" },
});

/**
 * The weight of each pixel's class; 0 where its label is no class, as 255 is none. No gradient flows through it.
 *
 * @param labels u32 map [N, H, W].
 * @param table f32 map [1, 1, C]: the weight of each class.
 * @returns A f32 map [N, H, W].
 * @throws {ShapeError} If a map is of another type or shape.
 */
export function classWeights(graph: Graph, labels: Tensor, table: Tensor): Tensor {
  checkMap("weigh classes", labels, "u32", labels.shape);
  checkMap(`weigh the classes of ${labels.label}`, table, "f32", table.shape);
  const [one, only, classes] = table.shape;
  if (one !== 1 || only !== 1) {
    throw new ShapeError(
      `Cannot weigh the classes of ${labels.label} by ${table.label} [${table.shape}]: a map [1,1,C] is needed`,
    );
  }
  const weights = graph.tensor({
    label: `${labels.label} class weights`.slice(0, 60),
    shape: labels.shape,
    layout: "map",
  });
  const count = labels.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [labels, table],
    writes: [weights],
    uniforms: { count, stride, classes: classes! },
    groups,
    loops: 0,
  });
  return weights;
}
