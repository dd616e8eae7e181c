import { KernelError } from "../errors.ts";
import type { Dispatch } from "../graph.ts";
import { ALIGNMENT, roundUp, type Tensor } from "../tensor.ts";

/** A place in the workspace, bytes. */
export interface Place {
  readonly arena: number;
  readonly offset: number;
}

/** Where each tensor of the workspace lies, and how much that takes. */
export interface MemoryPlan {
  /** Of a tensor that is larger than an arena may be: of each of its windows, in order. */
  readonly places: ReadonlyMap<Tensor, readonly [Place, ...Place[]]>;
  /** Bytes of each arena; a step's workspace is their sum. */
  readonly arenas: readonly number[];
  /** Bytes alive at the busiest moment: no plan can need less. */
  readonly lowerBound: number;
}

/** How large things may be, bytes. */
export interface PlanLimits {
  /** Of one buffer, so of an arena. */
  readonly bufferBytes: number;
  /** Of a window, in which larger tensors are bound; no more than of a buffer. */
  readonly windowBytes: number;
}

/** The life of a tensor, or of a window of it. */
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
 * host reads after a run (`kept`) live to the end. The windows of a tensor that is larger than a buffer are placed one by one.
 *
 * @throws {KernelError} If a launch reads a tensor of the workspace that none before it has written.
 */
export function planMemory(
  dispatches: readonly Dispatch[],
  kept: ReadonlySet<Tensor>,
  limits: PlanLimits,
): MemoryPlan {
  const intervals = lives(dispatches, kept);
  const places = new Map<Tensor, [Place, ...Place[]]>();
  const arenas: { bytes: number; taken: (Interval & { offset: number })[] }[] = [];
  const placed = intervals.flatMap((interval) => windowed(interval, limits));
  // Equal sizes keep the order of birth, so that the plan depends on nothing but the graph; and windows theirs.
  for (const interval of placed.sort((a, b) => b.bytes - a.bytes || a.first - b.first)) {
    let arena = 0;
    for (;; arena++) {
      const into = arenas[arena] ??= { bytes: 0, taken: [] };
      const neighbors = into.taken.filter((other) =>
        other.first <= interval.last && interval.first <= other.last
      );
      const offset = lowestGap(neighbors, interval.bytes);
      if (offset + interval.bytes > limits.bufferBytes && into.taken.length > 0) continue;
      const place = into.taken.findIndex((other) => other.offset > offset);
      into.taken.splice(place < 0 ? into.taken.length : place, 0, { ...interval, offset });
      into.bytes = Math.max(into.bytes, offset + interval.bytes);
      const known = places.get(interval.tensor), found = { arena, offset };
      if (known) known.push(found);
      else places.set(interval.tensor, [found]);
      break;
    }
  }
  return { places, arenas: arenas.map(({ bytes }) => bytes), lowerBound: busiest(intervals) };
}

/** The interval of a tensor that fits a buffer, else one for each of its windows, in order. */
function windowed(interval: Interval, { bufferBytes, windowBytes }: PlanLimits): Interval[] {
  const { bytes } = interval;
  if (bytes <= bufferBytes) return [interval];
  return Array.from({ length: Math.ceil(bytes / windowBytes) }, (_, i) => ({
    ...interval,
    bytes: Math.min(windowBytes, bytes - i * windowBytes),
  }));
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
