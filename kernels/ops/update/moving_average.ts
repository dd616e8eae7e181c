import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { checkScalar, type DeviceScalar } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./moving_average.wgsl" with { type: "text" };
import { checkGuard } from "./guard_update.ts";

const plain = defineKernel({
  name: "moving_average",
  file: "moving_average.wgsl",
  source,
  uniforms: { count: "u32", stride: "u32", index: "u32" },
  reads: { source: "vec4f", shares: "f32" },
  writes: { average: "vec4f" },
});
const guarded = defineKernel({
  ...plain,
  name: "moving_average_guarded",
  reads: { ...plain.reads, guard: "vec4f" },
});

/** How a step of {@linkcode movingAverage} goes. */
export interface MovingAverageOptions {
  /** The source's part in the new average, 1 − decay, in [0, 1]: 0 changes nothing, 1 copies the source as it is. */
  readonly share: DeviceScalar;
  /** Where {@linkcode guardUpdate} has left whether this step is made. */
  readonly guard?: Tensor;
}

/**
 * One step of an exponential moving average, in place: average ← average + share · (source − average).
 *
 * @param tensors f32 of equal size and element order; the average has a home. Whole arenas or ranges of them.
 * @throws {ShapeError} If the sizes differ, the average has no home, or there is no share at the index.
 * @see Tarvainen, Valpola, "Mean teachers are better role models", NeurIPS 2017
 */
export function movingAverage(
  graph: Graph,
  { average, source }: { readonly average: Tensor; readonly source: Tensor },
  { share, guard }: MovingAverageOptions,
): void {
  checkScalar("share", share);
  if (guard) checkGuard(guard);
  if (source.bytes !== average.bytes || source.dtype !== "f32" || average.dtype !== "f32" || !average.home) {
    throw new ShapeError(
      `Cannot average ${source.label} (${source.bytes} bytes of ${source.dtype}) into ${average.label} (${average.bytes} ` +
        `bytes of ${average.dtype}, ${
          average.home ? "with" : "without"
        } a home): equal sizes of f32 are needed, and a home`,
    );
  }
  const count = average.bytes / 16;
  const { groups, stride } = elementwise(count);
  graph.launch({
    kernel: guard ? guarded : plain,
    reads: [source, share.tensor, ...(guard ? [guard] : [])],
    writes: [average],
    uniforms: { count, stride, index: share.index },
    constants: { GUARDED: Number(guard !== undefined) },
    groups,
    loops: 0,
  });
}
