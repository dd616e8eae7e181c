/** Gradients as halves (IEEE 754's binary16), which take half the bytes from one process to another. @module */
import { ShapeError } from "../../errors.ts";
import type { Graph } from "../../graph.ts";
import { defineKernel } from "../../shader/kernel.ts";
import { elementwise } from "../../launch.ts";
import { roundUp, type Tensor } from "../../tensor.ts";
import packSource from "./pack_halves.wgsl" with { type: "text" };
import unpackSource from "./unpack_halves.wgsl" with { type: "text" };

const uniforms = { count: "u32", stride: "u32" } as const;
const pack = defineKernel({
  name: "pack_halves",
  source: packSource,
  uniforms,
  reads: { values: "vec4u" },
  writes: { halves: "u32" },
});
const unpack = defineKernel({
  name: "unpack_halves",
  source: unpackSource,
  uniforms,
  reads: { halves: "u32" },
  writes: { values: "vec4u" },
});

/** Each with a home: whole tensors or ranges of arenas. */
export interface HalfTensors {
  /** f32, padding included a multiple of 4 of them. */
  readonly values: Tensor;
  /** u32, two halves in a word, the first in the low bits: half as many words as there are values. */
  readonly halves: Tensor;
}

/**
 * halves ← values, rounded to the nearest half, ties to even: 65520 and above become infinite, and NaN stays what it is. The same
 * bits on every adapter.
 *
 * @throws {ShapeError} If the sizes do not fit, a tensor has no home, or they are not of f32 and u32.
 */
export function packHalves(graph: Graph, { values, halves }: HalfTensors): void {
  const { groups, ...numbers } = checkHalves(`pack ${values.label} as halves`, { values, halves });
  graph.launch({
    kernel: pack,
    reads: [values],
    writes: [halves],
    uniforms: numbers,
    groups,
    loops: 0,
  });
}

/**
 * values ← halves, exactly. The same bits on every adapter.
 *
 * @throws {ShapeError} If the sizes do not fit, a tensor has no home, or they are not of f32 and u32.
 */
export function unpackHalves(graph: Graph, { values, halves }: HalfTensors): void {
  const { groups, ...numbers } = checkHalves(`unpack halves into ${values.label}`, { values, halves });
  graph.launch({
    kernel: unpack,
    reads: [halves],
    writes: [values],
    uniforms: numbers,
    constants: { ADDS: 0 },
    groups,
    loops: 0,
  });
}

/**
 * folded ← folded + halves, as of gradients: what foldSum (fold.ts) makes of {@linkcode unpackHalves}' values.
 *
 * @param tensors.folded f32, as the values are.
 * @throws {ShapeError} If the sizes do not fit, a tensor has no home, or they are not of f32 and u32.
 */
export function foldHalves(
  graph: Graph,
  { folded, halves }: Omit<HalfTensors, "values"> & { readonly folded: Tensor },
): void {
  const { groups, ...numbers } = checkHalves(`fold halves into ${folded.label}`, { values: folded, halves });
  graph.launch({
    kernel: unpack,
    reads: [halves],
    writes: [folded],
    uniforms: numbers,
    constants: { ADDS: 1 },
    groups,
    loops: 0,
  });
}

/** What a launch over the values takes, if they and the halves fit. */
function checkHalves(action: string, { values, halves }: HalfTensors) {
  // A tensor's memory is whole vec4s, of which the last values' halves may fill one half.
  const bytes = roundUp(values.bytes / 2, 16);
  const fits = values.dtype === "f32" && halves.dtype === "u32" && halves.bytes === bytes;
  if (!fits || !values.home || !halves.home) {
    throw new ShapeError(
      `Cannot ${action}: ${described(values)} and ${described(halves)} are given, and ` +
        `f32 and half as many bytes of u32 are needed, with homes`,
    );
  }
  const count = values.bytes / 16;
  return { count, ...elementwise(count) };
}

function described({ label, dtype, bytes, home }: Tensor): string {
  return `${label} (${bytes} bytes of ${dtype}, ${home ? "with" : "without"} a home)`;
}
