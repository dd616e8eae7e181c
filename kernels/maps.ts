import { ShapeError } from "./errors.ts";
import type { DType, Tensor } from "./tensor.ts";

/**
 * Holds a per-pixel map to what an op needs.
 *
 * @param action What cannot be done otherwise, as in "weigh the pixels of logits".
 * @param shape The pixels, [N, H, W].
 * @throws {ShapeError} If it is not a map of that type and shape.
 */
export function checkMap(action: string, map: Tensor, dtype: DType, shape: readonly number[]): void {
  if (map.layout !== "map" || map.dtype !== dtype || `${map.shape}` !== `${shape}`) {
    throw new ShapeError(
      `Cannot ${action} by ${map.label} [${map.shape}] (${map.dtype}, layout "${map.layout}"): ` +
        `a ${dtype} map [${shape}] is needed`,
    );
  }
}
