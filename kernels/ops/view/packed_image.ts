import { ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";

/**
 * The extents of a batch of packed images, u32 maps [N, H, W] of R | G << 8 | B << 16.
 *
 * @param action What cannot be done otherwise, as in "blur".
 * @throws {ShapeError} If `image` is not such a map.
 */
export function packedExtents(
  action: string,
  image: Tensor,
): { batch: number; height: number; width: number } {
  const { label, shape, dtype, layout } = image;
  const [batch, height, width] = shape;
  if (shape.length !== 3 || dtype !== "u32" || layout !== "map") {
    throw new ShapeError(
      `Cannot ${action} ${label} [${shape}] (${dtype}, layout "${layout}"): a u32 map [N, H, W] of packed RGB is needed`,
    );
  }
  return { batch: batch!, height: height!, width: width! };
}
