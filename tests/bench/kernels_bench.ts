/**
 * How fast single ops run: convolutions in GFLOP/s, all else in GB/s of bytes that must move.
 *
 * Operations are counted as is customary, those with padding too; wide dilations on small maps skip most of these, and go
 * past what the device can do.
 *
 *     deno task bench kernels [--filter TEXT] [--rounds N] [--sharing workgroup|0] [--json]
 */
import { convolution } from "../../kernels/ops/convolution.ts";
import type { Device } from "../../kernels/device.ts";
import type { Sharing } from "../../kernels/sharing.ts";
import { Builder } from "./builder.ts";
import { type ConvolutionCase, describe, networkConvolutions } from "./convolution_shapes.ts";
import { opCases } from "./op_cases.ts";
import { readOptions } from "./options.ts";
import { figure, heading, openBench, table } from "./report.ts";
import { bytesOf, hasTimestamps, timeProgram } from "./timing.ts";

interface ConvolutionFigures {
  readonly set: string;
  readonly shape: string;
  readonly count: number;
  readonly gigaflop: number;
  /** GFLOP/s by kernel; nothing without timestamps. */
  readonly forward?: number;
  readonly weightGradient?: number;
  readonly inputGradient?: number;
  /** GFLOP/s of all three, with what they need besides: transposed weights, sums of parts. */
  readonly all: number;
  /** The same, had all processors been free; on software adapters. */
  readonly free?: number;
}

interface OpFigures {
  readonly name: string;
  readonly size: string;
  readonly launches: number;
  readonly milliseconds: number;
  readonly gigabytes: number;
  readonly free?: number;
  readonly kernels: readonly {
    readonly kernel: string;
    readonly milliseconds: number;
    readonly gigabytes: number;
  }[];
}

const plain = { taps: 3, stride: 1, dilation: 1, padding: 1, count: 1 };
const convolutionSets: readonly (readonly [name: string, cases: () => ConvolutionCase[]])[] = [
  ["reference", () => [{ ...plain, input: [1, 64, 64, 64], outputs: 64 }]],
  ["resnet14, crop 64, batch 8", () => networkConvolutions("resnet14", { crop: 64, batch: 8 })],
  ["resnet50, crop 129, batch 2", () => networkConvolutions("resnet50", { crop: 129, batch: 2 })],
];

async function timeConvolution(
  device: Device,
  set: string,
  shape: ConvolutionCase,
  { rounds, sharing }: { rounds: number; sharing: Sharing },
): Promise<ConvolutionFigures> {
  const builder = new Builder(device, sharing);
  try {
    const { input, outputs, taps, count } = shape;
    const x = builder.input("x", input);
    const weight = builder.parameter("weight", [taps, taps, input[3]!, outputs], "kernel");
    builder.backward(convolution(builder.graph, x, weight, shape));
    const { dispatches } = builder.graph;
    const timing = await timeProgram(device, builder.compile(), rounds);
    const flops = dispatches.reduce((sum, launch) => sum + launch.flops, 0);
    const rate = (part: string) => {
      const at = dispatches.findIndex(({ kernel }) => kernel.name.replace(/_narrow$/, "") === part);
      return dispatches[at]!.flops / timing.launches![at]! / 1e6;
    };
    return {
      set,
      shape: describe(shape),
      count,
      gigaflop: flops / 1e9,
      ...(timing.launches && {
        forward: rate("convolution"),
        weightGradient: rate("convolution_weight_gradient"),
        inputGradient: rate("convolution_input_gradient"),
      }),
      all: flops / timing.total / 1e6,
      ...(timing.processors !== undefined && { free: flops / timing.processors / 1e6 }),
    };
  } finally {
    builder.free();
  }
}

async function timeOp(
  device: Device,
  { name, size, build }: (typeof opCases)[number],
  { rounds, sharing }: { rounds: number; sharing: Sharing },
): Promise<OpFigures> {
  const builder = new Builder(device, sharing);
  try {
    build(builder);
    const { dispatches } = builder.graph;
    const { launches, total, processors } = await timeProgram(device, builder.compile(), rounds);
    const bytes = dispatches.reduce((sum, launch) => sum + bytesOf(launch), 0);
    return {
      name,
      size,
      launches: dispatches.length,
      milliseconds: total,
      gigabytes: bytes / total / 1e6,
      ...(processors !== undefined && { free: bytes / processors / 1e6 }),
      kernels: launches
        ? dispatches.map((launch, i) => ({
          kernel: launch.kernel.name,
          milliseconds: launches[i]!,
          gigabytes: bytesOf(launch) / launches[i]! / 1e6,
        }))
        : [],
    };
  } finally {
    builder.free();
  }
}

/** exp of the mean logarithm, weighted by work. */
function meanRate(figures: readonly ConvolutionFigures[], of: (one: ConvolutionFigures) => number): number {
  const work = figures.reduce((sum, { gigaflop }) => sum + gigaflop, 0);
  return Math.exp(figures.reduce((sum, one) => sum + one.gigaflop * Math.log(of(one)), 0) / work);
}

function convolutionTable(figures: readonly ConvolutionFigures[]): string {
  const cell = (value: number | undefined) => value === undefined ? "–" : figure(value);
  const row = (name: string, one: Omit<ConvolutionFigures, "set" | "shape" | "count">, count: string) => [
    name,
    count,
    ...[one.gigaflop, one.forward, one.weightGradient, one.inputGradient, one.all, one.free].map(cell),
  ];
  const rows = figures.map((one) => row(one.shape, one, String(one.count)));
  if (figures.length > 1) {
    const mean = (key: "forward" | "weightGradient" | "inputGradient" | "all" | "free") =>
      figures[0]![key] === undefined ? {} : { [key]: meanRate(figures, (one) => one[key]!) };
    const parts = (["forward", "weightGradient", "inputGradient", "all", "free"] as const).map(mean);
    const gigaflop = figures.reduce((sum, one) => sum + one.gigaflop, 0);
    rows.push(row("geometric mean, weighted by GFLOP", Object.assign({ gigaflop, all: 0 }, ...parts), ""));
  }
  const header = ["convolution", "uses", "GFLOP", "forward", "d weight", "d input", "all", "all, free"];
  return table(header, rows);
}

const { filter, rounds, sharing, json } = readOptions({
  filter: { type: "string", default: "" },
  rounds: { type: "string", default: "5" },
  sharing: { type: "string" },
  json: { type: "boolean", default: false },
}, ({ filter, sharing, json }, whole) => {
  if (sharing !== undefined && sharing !== "workgroup" && sharing !== "0") {
    throw new RangeError(
      `Cannot cut kernels for sharing "${sharing}": workgroup and 0 (nothing) run everywhere; others are the adapter's own`,
    );
  }
  const way: Sharing | undefined = sharing === "0" ? 0 : sharing;
  return { filter: filter.toLowerCase(), json, rounds: whole("rounds", 1), sharing: way };
});
const { device, surroundings } = await openBench();
const options = { rounds, sharing: sharing ?? device.facts.sharing };
const wanted = (text: string) => text.toLowerCase().includes(filter);
const say = (line: string) => json || console.log(line);
say(`## Kernels\n\n${heading(surroundings)}\n`);
if (sharing !== undefined) say(`Kernels that share by ${sharing || "nothing"}.\n`);
say(
  hasTimestamps(device)
    ? `Timestamps around each launch, median of ${options.rounds}. GFLOP/s of all multiply-adds × 2, padding included.`
    : `This adapter has no timestamp queries: wall time of whole programs, median of ${options.rounds}. GFLOP/s.`,
);
if (device.facts.isSoftware) {
  say(`"free": had all ${surroundings.processors} processors been free, from the processor time used.`);
}
const convolutions: ConvolutionFigures[] = [], ops: OpFigures[] = [];
for (const [set, cases] of convolutionSets) {
  const figures: ConvolutionFigures[] = [];
  for (const shape of cases()) {
    if (wanted(`convolution ${set} ${describe(shape)}`)) {
      figures.push(await timeConvolution(device, set, shape, options));
    }
  }
  convolutions.push(...figures);
  if (figures.length) say(`\n### Convolutions: ${set}\n\n${convolutionTable(figures)}`);
}
for (const one of opCases) {
  if (wanted(`${one.name} ${one.size}`)) ops.push(await timeOp(device, one, options));
}
if (ops.length) {
  const rows = ops.map(({ name, size, launches, milliseconds, gigabytes, free }) => [
    name,
    size,
    String(launches),
    figure(milliseconds),
    figure(gigabytes),
    free === undefined ? "–" : figure(free),
  ]);
  const header = ["op, forward and backward", "size", "launches", "ms", "GB/s", "GB/s, free"];
  say(`\n### Other ops: bytes that each launch must move, over its time\n\n${table(header, rows)}`);
}
if (json) {
  console.log(
    JSON.stringify({ surroundings, rounds: options.rounds, sharing: options.sharing, convolutions, ops }),
  );
}
device.close();
