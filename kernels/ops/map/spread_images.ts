import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./spread_images.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "spread_images",
  source,
  uniforms: { count: "u32", stride: "u32", pixels: "u32" },
  reads: { table: "u32" },
  writes: { map: "u32" },
});

/**
 * A map that has at each pixel what a table says of its image, as whether people have labeled it.
 *
 * @param table u32 map [1, 1, N].
 * @param shape [N, H, W].
 * @returns A u32 map [N, H, W].
 * @throws {ShapeError} If the table is another.
 */
export function spreadImages(
  graph: Graph,
  table: Tensor,
  shape: readonly [batch: number, height: number, width: number],
): Tensor {
  const [batch, height, width] = shape;
  checkMap(`say something of ${batch} images`, table, "u32", [1, 1, batch]);
  const map = graph.tensor({ label: `${table.label} map`.slice(0, 60), shape, dtype: "u32", layout: "map" });
  const count = batch * height * width, { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [table],
    writes: [map],
    uniforms: { count, stride, pixels: height * width },
    groups,
    loops: 0,
  });
  return map;
}
