/**
 * A CCVC training step: its time, which kernels it is spent in, what is spent outside of them, and its memory.
 *
 *     deno task bench step [--backbone NAME] [--crop N] [--batch N] [--views weak|strong] [--rounds N] [--json]
 */
import process from "node:process";
import { allocate, type Device, readBack, upload } from "../../kernels/device.ts";
import { Graph } from "../../kernels/graph.ts";
import { compile, type Program } from "../../kernels/program.ts";
import type { Tensor } from "../../kernels/tensor.ts";
import { initialize } from "../../models/initialization.ts";
import { allocateParameters } from "../../models/parameters.ts";
import { type BackboneName, BACKBONES } from "../../models/resnet.ts";
import { pascalClasses } from "../../stages/datasets/classes.ts";
import { ccvcOptions } from "../../stages/methods/ccvc.ts";
import { bindMethod } from "../../stages/methods/mod.ts";
import { buildBranches } from "../../stages/network.ts";
import { makeFeed } from "../../stages/training/feed.ts";
import { captureStep, RATE_INDEX } from "../../stages/training/step_program.ts";
import { readOptions } from "./options.ts";
import { figure, heading, median, openBench, table } from "./report.ts";
import { hasTimestamps } from "./timing.ts";
import { trainingViews } from "./training_views.ts";

interface StepOptions {
  readonly backbone: BackboneName;
  readonly crop: number;
  /** Labeled images of a step, and as many unlabeled ones. */
  readonly batch: number;
  readonly views: "weak" | "strong";
}

interface CapturedStep {
  readonly program: Program;
  /** Milliseconds to initialize, capture and compile. */
  readonly setUp: number;
  readonly bytes: { readonly parameters: number; readonly inputs: number };
  /** Draws the views of a step and uploads; `program` runs it: as a training session does. */
  fill(number: number): void;
  /** Waits as a training session does: by reading a loss. */
  wait(): Promise<number>;
  free(): void;
}

/** The step of a training session, with its program in reach. */
function captureTraining(device: Device, { backbone, crop, batch, views: kind }: StepOptions): CapturedStep {
  const start = performance.now();
  const views = trainingViews(crop, batch);
  const scenes = performance.now();
  const method = bindMethod(ccvcOptions.parse({ name: "ccvc", augmentation: kind }));
  const branches = buildBranches({
    backbone,
    outputStride: 16,
    mappings: [method.mappings[0] ?? null, method.mappings[1] ?? null],
    classes: pascalClasses,
  });
  const parameters = allocateParameters(device, branches.registry, { training: true });
  parameters.load(initialize(branches.registry, 1));
  const feed = makeFeed(device, views, { batch, seed: 1, strong: method.strongViews });
  const map = (label: string, dtype: "f32" | "u32" = "f32") =>
    ({ label, shape: [1, 1, 4], dtype, layout: "map" }) as const;
  const control = allocate(device, "control", [
    map("counters", "u32"),
    map("rates"),
    ...Array.from({ length: 32 }, (_, i) => map(`meter ${i}`)),
  ]);
  const [counters, rates, ...meters] = control.tensors as [Tensor, Tensor, ...Tensor[]];
  const graph = new Graph(device.facts.sharing);
  const rate = new Float32Array(4);
  rate[RATE_INDEX.backbone] = rate[RATE_INDEX.head] = 1e-3;
  upload(device, rates, rate);
  captureStep(graph, {
    branches,
    parameters,
    method,
    views: feed.capture(graph),
    counters,
    rates,
    momentum: 0.9,
    weightDecay: 1e-4,
    meter: (index) => meters[index]!,
  });
  const program = compile(device, graph);
  const all = Array.from({ length: batch }, (_, i) => i);
  return {
    program,
    setUp: performance.now() - start - (scenes - start),
    bytes: { parameters: parameters.bytes, inputs: feed.bytes + control.bytes },
    fill(number) {
      feed.fill({ labeled: all, unlabeled: all }, { epoch: 0, step: number });
      upload(device, counters, Uint32Array.of(1, 0, number, 0));
    },
    wait: async () => (await readBack(device, [meters[0]!]))[0]![2]!,
    free() {
      for (const held of [program, control, feed, parameters]) held.free();
    },
  };
}

/** Steps between two waits: a read-back costs some 10 ms, which training pays only now and then, too. */
function stepsOfRound(firstStep: number): number {
  return firstStep > 4000 ? 1 : 4;
}

async function measure(device: Device, options: StepOptions, rounds: number) {
  const { program, setUp, bytes, fill, wait, free } = captureTraining(device, options);
  try {
    let number = 0;
    const step = () => {
      fill(number++);
      program.run();
    };
    const warm = performance.now();
    step();
    await wait();
    const firstStep = performance.now() - warm;
    const steps = stepsOfRound(firstStep);
    const walls: number[] = [], hosts: number[] = [], busy: number[] = [], outside: number[] = [];
    const kernels = new Map<string, number[]>();
    for (let round = 0; round < rounds; round++) {
      // Wall time and timestamps by turns, so that what else the machine does meets both alike.
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
      outside.push(1 - times.reduce((sum, time) => sum + time, 0) / all);
      const byKernel = new Map<string, number>();
      program.dispatches.forEach(({ kernel: { name } }, i) =>
        byKernel.set(name, (byKernel.get(name) ?? 0) + times[i]!)
      );
      for (const [name, time] of byKernel) kernels.set(name, [...kernels.get(name) ?? [], time]);
    }
    const flopsOf = new Map<string, number>();
    for (const { kernel: { name }, flops } of program.dispatches) {
      flopsOf.set(name, (flopsOf.get(name) ?? 0) + flops);
    }
    const spent = [...kernels].map(([kernel, times]) => ({
      kernel,
      launches: program.dispatches.filter((launch) => launch.kernel.name === kernel).length,
      milliseconds: median(times),
      gigaflop: flopsOf.get(kernel)! / 1e9,
    })).sort((a, b) => b.milliseconds - a.milliseconds);
    const wall = median(walls);
    const gigaflop = [...flopsOf.values()].reduce((sum, flops) => sum + flops, 0) / 1e9;
    return {
      ...options,
      steps,
      wall,
      /** Milliseconds of a step, had all processors been free; on software adapters. */
      free: device.facts.isSoftware ? Math.min(...busy) : undefined,
      gigaflop,
      host: median(hosts),
      /**
       * Share of a step's wall time that no kernel ran, from steps run with timestamps: an upper bound, as each launch then
       * is a pass of its own and the times are read back. Absent without timestamps.
       */
      outsideKernels: outside.length ? median(outside) : undefined,
      setUp,
      firstStep,
      launches: program.dispatches.length,
      memory: {
        workspace: program.workspaceBytes,
        lowerBound: program.plan.lowerBound,
        ...bytes,
      },
      kernels: spent,
    };
  } finally {
    free();
  }
}

function print(result: Awaited<ReturnType<typeof measure>>, rounds: number): void {
  const { backbone, crop, batch, views, wall, free, gigaflop, memory, kernels, outsideKernels } = result;
  const mib = (bytes: number) => figure(bytes / 2 ** 20);
  const rate = (milliseconds: number) => `${figure(gigaflop / milliseconds * 1e3)} GFLOP/s`;
  const facts: (readonly [string, string])[] = [
    ["a step, median of wall time", `${figure(wall)} ms, ${rate(wall)}`],
    ...(free === undefined
      ? []
      : [["had all processors been free", `${figure(free)} ms, ${rate(free)}`] as const]),
    ["images a second", figure(2e3 * batch / wall)],
    ["convolutions of a step", `${figure(gigaflop)} GFLOP`],
    ["launches", String(result.launches)],
    [
      "share outside kernels, at most",
      outsideKernels === undefined ? "–" : `${figure(100 * outsideKernels)} %`,
    ],
    ["host: views drawn, uploads, recording, submission", `${figure(result.host)} ms`],
    ["set-up: weights, capture, pipelines", `${figure(result.setUp)} ms`],
    ["first step, with the driver's compilation", `${figure(result.firstStep)} ms`],
    [
      "workspace, against the least that lives at once",
      `${mib(memory.workspace)} MiB, ${(memory.workspace / memory.lowerBound).toFixed(3)}×`,
    ],
    ["parameters, gradients, momenta, statistics", `${mib(memory.parameters)} MiB`],
    ["images and tables", `${mib(memory.inputs)} MiB`],
  ];
  console.log(`\n### ${backbone}, crop ${crop}, ${batch} + ${batch} images, ${views} views\n`);
  console.log(table([`CCVC step, ${rounds} × ${result.steps} steps`, "measured"], facts));
  if (kernels.length === 0) {
    return console.log("\nThis adapter has no timestamp queries: times by kernel are unknown.");
  }
  const total = kernels.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const rows = kernels.slice(0, 16).map(({ kernel, launches, milliseconds, gigaflop }) => [
    kernel,
    String(launches),
    figure(milliseconds),
    `${(100 * milliseconds / total).toFixed(1)} %`,
    gigaflop ? figure(gigaflop / milliseconds * 1e3) : "–",
  ]);
  const rest = kernels.slice(16);
  if (rest.length) {
    const milliseconds = rest.reduce((sum, kernel) => sum + kernel.milliseconds, 0);
    const launches = rest.reduce((sum, kernel) => sum + kernel.launches, 0);
    const share = `${(100 * milliseconds / total).toFixed(1)} %`;
    rows.push([`${rest.length} others`, String(launches), figure(milliseconds), share, "–"]);
  }
  console.log(`\n${table(["kernel", "launches", "ms", "share", "GFLOP/s"], rows)}`);
}

const { rounds, json, ...options } = readOptions({
  backbone: { type: "string", default: "resnet14" },
  crop: { type: "string", default: "64" },
  batch: { type: "string", default: "8" },
  views: { type: "string", default: "strong" },
  rounds: { type: "string", default: "3" },
  json: { type: "boolean", default: false },
}, ({ backbone, views, json }, whole) => {
  if (!Object.hasOwn(BACKBONES, backbone)) {
    throw new RangeError(
      `Cannot measure backbone "${backbone}": it must be one of ${Object.keys(BACKBONES).join(", ")}`,
    );
  }
  if (views !== "weak" && views !== "strong") {
    throw new RangeError(`Cannot measure views "${views}": they are weak or strong`);
  }
  const numbers = { crop: whole("crop", 16), batch: whole("batch", 1), rounds: whole("rounds", 1) };
  return { backbone: backbone as BackboneName, views: views as StepOptions["views"], json, ...numbers };
});
const { device, surroundings } = await openBench();
if (!json) {
  console.log(`## A training step\n\n${heading(surroundings)}`);
  if (!hasTimestamps(device)) console.log("\nWithout timestamp queries.");
}
const result = await measure(device, options, rounds);
if (json) console.log(JSON.stringify({ surroundings, rounds, step: result }));
else print(result, rounds);
device.close();
