import assert from "node:assert/strict";
import { opOf, type StepFigures, stepTables } from "./step_figures.ts";

Deno.test("shaders of one op are counted together", () => {
  const names = {
    convolution: ["convolution", "convolution_bias", "convolution_narrow", "convolution_bias_blocked"],
    convolution_weight_gradient: ["convolution_weight_gradient", "convolution_weight_gradient_blocked"],
    batch_norm_gradient: ["batch_norm_gradient"],
  };
  for (const [op, kernels] of Object.entries(names)) {
    assert.deepEqual(
      kernels.map(opOf),
      kernels.map(() => op),
    );
  }
});

const op = (op: string, milliseconds: number, gigaflop = 0) => ({ op, launches: 2, milliseconds, gigaflop });
const figures: StepFigures = {
  step: { backbone: "resnet50", crop: 129, batch: 2, views: "weak" },
  rounds: 3,
  steps: 4,
  images: 4,
  wall: 8000,
  gigaflop: 269,
  usefulGigaflop: 212,
  host: 20,
  outsideKernels: 0.05,
  outsideKernelsInTraining: 0.02,
  setUp: 500,
  firstStep: 9000,
  coldStart: 25_000,
  launches: 99,
  memory: { workspace: 3 << 20, lowerBound: 2 << 20, parameters: 4 << 20, inputs: 1 << 20, process: 9 << 20 },
  ops: [op("convolution", 600, 6), ...Array.from({ length: 20 }, (_, i) => op(`other ${i}`, 20))],
};

Deno.test("a step's tables: rates, plan against bound, peak, the wait for the first step, shares by op", () => {
  const text = stepTables(figures);
  const row = (name: string, value: string) =>
    assert.ok(
      text.split("\n").some((line) => line.startsWith(`| ${name} `) && line.includes(` ${value} `)),
      name,
    );
  assert.match(text, /^### CCVC, resnet50, crop 129, 2 \+ 2 images, weak views\n/);
  row("a step, median of wall time", "8000 ms, 26.5 GFLOP/s (33.6 with padding)");
  row("images a second", "0.500");
  row("share outside kernels", "2.00 %; with timestamps 5.00 %");
  row("process start to the end of the first step, driver's cache empty", "25.0 s");
  row("workspace, against the least that lives at once", "3.00 MiB, 1.500×");
  row("all of these: the peak on the device", "8.00 MiB");
  row("convolution", "60.0 %");
  row("5 others", "10.0 %");
});

Deno.test("what was not measured is left out", () => {
  const { coldStart: _, outsideKernels: __, outsideKernelsInTraining: ___, ...rest } = figures;
  const text = stepTables({ ...rest, step: "small", ops: [] });
  assert.match(text, /^### the small step/);
  assert.doesNotMatch(text, /driver's cache empty|NaN|undefined/);
  assert.match(text, /share outside kernels +\| – /);
  assert.match(text, /no timestamp queries: times by op are unknown/);
});
