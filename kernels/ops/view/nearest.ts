import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { WORKGROUP } from "../../launch.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import { MAX_EXTENT } from "../feature/resize_bilinear.ts";
import source from "./nearest.wgsl" with { type: "text" };

const kernelOf = (type: "f32" | "u32") =>
  defineKernel({
    name: type === "f32" ? "nearest" : "nearest_labels",
    file: "nearest.wgsl",
    source,
    uniforms: { in_height: "u32", in_width: "u32", out_height: "u32", out_width: "u32" },
    reads: { values: type },
    writes: { resized: type },
  });
const kernels = { f32: kernelOf("f32"), u32: kernelOf("u32") };

/**
 * A map at another size: output o of an axis takes input ⌊o · in / out⌋, as OpenCV's `INTER_NEAREST`.
 *
 * @param map f32 or u32 map [N, H, W].
 * @returns The same, [N, height, width].
 * @throws {ShapeError} If it is no such map, or an extent is not an integer in [1, 32768].
 */
export function nearest(
  graph: Graph,
  map: Tensor,
  { height, width }: { readonly height: number; readonly width: number },
): Tensor {
  const { label, shape, dtype, layout } = map;
  const [batch, inHeight, inWidth] = shape as [number, number, number];
  const extents = [height, width, inHeight, inWidth];
  if (
    shape.length !== 3 || layout !== "map" || dtype === "f16" ||
    extents.some((n) => !Number.isInteger(n) || n < 1 || n > MAX_EXTENT)
  ) {
    throw new ShapeError(
      `Cannot resize ${label} [${shape}] (${dtype}, layout "${layout}") to ${height} × ${width}: a f32 or u32 map [N, H, W] is ` +
        `needed, and extents must be integers in [1, ${MAX_EXTENT}]`,
    );
  }
  const resized = graph.tensor({ label: `${label} resized`, shape: [batch, height, width], dtype, layout });
  graph.launch({
    kernel: kernels[dtype],
    reads: [map],
    writes: [resized],
    uniforms: { in_height: inHeight, in_width: inWidth, out_height: height, out_width: width },
    groups: [Math.ceil(width / WORKGROUP), height, batch],
    loops: 0,
  });
  return resized;
}
