import type { Device } from "../device.ts";
import { type Dispatch, Graph } from "../graph.ts";
import { compile } from "../program/program.ts";
import { makeTensor, roundUp, type Tensor } from "../tensor.ts";
import { launchedAs } from "./tuning.ts";

/** What was measured of a bucket. */
export interface Measured {
  readonly bucket: string;
  /** Launches of the bucket among those given. */
  readonly launches: number;
  /** By candidates; the first is the one that is taken untuned. */
  readonly times: readonly CandidateTime[];
  /** Name of the candidate to take. */
  readonly chosen: string;
}

/** How long a launch took by one of its candidates, milliseconds. */
export interface CandidateTime {
  readonly name: string;
  readonly median: number;
  readonly least: number;
}

/** How a tuner measures. */
export interface TuneOptions {
  /** Times that each candidate runs; medians count. Default 7. */
  readonly rounds?: number;
  /** Milliseconds from any fixed moment, for devices without timestamps. */
  readonly clock: () => number;
  /** Called before each bucket and at the end. */
  readonly onProgress?: (done: number, total: number, bucket?: string) => void;
  /** Called with each bucket as soon as it is measured, and waited for. */
  readonly onMeasured?: (measured: Measured) => Promise<void>;
}

/** A candidate takes the first one's place if it needs less than this share of its time: less may be chance. */
const WORTHWHILE = 0.95;
/** Milliseconds that a measurement by a clock lasts at least; and the most launches in one. */
const LASTING = 50, MOST_LAUNCHES = 256;

/**
 * Times the candidates of all choices that launches leave open, by turns, on the device itself.
 *
 * Of each bucket the launch with the most arithmetic is measured, on tensors of its own: nothing that the launches would read or
 * write is touched.
 *
 * @param dispatches As captured; a blueprint's will do.
 * @returns The buckets that offer more than one candidate, in alphabetical order.
 * @throws {DeviceError} If the device fails, or has no room for the operands.
 */
export async function tune(
  device: Device,
  dispatches: readonly Dispatch[],
  { rounds = 7, clock, onProgress = () => {}, onMeasured }: TuneOptions,
): Promise<Measured[]> {
  const buckets = [...Map.groupBy(dispatches, ({ choice }) => choice?.bucket)]
    .flatMap(([bucket, launches]) => {
      if (bucket === undefined) return [];
      const dispatch = launches.reduce((most, launch) => launch.flops > most.flops ? launch : most);
      return dispatch.choice!.candidates.length > 1 ? [{ bucket, launches, dispatch }] : [];
    })
    .sort((a, b) => a.bucket < b.bucket ? -1 : 1);
  const bench = makeBench(device, buckets.map(({ dispatch }) => dispatch));
  const time = device.facts.features.includes("timestamp-query") ? byTimestamps : byClock(clock);
  const measured: Measured[] = [];
  try {
    for (const [i, { bucket, launches, dispatch }] of buckets.entries()) {
      onProgress(i, buckets.length, bucket);
      const { candidates } = dispatch.choice!;
      const placed = bench.place(dispatch);
      const samples = await time(device, candidates.map((one) => launchedAs(placed, one)), rounds);
      const times = candidates.map(({ name }, i) => ({
        name,
        median: median(samples[i]!),
        least: Math.min(...samples[i]!),
      }));
      device.check();
      measured.push({ bucket, launches: launches.length, times, chosen: fastest(times) });
      await onMeasured?.(measured.at(-1)!);
    }
    onProgress(buckets.length, buckets.length);
  } finally {
    bench.free();
  }
  return measured;
}

/**
 * The candidate to take: of those that are faster than the first by more than chance, the fastest by its median. On a machine
 * that does other work, too, medians wander; so the least time must say the same.
 */
export function fastest([first, ...others]: readonly CandidateTime[]): string {
  const faster = others.filter(({ median, least }) =>
    median < WORTHWHILE * first!.median && least < WORTHWHILE * first!.least
  );
  return faster.reduce((best, time) => time.median < best.median ? time : best, first!).name;
}

/** Buffers that launches can be tried on, one for each binding, large enough for all of them. */
function makeBench(device: Device, dispatches: readonly Dispatch[]) {
  const sizes: number[] = [];
  for (const { reads, writes } of dispatches) {
    [...reads, ...writes].forEach(({ bytes }, i) => sizes[i] = Math.max(sizes[i] ?? 0, roundUp(bytes, 16)));
  }
  const buffers: GPUBuffer[] = [];
  const free = () => buffers.forEach((buffer) => buffer.destroy());
  try {
    for (const [i, bytes] of sizes.entries()) {
      const buffer = device.buffer(`operand ${i} of a trial`, bytes);
      buffers.push(buffer);
      fill(device, buffer, bytes);
    }
  } catch (error) {
    free();
    throw error;
  }
  const at = (tensor: Tensor, i: number) =>
    makeTensor({ ...tensor, home: { buffer: buffers[i]!, offset: 0 } });
  return {
    place({ choice: _, ...dispatch }: Dispatch): Dispatch {
      const { reads, writes } = dispatch;
      return {
        ...dispatch,
        reads: reads.map(at),
        writes: writes.map((tensor, i) => at(tensor, reads.length + i)),
      };
    },
    free,
  };
}

/** Values as a training meets them: zeros cost a GPU less power, and so less time. Each half of a word is an f16 of 0.25 to 1. */
function fill(device: Device, buffer: GPUBuffer, bytes: number): void {
  const chunk = new Uint32Array(Math.min(bytes, 1 << 20) / 4);
  let state = 1;
  for (let i = 0; i < chunk.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    chunk[i] = 0x34003400 + (state & 0x87ff07ff);
  }
  for (let offset = 0; offset < bytes; offset += chunk.byteLength) {
    const length = Math.min(chunk.byteLength, bytes - offset);
    device.gpu.queue.writeBuffer(buffer, offset, chunk, 0, length / 4);
  }
}

/** Times launches by turns; gives the samples of each. */
type Time = (device: Device, launches: readonly Dispatch[], rounds: number) => Promise<number[][]>;

const byTimestamps: Time = async (device, launches, rounds) => {
  // The first turn warms up: software compiles a shader at its first use.
  const turns = Array.from({ length: 1 + rounds }, () => launches).flat();
  const program = programOf(device, turns);
  const times = await program.profile();
  program.free();
  return launches.map((_, i) => times.filter((_, at) => at >= launches.length && at % launches.length === i));
};

const byClock = (clock: () => number): Time => async (device, launches, rounds) => {
  const once = async (launch: Dispatch, count: number) => {
    const program = programOf(device, Array<Dispatch>(count).fill(launch));
    await device.gpu.queue.onSubmittedWorkDone();
    const start = clock();
    program.run();
    await device.gpu.queue.onSubmittedWorkDone();
    const milliseconds = clock() - start;
    program.free();
    return milliseconds;
  };
  for (const launch of launches) await once(launch, 1);
  let count = 1;
  while (count < MOST_LAUNCHES && await once(launches[0]!, count) < LASTING) count *= 2;
  const samples: number[][] = launches.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, launch] of launches.entries()) samples[i]!.push(await once(launch, count) / count);
  }
  return samples;
};

function programOf(device: Device, launches: readonly Dispatch[]) {
  const graph = new Graph(device.facts.sharing);
  graph.dispatches.push(...launches);
  return compile(device, graph);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
