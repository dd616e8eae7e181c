/**
 * How fast single ops run: convolutions in GFLOP/s, all else in GB/s of bytes that must move, both as a share of what the
 * adapter was measured to do at the most.
 *
 * Operations are counted as is customary, those with padding too; wide dilations on small maps skip most of these, and go
 * past what the device can do. The last column leaves them out.
 *
 *     deno task bench kernels [--filter TEXT] [--rounds N] [--sharing workgroup|0] [--json]
 */
import { measureCeiling } from "./kernels/ceiling.ts";
import { type ConvolutionFigures, convolutionTable, timeConvolution } from "./kernels/convolution_figures.ts";
import { type ConvolutionCase, describe, networkConvolutions } from "./kernels/convolution_shapes.ts";
import { readKernelsOptions } from "./kernels_options.ts";
import { opCases } from "./kernels/op_cases.ts";
import { type OpFigures, opTable, timeOp } from "./kernels/op_figures.ts";
import { orExit } from "./options.ts";
import { figure, heading, openBench } from "./report.ts";
import { hasTimestamps } from "./kernels/timing.ts";

const reference = { taps: 3, stride: 1, dilation: 1, padding: 1, count: 1, ofImage: false };
const convolutionSets: readonly (readonly [name: string, cases: () => ConvolutionCase[]])[] = [
  ["reference", () => [{ ...reference, input: [1, 64, 64, 64], outputs: 64 }]],
  ["resnet14, crop 64, batch 8", () => networkConvolutions("resnet14", { crop: 64, batch: 8 })],
  ["resnet50, crop 129, batch 2", () => networkConvolutions("resnet50", { crop: 129, batch: 2 })],
];

const { filter, rounds, sharing, json } = orExit(() => readKernelsOptions(Deno.args));
const { device, surroundings } = await openBench();
const options = { rounds, sharing: sharing ?? device.facts.sharing };
const wanted = (text: string) => text.toLowerCase().includes(filter);
const say = (line: string) => json || console.log(line);
say(`## Kernels\n\n${heading(surroundings)}\n`);
if (sharing !== undefined) say(`Kernels that share by ${sharing || "nothing"}.\n`);
say(
  hasTimestamps(device)
    ? `Timestamps around each launch, median of ${rounds}. GFLOP/s of all multiply-adds × 2, padding included.`
    : `This adapter has no timestamp queries: wall time of whole programs, median of ${rounds}. GFLOP/s.`,
);
if (device.facts.isSoftware) {
  say(`"free": had all ${surroundings.processors} processors been free, from the processor time used.`);
}
const ceiling = await measureCeiling(device, rounds);
say(
  `Ceiling, the best of ${rounds}: ${figure(ceiling.gigaflops)} GFLOP/s of multiply-adds in registers, ` +
    `${figure(ceiling.gigabytes)} GB/s of a copy.`,
);
const convolutions: ConvolutionFigures[] = [], ops: OpFigures[] = [];
for (const [set, cases] of convolutionSets) {
  const figures: ConvolutionFigures[] = [];
  for (const shape of cases()) {
    if (wanted(`convolution ${set} ${describe(shape)}`)) {
      figures.push(await timeConvolution(device, set, shape, options));
    }
  }
  convolutions.push(...figures);
  if (figures.length > 0) say(`\n### Convolutions: ${set}\n\n${convolutionTable(figures, ceiling)}`);
}
for (const one of opCases) {
  if (wanted(`${one.name} ${one.size}`)) ops.push(await timeOp(device, one, options));
}
if (ops.length > 0) {
  say(`\n### Other ops: bytes that each launch must move, over its time\n\n${opTable(ops, ceiling)}`);
}
if (json) {
  console.log(JSON.stringify({ surroundings, rounds, sharing: options.sharing, ceiling, convolutions, ops }));
}
device.close();
