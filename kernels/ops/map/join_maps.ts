import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./join_maps.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "join_maps",
  source,
  uniforms: { count: "u32", stride: "u32", offset: "u32" },
  reads: { part: "u32" },
  writes: { joined: "u32" },
});

/**
 * Maps of labels or masks, one batch after another, in order. What {@linkcode joinBatches} is to activations.
 *
 * @param parts u32 maps [Nᵢ, H, W].
 * @returns A u32 map [ΣNᵢ, H, W].
 * @throws {ShapeError} If there is none, one is no u32 map, or H or W differ.
 */
export function joinMaps(graph: Graph, parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (!first) throw new ShapeError("Cannot join no maps: one or more are needed");
  const [, height, width] = first.shape as [number, number, number];
  for (const part of parts) checkMap(`join to ${first.label}`, part, "u32", [part.shape[0]!, height, width]);
  const batch = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  const joined = graph.tensor({
    label: parts.map(({ label }) => label).join(" + ").slice(0, 60),
    shape: [batch, height, width],
    dtype: "u32",
    layout: "map",
  });
  let offset = 0;
  for (const part of parts) {
    const count = part.shape[0]! * height * width;
    const { groups, stride } = elementwise(count);
    graph.launch({
      kernel,
      reads: [part],
      writes: [joined],
      uniforms: { count, stride, offset },
      groups,
      loops: 0,
    });
    offset += count;
  }
  return joined;
}
