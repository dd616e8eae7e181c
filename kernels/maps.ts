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

/** A number on the device, looked up at every run of a program. */
export interface DeviceScalar {
  /** A f32 map. */
  readonly tensor: Tensor;
  /** Its place in the map, from 0. */
  readonly index: number;
}

/**
 * @param what What the number is, as in "threshold".
 * @throws {ShapeError} If there is none at the index.
 */
export function checkScalar(what: string, { tensor, index }: DeviceScalar): void {
  checkMap(`look up a ${what}`, tensor, "f32", tensor.shape);
  const length = tensor.bytes / 4;
  if (Number.isInteger(index) && index >= 0 && index < length) return;
  throw new ShapeError(
    `Cannot look up the ${what} ${index} of ${tensor.label} [${tensor.shape}]: it holds ${length}, from 0`,
  );
}
