import { ShapeError } from "../../errors.ts";
import type { Tensor } from "../../tensor.ts";
import { checkGuard } from "./guard_update.ts";

/** What every optimizer's update needs. */
export interface UpdateTensors {
  readonly parameters: Tensor;
  /** Gradients and moments: of the parameters' size and element order. */
  readonly others: readonly Tensor[];
  /** Numbers of the step, and which of them are read. */
  readonly rates: Tensor;
  readonly indices: readonly number[];
  readonly guard?: Tensor | undefined;
}

/** @throws {ShapeError} If the sizes differ, a tensor has no home, there is no number at an index, or the guard is none. */
export function checkUpdate({ parameters, others, rates, indices, guard }: UpdateTensors): void {
  if (guard) checkGuard(guard);
  for (const tensor of [parameters, ...others]) {
    if (tensor.bytes !== parameters.bytes || tensor.dtype !== "f32" || !tensor.home) {
      throw new ShapeError(
        `Cannot update ${parameters.label} (${parameters.bytes} bytes) with ${tensor.label} (${tensor.bytes} bytes of ` +
          `${tensor.dtype}, ${
            tensor.home ? "with" : "without"
          } a home): equal sizes of f32 with homes are needed`,
      );
    }
  }
  const length = rates.bytes / 4;
  for (const index of indices) {
    if (Number.isInteger(index) && index >= 0 && index < length) continue;
    throw new ShapeError(
      `Cannot update ${parameters.label} by number ${index} of ${rates.label} [${rates.shape}]: it holds ${length}, from 0`,
    );
  }
}
