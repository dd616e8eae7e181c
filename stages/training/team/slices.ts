/** Gradients in as many slices as processes sum them, as they are and as halves. @module */
import type { Device } from "../../../kernels/device.ts";
import type { Graph, Share } from "../../../kernels/graph.ts";
import { allocate, type Allocation } from "../../../kernels/memory.ts";
import { arenaRange, splitRange } from "../../../kernels/ops/update/arena_ranges.ts";
import { packHalves, unpackHalves } from "../../../kernels/ops/update/halves.ts";
import { ALIGNMENT, type Precision, type Tensor } from "../../../kernels/tensor.ts";
import type { ArenaRange, Parameters } from "../../../models/parameters.ts";

/** Gradients of a micro-batch, and their sum. */
export interface SummedRange {
  readonly gradients: Tensor;
  readonly sums: Tensor;
  /** Where they are exchanged as halves: the gradients rounded, and at the end of a step the sums. */
  readonly halves?: Tensor;
}

/** Captures of what is rounded to halves on its way. */
export interface Rounding {
  /** A micro-batch's gradients. */
  gradients(graph: Graph): void;
  /** This process's slice of the sums. */
  sums(graph: Graph): void;
  /** All sums, which become what was rounded. */
  back(graph: Graph): void;
}

/** All gradients with their sums. */
export interface Slices {
  /** A slice for each process. */
  readonly slices: readonly (readonly SummedRange[])[];
  /** With f16, and the room that it takes. */
  readonly rounding?: Rounding;
  readonly room?: Allocation;
}

/** Cuts gradients into slices of about equal size; with f16, makes room for them as halves. */
export function sliceGradients(
  device: Device,
  parameters: Parameters,
  { rank, size }: Share,
  exchange: Precision,
): Slices {
  const plain = sliced(parameters, size);
  if (exchange === "f32") return { slices: plain };
  const specs = plain.flat().map(({ gradients: { label, bytes } }) =>
    ({ label: `${label} as halves`, shape: [bytes / 8], dtype: "u32", layout: "map" }) as const
  );
  const room = allocate(device, "gradients as halves", specs), tensors = room.tensors.values();
  const slices = plain.map((ranges) => ranges.map((range) => ({ ...range, halves: tensors.next().value! })));
  return {
    slices,
    room,
    rounding: {
      gradients(graph) {
        for (const { gradients, halves } of slices.flat()) packHalves(graph, { values: gradients, halves });
      },
      sums(graph) {
        for (const { sums, halves } of slices[rank]!) packHalves(graph, { values: sums, halves });
      },
      back(graph) {
        for (const { sums, halves } of slices.flat()) unpackHalves(graph, { values: sums, halves });
      },
    },
  };
}

function sliced({ ranges }: Parameters, count: number): SummedRange[][] {
  const total = ranges.reduce((sum, { values }) => sum + values.end - values.start, 0);
  const each = Math.ceil(total / count / ALIGNMENT) * ALIGNMENT;
  const slices: SummedRange[][] = Array.from({ length: count }, () => []);
  let before = 0;
  for (const { values, gradients, sums } of ranges) {
    for (let at = values.start; at < values.end;) {
      const slice = Math.floor(before / each), left = (slice + 1) * each - before;
      const end = Math.min(values.end, at + left);
      for (const { offset, bytes } of splitRange(at, end)) {
        const of = (what: string, { buffer, start }: ArenaRange) =>
          arenaRange(what, buffer, { offset: start + offset - values.start, bytes });
        slices[slice]!.push({ gradients: of("gradients", gradients!), sums: of("sums", sums!) });
      }
      before += end - at;
      at = end;
    }
  }
  return slices;
}
