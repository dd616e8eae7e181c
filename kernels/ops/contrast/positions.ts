import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { checkMap } from "../../maps.ts";
import { defineKernel, MAX_GROUPS } from "../../shader/kernel.ts";
import type { Tensor } from "../../tensor.ts";
import source from "./positions.wgsl" with { type: "text" };

const kernel = defineKernel({
  name: "positions",
  source,
  uniforms: { columns: "u32", each: "u32", bit: "u32" },
  reads: { flags: "u32" },
  writes: { positions: "u32", counts: "u32" },
});

/** Places in rows, such as the pixels of each class. */
export interface Positions {
  /** u32 map [1, rows, columns]: ascending columns, as many as there are; what follows them is undefined. */
  readonly places: Tensor;
  /** u32 map [1, 1, rows]: how many there are in each row. */
  readonly counts: Tensor;
}

/**
 * Where a bit is set in each row of flags, in order: an order of pixels that no device changes.
 *
 * @param flags u32 map [1, rows, columns].
 * @param bit Its value, a power of two.
 * @throws {ShapeError} If the flags are no such map.
 */
export function positions(graph: Graph, flags: Tensor, bit: number): Positions {
  const [one, rows, columns] = flags.shape as [number, number, number];
  checkMap("find positions", flags, "u32", [1, rows, columns]);
  if (one !== 1 || rows > MAX_GROUPS) {
    throw new ShapeError(
      `Cannot find positions in ${flags.label} [${flags.shape}]: one map of ${MAX_GROUPS} rows at most is needed`,
    );
  }
  const map = { dtype: "u32", layout: "map" } as const;
  const places = graph.tensor({ ...map, label: `places of ${bit} in ${flags.label}`, shape: flags.shape });
  const counts = graph.tensor({ ...map, label: `counts of ${bit} in ${flags.label}`, shape: [1, 1, rows] });
  const each = Math.ceil(columns / 256);
  graph.launch({
    kernel,
    reads: [flags],
    writes: [places, counts],
    uniforms: { columns, each, bit },
    groups: [rows, 1, 1],
    loops: 2 * each + 256,
  });
  return { places, counts };
}
