/** How long launches take. */
import process from "node:process";
import type { Device } from "../../../kernels/device.ts";
import type { Dispatch } from "../../../kernels/graph.ts";
import type { Program } from "../../../kernels/program/program.ts";
import { median } from "../report.ts";

/** A program, measured. */
export interface Timing {
  /** Milliseconds of each launch, the median over the rounds; absent where the adapter has no timestamps. */
  readonly launches: readonly number[] | undefined;
  /** Milliseconds of the whole program: the sum of its launches, or wall time where there are no timestamps. */
  readonly total: number;
  /**
   * Milliseconds that all processors together would have needed, had they been free: on a software adapter the time of
   * the process ÷ processors, the least over the rounds. It is the figure to compare on a shared machine.
   */
  readonly processors: number | undefined;
}

/** Whether the device gives the times of single launches. */
export function hasTimestamps({ facts }: Device): boolean {
  return facts.features.includes("timestamp-query");
}

/** Runs a program once to warm up (drivers compile at the first use), then `rounds` times. */
export async function timeProgram(device: Device, program: Program, rounds: number): Promise<Timing> {
  const stamped = hasTimestamps(device);
  const once = async (): Promise<number[]> => {
    if (stamped) return await program.profile();
    const start = performance.now();
    program.run();
    await device.gpu.queue.onSubmittedWorkDone();
    return [performance.now() - start];
  };
  await once();
  const times: number[][] = [], busy: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const before = process.cpuUsage();
    times.push(await once());
    const { user, system } = process.cpuUsage(before);
    busy.push((user + system) / 1e3 / navigator.hardwareConcurrency);
  }
  device.check();
  return {
    launches: stamped ? times[0]!.map((_, i) => median(times.map((round) => round[i]!))) : undefined,
    total: median(times.map((round) => round.reduce((sum, time) => sum + time, 0))),
    processors: device.facts.isSoftware ? Math.min(...busy) : undefined,
  };
}

/** Bytes that a launch has to move at the least: each tensor it reads or writes, once. */
export function bytesOf({ reads, writes }: Dispatch): number {
  return [...new Set([...reads, ...writes])].reduce((sum, { bytes }) => sum + bytes, 0);
}
