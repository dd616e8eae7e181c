import { KernelError } from "../errors.ts";
import type { Dispatch } from "../graph.ts";
import { ALIGNMENT, roundUp, type Tensor } from "../tensor.ts";

/** Where each tensor of the workspace lies, and how much that takes. */
export interface MemoryPlan {
  readonly places: ReadonlyMap<Tensor, { arena: number; offset: number }>;
  /** Bytes of each arena; a step's workspace is their sum. */
  readonly arenas: readonly number[];
  /** Bytes alive at the busiest moment: no plan can need less. */
  readonly lowerBound: number;
}

interface Interval {
  readonly tensor: Tensor;
  readonly first: number;
  last: number;
  readonly bytes: number;
}

/**
 * Gives every tensor without a home a place that no tensor alive at the same time shares.
 *
 * Greedy by size: the largest tensors choose first, each the lowest gap that is free over its whole life. Tensors that the
 * host reads after a run (`kept`) live to the end.
 *
 * @param arenaLimit Largest size of one buffer, in bytes; a larger tensor gets an arena of its own.
 * @throws {KernelError} If a launch reads a tensor of the workspace that none before it has written.
 */
export function planMemory(
  dispatches: readonly Dispatch[],
  kept: ReadonlySet<Tensor>,
  arenaLimit: number,
): MemoryPlan {
  const intervals = lives(dispatches, kept);
  const places = new Map<Tensor, { arena: number; offset: number }>();
  const arenas: { bytes: number; taken: (Interval & { offset: number })[] }[] = [];
  // Equal sizes keep the order of birth, so that the plan depends on nothing but the graph.
  for (const interval of [...intervals].sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    let arena = 0;
    for (;; arena++) {
      const into = arenas[arena] ??= { bytes: 0, taken: [] };
      const neighbors = into.taken.filter((other) =>
        other.first <= interval.last && interval.first <= other.last
      );
      const offset = lowestGap(neighbors, interval.bytes);
      if (offset + interval.bytes > arenaLimit && into.taken.length > 0) continue;
      const place = into.taken.findIndex((other) => other.offset > offset);
      into.taken.splice(place < 0 ? into.taken.length : place, 0, { ...interval, offset });
      into.bytes = Math.max(into.bytes, offset + interval.bytes);
      places.set(interval.tensor, { arena, offset });
      break;
    }
  }
  return { places, arenas: arenas.map(({ bytes }) => bytes), lowerBound: busiest(intervals) };
}

function lives(dispatches: readonly Dispatch[], kept: ReadonlySet<Tensor>): Interval[] {
  const intervals = new Map<Tensor, Interval>();
  dispatches.forEach(({ kernel, reads, writes }, at) => {
    const unwritten = reads.find((tensor) => !tensor.home && !intervals.has(tensor));
    if (unwritten) {
      throw new KernelError(
        `Cannot plan the memory of ${unwritten.label}: kernel "${kernel.name}" reads it and no launch before has written it`,
      );
    }
    for (const tensor of [...reads, ...writes]) {
      if (tensor.home) continue;
      const known = intervals.get(tensor);
      if (known) known.last = at;
      else intervals.set(tensor, { tensor, first: at, last: at, bytes: roundUp(tensor.bytes, ALIGNMENT) });
    }
  });
  for (const interval of intervals.values()) if (kept.has(interval.tensor)) interval.last = dispatches.length;
  return [...intervals.values()];
}

/** `taken` is sorted by offset. */
function lowestGap(taken: readonly { offset: number; bytes: number }[], bytes: number): number {
  let offset = 0;
  for (const other of taken) {
    if (offset + bytes <= other.offset) break;
    offset = Math.max(offset, other.offset + other.bytes);
  }
  return offset;
}

function busiest(intervals: readonly Interval[]): number {
  const changes = intervals.flatMap(({ first, last, bytes }) =>
    [[first, bytes], [last + 1, -bytes]] as const
  );
  changes.sort(([a, x], [b, y]) => a - b || x - y);
  let alive = 0, most = 0;
  for (const [, change] of changes) most = Math.max(most, alive += change);
  return most;
}
