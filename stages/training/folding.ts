/** What the micro-batches of a step leave beside gradients, brought together in their order. @module */
import type { Device } from "../../kernels/device.ts";
import type { Graph, Share } from "../../kernels/graph.ts";
import { allocate, type Allocation, upload } from "../../kernels/memory.ts";
import { type Bank, foldBank } from "../../kernels/ops/contrast/bank.ts";
import { arenaRange, splitRange } from "../../kernels/ops/update/arena_ranges.ts";
import { foldMeters, foldMoved, foldSum, foldWritten } from "../../kernels/ops/update/fold.ts";
import { foldHalves, packHalves, unpackHalves } from "../../kernels/ops/update/halves.ts";
import { ALIGNMENT, makeTensor, type Precision, type Tensor } from "../../kernels/tensor.ts";
import type { ArenaRange, Parameters } from "../../models/parameters.ts";
import type { StateSpecs, StateTensors } from "../methods/state.ts";

import type { Control } from "./control.ts";

/**
 * Micro-batches know nothing of one another: each begins with the running statistics, the state and the meters that the step began
 * with, and sees what itself makes of them. What they have made is folded into one by their order, whoever computed it; so do
 * gradients. With one micro-batch there is nothing to fold.
 */
export interface Folding {
  /** What a micro-batch changes, and what is folded of it: these tensors, the keys that it puts into banks, and gradients. */
  readonly parts: readonly Tensor[];
  /** Banks as a micro-batch leaves them, and as the step began. */
  readonly banks: readonly { readonly part: Bank; readonly base: Bank }[];
  /** All gradients, each with its sum, in as many slices as processes share the sums; equal in all phases. */
  readonly slices: readonly (readonly SummedRange[])[];
  /**
   * Captures the fold of one micro-batch, whose results lie where it left them; of gradients, this process's slice.
   *
   * @param phase What micro-batches run, of which it is read how often statistics move; and how many meters they note in.
   */
  capture(graph: Graph, phase: { readonly of: Graph; readonly meters: number }): void;
  /** What gradients and sums are rounded to on their way; f16: to what lies in {@linkcode SummedRange.halves}. */
  readonly exchange: Precision;
  /** With f16: captures that a micro-batch's gradients are rounded. */
  captureGradients(graph: Graph): void;
  /** With f16: captures that this process's slice of the sums is rounded. */
  captureSums(graph: Graph): void;
  /** With f16: captures that all sums are what was rounded. */
  captureRounded(graph: Graph): void;
  /** Notes what the step begins with. */
  begin(): void;
  /** Puts that back, for another micro-batch to begin with. */
  again(): void;
  /** Leaves what all have come to where the next step begins. */
  end(): void;
  readonly bytes: number;
  free(): void;
}

/** Gradients of a micro-batch, and their sum. */
export interface SummedRange {
  readonly gradients: Tensor;
  readonly sums: Tensor;
  /** Where they are exchanged as f16: the gradients rounded, and at the end of a step the sums. */
  readonly halves?: Tensor;
}

/** What is folded. */
export interface FoldingParts {
  /** This process alone unless told. */
  readonly share?: Share | undefined;
  /** Where norms are synchronized: the running statistics that a micro-batch leaves are those of all. */
  readonly joint?: Share | undefined;
  readonly parameters: Parameters;
  readonly control: Pick<Control, "meters">;
  readonly state: { readonly tensors: StateTensors };
  readonly declared: StateSpecs;
  /** See {@linkcode Folding.exchange}; f32 unless told. */
  readonly exchange?: Precision | undefined;
}

/** Three copies of what micro-batches change: `part` is where they work. */
interface Copies {
  readonly part: Tensor;
  readonly base: Tensor;
  readonly folded: Tensor;
}

/** Makes room. */
export function allocateFolding(
  device: Device,
  parts: FoldingParts,
): Folding {
  const { parameters, control: { meters }, state, declared, joint } = parts;
  const { share = { rank: 0, size: 1 }, exchange = "f32" } = parts;
  const plain = sliced(parameters, share.size);
  const halves = exchange === "f16" ? allocateHalves(device, plain) : undefined,
    slices = halves?.slices ?? plain;
  const allMeters = makeTensor({
    label: "meters",
    shape: [meters.length * ALIGNMENT / 4],
    layout: "map",
    home: meters[0]!.home!,
  });
  const states = Object.entries(state.tensors);
  const changed = [...parameters.statistics, allMeters, ...states.map(([, tensor]) => tensor)];
  const [bases, sums] = ["the step's start", "what micro-batches come to"].map((label) =>
    allocate(
      device,
      label,
      changed.map(({ label, shape, dtype, layout }) => ({ label, shape, dtype, layout })),
    )
  ) as [Allocation, Allocation];
  const copies = changed.map((part, i): Copies => ({
    part,
    base: bases.tensors[i]!,
    folded: sums.tensors[i]!,
  }));
  const statistics = copies.slice(0, parameters.statistics.length);
  const ofState = new Map(states.map(([name], i) => [name, copies[statistics.length + 1 + i]!]));
  const bankNames = new Set(
    Object.values(declared).flatMap(({ fold }) => typeof fold === "object" ? [fold.bank] : []),
  );
  const banks = [...bankNames].map((name) => {
    const of = (which: keyof Copies) => bankIn((tensor) => ofState.get(tensor)![which], name, declared);
    return { part: of("part"), base: of("base"), folded: of("folded") };
  });
  const queues = new Set(banks.flatMap(({ part }) => part.queues));
  const kept: Allocation[] = [], uploads: (() => void)[] = [];
  /** A number for each element of a tensor, 1 unless set; on the device when the first step begins. */
  const shares = (like: Tensor, set: (shares: Float32Array) => void = () => {}): Tensor => {
    const made = allocate(device, "kept shares", [{ label: "kept", shape: [like.bytes / 4], layout: "map" }]);
    const [tensor] = made.tensors as [Tensor], elements = new Float32Array(like.bytes / 4).fill(1);
    set(elements);
    kept.push(made);
    uploads.push(() => upload(device, tensor, elements));
    return tensor;
  };
  const copy = (from: (copies: Copies) => Tensor, to: (copies: Copies) => Tensor) => {
    const encoder = device.gpu.createCommandEncoder();
    for (const each of copies) {
      const [source, target] = [from(each).home!, to(each).home!];
      encoder.copyBufferToBuffer(source.buffer, source.offset, target.buffer, target.offset, each.part.bytes);
    }
    device.gpu.queue.submit([encoder.finish()]);
  };
  const held = () => [bases, sums, ...(halves ? [halves.room] : []), ...kept];
  return {
    parts: changed.filter((part) => !queues.has(part)),
    banks,
    slices,
    capture(graph, { of, meters: count }) {
      for (const { gradients, sums, halves } of slices[share.rank]!) {
        if (halves) foldHalves(graph, { folded: sums, halves });
        else foldSum(graph, { folded: sums, part: gradients });
      }
      statistics.forEach((tensors) => {
        if (joint) foldWritten(graph, tensors);
        else {foldMoved(
            graph,
            tensors,
            shares(tensors.part, (elements) => keptBy(of, tensors.part, elements)),
          );}
      });
      foldMeters(graph, copies[statistics.length]!, { count, bytes: ALIGNMENT });
      for (const [name, tensors] of ofState) {
        const { fold = "written" } = declared[name]!;
        if (fold === "written") foldWritten(graph, tensors);
        else if (fold === "moved") foldMoved(graph, tensors, shares(tensors.part));
      }
      for (const { folded, part, base } of banks) foldBank(graph, folded, part, base);
    },
    exchange,
    captureGradients(graph) {
      for (const { gradients, halves } of slices.flat()) {
        if (halves) packHalves(graph, { values: gradients, halves });
      }
    },
    captureSums(graph) {
      for (const { sums, halves } of slices[share.rank]!) {
        if (halves) packHalves(graph, { values: sums, halves });
      }
    },
    captureRounded(graph) {
      for (const { sums, halves } of slices.flat()) {
        if (halves) unpackHalves(graph, { values: sums, halves });
      }
    },
    begin() {
      for (const send of uploads.splice(0)) send();
      copy(({ part }) => part, ({ base }) => base);
      copy(({ part }) => part, ({ folded }) => folded);
    },
    again: () => copy(({ base }) => base, ({ part }) => part),
    end: () => copy(({ folded }) => folded, ({ part }) => part),
    get bytes() {
      return held().reduce((sum, { bytes }) => sum + bytes, 0);
    },
    free() {
      for (const allocation of held()) allocation.free();
    },
  };
}

/** Gradients and their sums in slices of about equal size. */
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

/** Room for gradients as halves. */
function allocateHalves(
  device: Device,
  slices: readonly (readonly SummedRange[])[],
): { readonly slices: readonly (readonly SummedRange[])[]; readonly room: Allocation } {
  const specs = slices.flat().map(({ gradients: { label, bytes } }) =>
    ({ label: `halves of ${label}`, shape: [bytes / 8], dtype: "u32", layout: "map" }) as const
  );
  const room = allocate(device, "gradients as halves", specs);
  let at = 0;
  return {
    slices: slices.map((ranges) => ranges.map((range) => ({ ...range, halves: room.tensors[at++]! }))),
    room,
  };
}

/**
 * The share of each running statistic that is left of what it was when a graph has run: (1 − momentum) for each pass that it goes
 * through.
 */
function keptBy(graph: Graph, { home }: Tensor, shares: Float32Array): void {
  for (const { kernel, writes, uniforms } of graph.dispatches) {
    if (!kernel.name.startsWith("batch_norm_moments")) continue;
    // The mean and the variance that move; those before and after are of the batch.
    for (const { home: own, bytes } of writes.slice(2, 4)) {
      if (own?.buffer !== home?.buffer) continue;
      const start = own!.offset / 4;
      for (let pass = 0; pass < uniforms["passes"]!; pass++) {
        for (let i = start; i < start + bytes / 4; i++) shares[i]! *= 1 - uniforms["momentum"]!;
      }
    }
  }
}

/** A bank of the state, by its declaration. */
function bankIn(tensor: (name: string) => Tensor, name: string, declared: StateSpecs): Bank {
  const own = Object.keys(declared).filter((key) => {
    const { fold } = declared[key]!;
    return typeof fold === "object" && fold.bank === name;
  }).map(tensor);
  const [cursors, pushed, ...queues] = own as [Tensor, Tensor, ...Tensor[]];
  return { cursors, pushed, queues };
}
