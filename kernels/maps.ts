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

/** A threshold that is looked up at every run of a program. */
export interface ScheduledThreshold {
  /** A f32 map. */
  readonly tensor: Tensor;
  /** Its place in the map, from 0. */
  readonly index: number;
}

/** @throws {ShapeError} If there is no threshold at the index. */
export function checkThreshold({ tensor, index }: ScheduledThreshold): void {
  checkMap("look up a threshold", tensor, "f32", tensor.shape);
  const length = tensor.bytes / 4;
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  throw new ShapeError(
    `Cannot look up the threshold ${index} of ${tensor.label} [${tensor.shape}]: it holds ${length}, from 0`,
  );
}
