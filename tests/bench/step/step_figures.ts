/** What a training step costs. */
import process from "node:process";
import type { Device } from "../../../kernels/device.ts";
import { capture, describeStep, type StepChoice } from "./captured_step.ts";
import { figure, median, table } from "../report.ts";
import { hasTimestamps } from "../kernels/timing.ts";
import { usefulShare } from "../kernels/useful_flops.ts";

/** What the kernels of one op take of a step. */
interface OpShare {
  readonly op: string;
  readonly launches: number;
  readonly milliseconds: number;
  readonly gigaflop: number;
}

/** A step, measured. */
export interface StepFigures {
  readonly step: StepChoice;
  readonly rounds: number;
  /** Steps between two waits. */
  readonly steps: number;
  readonly images: number;
  /** Milliseconds of a step. */
  readonly wall: number;
  /** The same, had all processors been free; on software adapters. */
  readonly free?: number;
  /** Of all convolutions of a step: as is customary, and without what meets only padding. */
  readonly gigaflop: number;
  readonly usefulGigaflop: number;
  /** Milliseconds to draw views, upload, record and submit. */
  readonly host: number;
  /**
   * Share of a step's wall time that no kernel ran, from steps run with timestamps: an upper bound, as each launch then
   * is a pass of its own and the times are read back. Absent without timestamps.
   */
  readonly outsideKernels?: number;
  /**
   * The same of steps run as in training: 1 − kernels' time by timestamps / wall time of the steps just before without them.
   * Below 0 where the machine was busier with the former.
   */
  readonly outsideKernelsInTraining?: number;
  readonly setUp: number;
  readonly firstStep: number;
  /** Milliseconds from the start of a process to the end of its first step, the driver's cache empty; where asked for. */
  readonly coldStart?: number;
  readonly launches: number;
  /** Bytes. */
  readonly memory: {
    readonly workspace: number;
    readonly lowerBound: number;
    readonly parameters: number;
    readonly inputs: number;
    /** The most that the process held: on a software adapter the device's memory is among it. */
    readonly process: number;
  };
  /** The longest first; empty without timestamps. */
  readonly ops: readonly OpShare[];
}

/** Shaders that do one op for tiles of several shapes, or with a bias, are one op. */
export function opOf(kernel: string): string {
  return kernel.replace(/(_bias)?(_narrow|_blocked)?$/, "");
}

/** Steps between two waits: a read-back costs some 10 ms, which training pays only now and then, too. */
function stepsOfRound(firstStep: number): number {
  return firstStep > 4000 ? 1 : Math.max(4, Math.min(32, Math.round(1000 / firstStep)));
}

/** Measures a step: wall time and timestamps by turns, so that what else the machine does meets both alike. */
export async function measureStep(
  device: Device,
  choice: StepChoice,
  rounds: number,
): Promise<StepFigures> {
  const { program, setUp, bytes, images, fill, wait, free } = capture(device, choice);
  try {
    let number = 0;
    const step = () => {
      fill(number++);
      program.run();
    };
    const once = async () => {
      const start = performance.now();
      step();
      await wait();
      return performance.now() - start;
    };
    const firstStep = await once();
    const steps = stepsOfRound(firstStep > 4000 ? firstStep : await once());
    const walls: number[] = [], hosts: number[] = [], busy: number[] = [];
    const outside: number[] = [], outsideInTraining: number[] = [];
    const profiles: number[][] = [];
    for (let round = 0; round < rounds; round++) {
      const start = performance.now(), cpu = process.cpuUsage();
      for (let i = 0; i < steps; i++) {
        step();
        // Later steps wait for the device as they submit.
        if (i === 0) hosts.push(performance.now() - start);
      }
      const loss = await wait();
      if (!Number.isFinite(loss)) throw new Error(`Cannot measure a training step: its loss is ${loss}`);
      walls.push((performance.now() - start) / steps);
      const { user, system } = process.cpuUsage(cpu);
      busy.push((user + system) / 1e3 / navigator.hardwareConcurrency / steps);
      if (!hasTimestamps(device)) continue;
      const stamped = performance.now();
      fill(number++);
      const times = await program.profile();
      const all = performance.now() - stamped;
      profiles.push(times);
      const inKernels = times.reduce((sum, time) => sum + time, 0);
      outside.push(1 - inKernels / all);
      outsideInTraining.push(1 - inKernels / walls.at(-1)!);
    }
    const { dispatches, workspaceBytes: workspace, plan: { lowerBound } } = program;
    const gigaflop = (of: (launch: typeof dispatches[number]) => number) =>
      dispatches.reduce((sum, launch) => sum + of(launch), 0) / 1e9;
    const ops = [...Map.groupBy(dispatches.keys(), (i) => opOf(dispatches[i]!.kernel.name))].map(
      ([op, launches]): OpShare => ({
        op,
        launches: launches.length,
        milliseconds: median(profiles.map((times) => launches.reduce((sum, i) => sum + times[i]!, 0))),
        gigaflop: launches.reduce((sum, i) => sum + dispatches[i]!.flops, 0) / 1e9,
      }),
    );
    return {
      step: choice,
      rounds,
      steps,
      images,
      wall: median(walls),
      ...(device.facts.isSoftware && { free: Math.min(...busy) }),
      gigaflop: gigaflop(({ flops }) => flops),
      usefulGigaflop: gigaflop((launch) => launch.flops * usefulShare(launch)),
      host: median(hosts),
      ...(outside.length > 0 && {
        outsideKernels: median(outside),
        outsideKernelsInTraining: median(outsideInTraining),
      }),
      setUp,
      firstStep,
      launches: dispatches.length,
      memory: { workspace, lowerBound, ...bytes, process: process.resourceUsage().maxRSS * 1024 },
      ops: profiles.length > 0 ? ops.sort((a, b) => b.milliseconds - a.milliseconds) : [],
    };
  } finally {
    free();
  }
}

const mib = (bytes: number) => `${figure(bytes / 2 ** 20)} MiB`;

/** The tables of a step, in Markdown. */
export function stepTables(figures: StepFigures): string {
  const { wall, free, gigaflop, usefulGigaflop, memory, outsideKernels, coldStart } = figures;
  const rate = (milliseconds: number) =>
    `${figure(usefulGigaflop / milliseconds * 1e3)} GFLOP/s (${
      figure(gigaflop / milliseconds * 1e3)
    } with padding)`;
  const { workspace, lowerBound, parameters, inputs } = memory;
  const facts: (readonly [string, string | undefined])[] = [
    ["a step, median of wall time", `${figure(wall)} ms, ${rate(wall)}`],
    ["had all processors been free", free === undefined ? undefined : `${figure(free)} ms, ${rate(free)}`],
    ["images a second", figure(1e3 * figures.images / wall)],
    ["convolutions of a step", `${figure(usefulGigaflop)} GFLOP, ${figure(gigaflop)} with padding`],
    ["launches", String(figures.launches)],
    [
      "share outside kernels",
      outsideKernels === undefined
        ? "–"
        : `${figure(100 * figures.outsideKernelsInTraining!)} %; with timestamps ${
          figure(100 * outsideKernels)
        } %`,
    ],
    ["host: views drawn, uploads, recording, submission", `${figure(figures.host)} ms`],
    ["set-up: weights, capture, pipelines", `${figure(figures.setUp)} ms`],
    ["first step, with the driver's compilation", `${figure(figures.firstStep)} ms`],
    [
      "process start to the end of the first step, driver's cache empty",
      coldStart === undefined ? undefined : `${figure(coldStart / 1e3)} s`,
    ],
    [
      "workspace, against the least that lives at once",
      `${mib(workspace)}, ${(workspace / lowerBound).toFixed(3)}×`,
    ],
    ["parameters, gradients, momenta, statistics", mib(parameters)],
    ["images and tables", mib(inputs)],
    ["all of these: the peak on the device", mib(workspace + parameters + inputs)],
    ["most that the process held", mib(memory.process)],
  ];
  const parts = [
    `### ${describeStep(figures.step)}`,
    table(
      [`${figures.rounds} × ${figures.steps} steps`, "measured"],
      facts.flatMap(([name, value]) => value === undefined ? [] : [[name, value]]),
    ),
    figures.ops.length > 0
      ? opTable(figures.ops)
      : "This adapter has no timestamp queries: times by op are unknown.",
  ];
  return parts.join("\n\n");
}

function opTable(ops: readonly OpShare[]): string {
  const SHOWN = 16;
  const sum = (some: readonly OpShare[], of: (op: OpShare) => number) =>
    some.reduce((total, op) => total + of(op), 0);
  const total = sum(ops, ({ milliseconds }) => milliseconds);
  const row = (name: string, some: readonly OpShare[]) => {
    const milliseconds = sum(some, (op) => op.milliseconds), gigaflop = sum(some, (op) => op.gigaflop);
    return [
      name,
      String(sum(some, ({ launches }) => launches)),
      figure(milliseconds),
      `${(100 * milliseconds / total).toFixed(1)} %`,
      gigaflop ? figure(gigaflop / milliseconds * 1e3) : "–",
    ];
  };
  const rest = ops.slice(SHOWN);
  return table(["op", "launches", "ms", "share", "GFLOP/s"], [
    ...ops.slice(0, SHOWN).map((op) => row(op.op, [op])),
    ...(rest.length > 0 ? [row(`${rest.length} others`, rest)] : []),
  ]);
}
