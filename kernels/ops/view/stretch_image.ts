import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { WORKGROUP } from "../../launch.ts";
import { defineKernel } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import { MAX_EXTENT } from "../feature/resize_bilinear.ts";
import { packedExtents } from "./packed_image.ts";
import source from "./stretch_image.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "stretch_image",
  source,
  uniforms: { in_height: "u32", in_width: "u32", out_height: "u32", out_width: "u32" },
  reads: { image: "u32" },
  writes: { stretched: "u32" },
});

/**
 * Images as another size shows them, bicubic without antialiasing; aspects need not stay. As OpenCV's `INTER_CUBIC`, which rounds
 * its weights to 11 bits besides.
 *
 * @param image u32 map [N, H, W]: R | G << 8 | B << 16.
 * @returns The same, [N, height, width].
 * @throws {ShapeError} If `image` is not such a map, or an extent is not an integer in [1, 32768].
 */
export function stretchImage(
  graph: Graph,
  image: Tensor,
  { height, width }: { readonly height: number; readonly width: number },
): Tensor {
  const { batch, height: inHeight, width: inWidth } = packedExtents("stretch", image);
  if ([height, width, inHeight, inWidth].some((n) => !Number.isInteger(n) || n < 1 || n > MAX_EXTENT)) {
    throw new ShapeError(
      `Cannot stretch ${image.label} [${image.shape}] to ${height} × ${width}: extents must be integers in [1, ${MAX_EXTENT}]`,
    );
  }
  const stretched = graph.tensor({
    label: `${image.label} stretched`,
    shape: [batch, height, width],
    dtype: "u32",
    layout: "map",
  });
  graph.launch({
    kernel,
    reads: [image],
    writes: [stretched],
    uniforms: { in_height: inHeight, in_width: inWidth, out_height: height, out_width: width },
    groups: [Math.ceil(width / WORKGROUP), height, batch],
    loops: 0,
  });
  return stretched;
}
