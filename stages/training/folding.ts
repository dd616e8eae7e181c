/** What the micro-batches of a step leave beside gradients, brought together in their order. @module */
import type { Device } from "../../kernels/device.ts";
import type { Graph, Share } from "../../kernels/graph.ts";
import { allocate, type Allocation, upload } from "../../kernels/memory.ts";
import { type Bank, foldBank } from "../../kernels/ops/contrast/bank.ts";
import { foldMeters, foldMoved, foldSum, foldWritten } from "../../kernels/ops/update/fold.ts";
import { foldHalves } from "../../kernels/ops/update/halves.ts";
import { ALIGNMENT, makeTensor, type Precision, type Tensor } from "../../kernels/tensor.ts";
import type { Parameters } from "../../models/parameters.ts";
import type { StateSpecs, StateTensors } from "../methods/state.ts";
import type { Control } from "./control.ts";
import { type Rounding, sliceGradients, type SummedRange } from "./team/slices.ts";

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
  /** Where gradients are exchanged as halves. */
  readonly rounding?: Rounding;
  /** Notes what the step begins with. */
  begin(): void;
  /** Puts that back, for another micro-batch to begin with. */
  again(): void;
  /** Leaves what all have come to where the next step begins. */
  end(): void;
  readonly bytes: number;
  free(): void;
}

/** What is folded. */
export interface FoldingParts {
  /** This process alone unless told. */
  readonly share?: Share | undefined;
  /** Whether the running statistics that a micro-batch leaves are those of all. */
  readonly synchronized: boolean;
  readonly parameters: Parameters;
  readonly control: Pick<Control, "meters">;
  readonly state: { readonly tensors: StateTensors };
  readonly declared: StateSpecs;
  /** What gradients and sums are rounded to on their way; f32 unless told. */
  readonly exchange?: Precision | undefined;
}

/** Three copies of what micro-batches change: `part` is where they work. */
interface Copies {
  readonly part: Tensor;
  readonly base: Tensor;
  readonly folded: Tensor;
}

/** Makes room. */
export function allocateFolding(device: Device, options: FoldingParts): Folding {
  const { parameters, control: { meters }, state, declared, synchronized } = options;
  const { share = { rank: 0, size: 1 }, exchange = "f32" } = options;
  const { slices, rounding, room } = sliceGradients(device, parameters, share, exchange);
  const allMeters = makeTensor({
    label: "meters",
    shape: [meters.length * ALIGNMENT / 4],
    layout: "map",
    home: meters[0]!.home!,
  });
  const states = Object.entries(state.tensors);
  const all = [...parameters.statistics, allMeters, ...states.map(([, tensor]) => tensor)];
  const [bases, sums] = ["the step's start", "what micro-batches come to"].map((label) =>
    allocate(device, label, all.map(({ label, shape, dtype, layout }) => ({ label, shape, dtype, layout })))
  ) as [Allocation, Allocation];
  const copies = all.map((part, i): Copies => ({
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
  const held = () => [bases, sums, ...(room ? [room] : []), ...kept];
  return {
    parts: all.filter((part) => !queues.has(part)),
    banks,
    slices,
    capture(graph, { of, meters: count }) {
      for (const { gradients, sums, halves } of slices[share.rank]!) {
        if (halves) foldHalves(graph, { folded: sums, halves });
        else foldSum(graph, { folded: sums, part: gradients });
      }
      for (const tensors of statistics) {
        if (synchronized) foldWritten(graph, tensors);
        else {foldMoved(
            graph,
            tensors,
            shares(tensors.part, (elements) => keptBy(of, tensors.part, elements)),
          );}
      }
      foldMeters(graph, copies[statistics.length]!, { count, bytes: ALIGNMENT });
      for (const [name, tensors] of ofState) {
        const { fold = "written" } = declared[name]!;
        if (fold === "written") foldWritten(graph, tensors);
        else if (fold === "moved") foldMoved(graph, tensors, shares(tensors.part));
      }
      for (const { folded, part, base } of banks) foldBank(graph, folded, part, base);
    },
    ...(rounding && { rounding }),
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
