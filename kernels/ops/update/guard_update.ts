import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { WORKGROUP } from "../../launch.ts";
import { storedVectors, type Tensor } from "../../tensor.ts";
import findSource from "./find_overflow.wgsl" with { type: "text" };
import guardSource from "./guard_update.wgsl" with { type: "text" };

const find = defineKernel({
  name: "find_overflow",
  source: findSource,
  uniforms: { count: "u32", stride: "u32", accumulate: "u32" },
  reads: { gradients: "vec4f" },
  writes: { found: "u32" },
});
const decide = defineKernel({
  name: "guard_update",
  source: guardSource,
  uniforms: { count: "u32" },
  reads: { found: "u32" },
  writes: { guard: "vec4f" },
});

/** Invocations that look through the gradients; a multiple of 256. */
const LOOKING = 8192;

/** What a guard has counted. */
export interface GuardReading {
  /** Updates left out since the count was set to 0. */
  readonly skipped: number;
  /** Updates left out one after another, up to the last. */
  readonly inARow: number;
}

/**
 * Leaves an update of {@linkcode sgd} or {@linkcode adam} out where a gradient is NaN or infinite, as what f16 cannot hold
 * becomes.
 *
 * Gradients are those of losses times a scale, which keeps small ones above f16's least number; the update divides by it.
 *
 * @param gradients f32, all that the update is made of.
 * @param guard f32 map [1, 1, 4] with a home, at first {@linkcode guardStart}.
 * @throws {ShapeError} If the guard is not such a map.
 */
export function guardUpdate(graph: Graph, gradients: readonly Tensor[], guard: Tensor): void {
  checkGuard(guard);
  const found = graph.tensor({ label: "overflows", shape: [1, 1, LOOKING], dtype: "u32", layout: "map" });
  gradients.forEach((tensor, i) => {
    const count = storedVectors(tensor);
    graph.launch({
      kernel: find,
      reads: [tensor],
      writes: [found],
      uniforms: { count, stride: LOOKING, accumulate: Number(i > 0) },
      groups: [LOOKING / WORKGROUP, 1, 1],
      loops: Math.ceil(count / LOOKING),
    });
  });
  graph.launch({
    kernel: decide,
    reads: [found],
    writes: [guard],
    uniforms: { count: LOOKING },
    groups: [1, 1, 1],
    loops: LOOKING / 256 + 256,
  });
}

/** A guard that has counted nothing, for losses of that scale; `inARow` as it was read. */
export function guardStart(lossScale: number, inARow = 0): Float32Array<ArrayBuffer> {
  return Float32Array.of(1 / lossScale, 0, 0, inARow);
}

/** What a guard that was read back says. */
export function readGuard([, , skipped = 0, inARow = 0]: Float32Array): GuardReading {
  return { skipped, inARow };
}

/** @throws {ShapeError} If the tensor cannot be a guard. */
export function checkGuard({ label, shape, dtype, layout, home }: Tensor): void {
  if (`${shape}` !== "1,1,4" || dtype !== "f32" || layout !== "map" || !home) {
    throw new ShapeError(
      `Cannot guard an update by ${label} [${shape}] (${dtype}, layout "${layout}"): a f32 map [1,1,4] with a home is needed`,
    );
  }
}
