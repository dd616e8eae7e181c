import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { checkMap, checkScalar, type DeviceScalar } from "../../maps.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./meter.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "meter",
  source,
  uniforms: { index: "u32" },
  reads: { value: "f32", counters: "u32" },
  writes: { state: "vec4f" },
});

/** What a {@linkcode meter} has noted since it was cleared. */
export interface MeterReading {
  /** NaN or infinite once a value was. */
  readonly sum: number;
  readonly count: number;
  readonly last: number;
  /** The step of the first value that was not finite. */
  readonly firstBadStep: number | undefined;
}

/**
 * Notes a number after each step on the device, so that losses are read now and then (a read drains the device) and the
 * step at which one turned NaN or infinite is known all the same.
 *
 * @param value f32 [1], such as a loss; or a number on the device, looked up at its index.
 * @param options.counters u32 map [1, 1, 4]: seed, epoch, step, 0.
 * @param options.state f32 map [1, 1, 4] with a home: sum, count, last value, step + 1 of the first value that was not
 *   finite (0: none; exact below 2²⁴ steps). {@linkcode readMeter} names them; clear.ts starts anew.
 * @throws {ShapeError} If a shape is another, or the state has no home.
 */
export function meter(
  graph: Graph,
  value: Tensor | DeviceScalar,
  options: { counters: Tensor; state: Tensor },
): void {
  const { counters, state } = options;
  const { tensor, index } = "tensor" in value ? value : { tensor: value, index: 0 };
  if ("tensor" in value) checkScalar("metered number", value);
  else if (`${value.shape}` !== "1" || value.dtype !== "f32") {
    throw new ShapeError(
      `Cannot meter ${value.label} [${value.shape}] (${value.dtype}): a f32 [1] is needed`,
    );
  }
  checkMap(`count the steps of ${tensor.label}`, counters, "u32", [1, 1, 4]);
  checkMap(`meter ${tensor.label}`, state, "f32", [1, 1, 4]);
  if (!state.home) {
    throw new ShapeError(
      `Cannot meter ${tensor.label} in ${state.label}: it has no home to outlive a run in`,
    );
  }
  graph.launch({
    kernel,
    reads: [tensor, counters],
    writes: [state],
    uniforms: { index },
    groups: [1, 1, 1],
    loops: 0,
  });
}

/** Names what was read back of a meter's state. */
export function readMeter(state: ArrayLike<number>): MeterReading {
  const [sum, count, last, bad] = [state[0]!, state[1]!, state[2]!, state[3]!];
  return { sum, count, last, firstBadStep: bad === 0 ? undefined : bad - 1 };
}
