import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { elementwise } from "../../launch.ts";
import { checkMap } from "../../maps.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import { MAX_EXTENT } from "../feature/resize_bilinear.ts";
import source from "./nearest.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "nearest",
  source,
  uniforms: {
    count: "u32",
    stride: "u32",
    in_height: "u32",
    in_width: "u32",
    height: "u32",
    width: "u32",
  },
  reads: { map: "u32" },
  writes: { fewer: "u32" },
});

/**
 * A map of labels or of validity at another size: pixel i of an axis is pixel floor(i · in / out) of the input, as PyTorch's
 * `interpolate(…, mode="nearest")` and TensorFlow's nearest neighbor have it. No gradient flows through it.
 *
 * @param map u32 map [N, H, W].
 * @returns A u32 map [N, height, width]; the map itself where the size stays.
 * @throws {ShapeError} If it is no such map, or an extent is not an integer in [1, 32768].
 */
export function nearest(graph: Graph, map: Tensor, height: number, width: number): Tensor {
  const [batch = 0, inHeight = 0, inWidth = 0] = map.shape;
  checkMap("resize a map", map, "u32", [batch, inHeight, inWidth]);
  if ([height, width, inHeight, inWidth].some((n) => !Number.isInteger(n) || n < 1 || n > MAX_EXTENT)) {
    throw new ShapeError(
      `Cannot resize ${map.label} [${map.shape}] to ${height} × ${width}: extents must be integers in [1, ${MAX_EXTENT}]`,
    );
  }
  if (height === inHeight && width === inWidth) return map;
  const fewer = graph.tensor({
    label: `${map.label} resized`.slice(0, 60),
    shape: [batch, height, width],
    dtype: "u32",
    layout: "map",
  });
  const count = batch * height * width, { groups, stride } = elementwise(count);
  graph.launch({
    kernel,
    reads: [map],
    writes: [fewer],
    uniforms: { count, stride, in_height: inHeight, in_width: inWidth, height, width },
    groups,
    loops: 0,
  });
  return fewer;
}
