/** How fast convolutions run, forward and backward. */
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import type { Device } from "../../../kernels/device.ts";
import type { Dispatch } from "../../../kernels/graph.ts";
import type { Sharing } from "../../../kernels/sharing.ts";
import { Builder } from "./builder.ts";
import type { Ceiling } from "./ceiling.ts";
import { type ConvolutionCase, describe } from "./convolution_shapes.ts";
import { figure, table, weightedMean } from "../report.ts";
import { timeProgram } from "./timing.ts";
import { usefulShare } from "./useful_flops.ts";

/** A convolution, measured. */
export interface ConvolutionFigures {
  readonly set: string;
  readonly shape: string;
  readonly count: number;
  /** Of its launches, as is customary: with what meets only padding. */
  readonly gigaflop: number;
  /** What is left without padding, over all. */
  readonly usefulShare: number;
  /** GFLOP/s by kernel; nothing without timestamps. */
  readonly forward?: number;
  readonly weightGradient?: number;
  /** Absent for the image's own convolution, too: training does not compute it. */
  readonly inputGradient?: number;
  /** GFLOP/s of all, with what they need besides: transposed weights, sums of parts. */
  readonly all: number;
  /** The same, had all processors been free; on software adapters. */
  readonly free?: number;
}

/** Measures one shape. */
export async function timeConvolution(
  device: Device,
  set: string,
  shape: ConvolutionCase,
  { rounds, sharing }: { readonly rounds: number; readonly sharing: Sharing },
): Promise<ConvolutionFigures> {
  const builder = new Builder(device, sharing);
  try {
    const { input, outputs, taps, count } = shape;
    const x = builder.input("x", input, { tracked: !shape.ofImage });
    const weight = builder.parameter("weight", [taps, taps, input[3]!, outputs], "kernel");
    builder.backward(convolution(builder.graph, x, weight, shape));
    const program = builder.compile(), { dispatches } = program;
    const timing = await timeProgram(device, program, rounds);
    const sum = (of: (launch: Dispatch) => number) =>
      dispatches.reduce((total, launch) => total + of(launch), 0);
    const flops = sum((launch) => launch.flops);
    const rate = (part: string) => {
      const at = dispatches.findIndex(({ kernel }) => kernel.name.replace(/_(narrow|blocked)$/, "") === part);
      return dispatches[at]!.flops / timing.launches![at]! / 1e6;
    };
    return {
      set,
      shape: describe(shape),
      count,
      gigaflop: flops / 1e9,
      usefulShare: sum((launch) => launch.flops * usefulShare(launch)) / flops,
      ...(timing.launches && {
        forward: rate("convolution"),
        weightGradient: rate("convolution_weight_gradient"),
        ...(!shape.ofImage && { inputGradient: rate("convolution_input_gradient") }),
      }),
      all: flops / timing.total / 1e6,
      ...(timing.processors !== undefined && { free: flops / timing.processors / 1e6 }),
    };
  } finally {
    builder.free();
  }
}

/** A set's table, with its mean rates and their share of what the adapter can do. */
export function convolutionTable(figures: readonly ConvolutionFigures[], ceiling: Ceiling): string {
  const rates = ["forward", "weightGradient", "inputGradient", "all", "free"] as const;
  const cell = (value: number | undefined) => value === undefined ? "–" : figure(value);
  const share = (rate: number | undefined) =>
    rate === undefined ? "–" : `${(100 * rate / ceiling.gigaflops).toFixed(0)} %`;
  const rows = figures.map((one) => [
    one.shape,
    String(one.count),
    cell(one.gigaflop),
    ...rates.map((key) => cell(one[key])),
    share(one.all),
    cell(one.all * one.usefulShare),
  ]);
  if (figures.length > 1) {
    const mean = (of: (one: ConvolutionFigures) => number | undefined) => {
      const having = figures.flatMap((one) => {
        const rate = of(one);
        return rate === undefined ? [] : [{ rate, weight: one.gigaflop }];
      });
      return having.length === 0 ? undefined : weightedMean(having);
    };
    rows.push([
      "geometric mean, weighted by GFLOP",
      "",
      cell(figures.reduce((sum, one) => sum + one.gigaflop, 0)),
      ...rates.map((key) => cell(mean((one) => one[key]))),
      share(mean((one) => one.all)),
      cell(mean((one) => one.all * one.usefulShare)),
    ]);
  }
  const header = [
    "convolution",
    "uses",
    "GFLOP",
    "forward",
    "d weight",
    "d input",
    "all",
    "all, free",
    "of ceiling",
    "all, no padding",
  ];
  return table(header, rows);
}
