import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise, WORKGROUP } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import meansSource from "./class_means.wgsl" with { type: "text" };
import sumsSource from "./class_sums.wgsl" with { type: "text" };

const sumsKernel = defineKernel({
  name: "class_sums",
  source: sumsSource,
  uniforms: { pixels: "u32", chunk: "u32", classes: "u32", count: "u32", stride: "u32" },
  reads: { labels: "vec4u", values: "vec4f" },
  writes: { partials: "vec2f" },
});
const meansKernel = defineKernel({
  name: "class_means",
  source: meansSource,
  uniforms: { classes: "u32", chunks: "u32" },
  reads: { partials: "vec2f" },
  writes: { means: "f32", pixels: "u32" },
});

/** vec4s that an invocation sums: a sum of so many has all its digits. */
const CHUNK = 256;

/** What is known of each class. */
export interface ClassMeans {
  /** f32 map [C]: 0 where a class has no pixel. */
  readonly means: Tensor;
  /** u32 map [C]. */
  readonly pixels: Tensor;
}

/**
 * The mean of a map over the pixels of each class. No gradient flows through it.
 *
 * @param values f32 map [N, H, W], of 60 million pixels at most.
 * @param labels u32 map [N, H, W]; what is no class counts for none.
 * @param classes From 1.
 * @throws {ShapeError} If a map is of another type or shape, or there is no class. KernelError if there are more pixels.
 */
export function classMeans(graph: Graph, values: Tensor, labels: Tensor, classes: number): ClassMeans {
  const { shape } = labels;
  checkMap("take the means of classes", labels, "u32", shape);
  checkMap(`take the means of the classes of ${labels.label}`, values, "f32", shape);
  if (!Number.isInteger(classes) || classes < 1) {
    throw new ShapeError(
      `Cannot take the means of ${classes} classes of ${labels.label}: a count from 1 is needed`,
    );
  }
  const pixels = shape.reduce((product, extent) => product * extent, 1);
  const chunks = Math.ceil(pixels / (4 * CHUNK)), count = chunks * classes;
  const partials = graph.tensor({
    label: `${labels.label} sums`.slice(0, 60),
    shape: [count, 2],
    layout: "map",
  });
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: sumsKernel,
    reads: [labels, values],
    writes: [partials],
    uniforms: { pixels, chunk: CHUNK, classes, count, stride },
    groups,
    loops: CHUNK,
  });
  const named = (label: string) => ({ label: `${labels.label} ${label}`.slice(0, 60), shape: [classes] });
  const means = graph.tensor({ ...named("means"), layout: "map" });
  const counts = graph.tensor({ ...named("pixels"), dtype: "u32", layout: "map" });
  graph.launch({
    kernel: meansKernel,
    reads: [partials],
    writes: [means, counts],
    uniforms: { classes, chunks },
    groups: [Math.ceil(classes / WORKGROUP), 1, 1],
    loops: chunks,
  });
  return { means, pixels: counts };
}
