import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { arenaRange, splitRange } from "../../../../kernels/ops/update/arena_ranges.ts";
import { sgd } from "../../../../kernels/ops/update/sgd.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { sgd as reference } from "../../../../kernels/reference/update/sgd.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, uniform } from "../../../support/gpu.ts";

const MOMENTUM = 0.9, WEIGHT_DECAY = 1e-2;

/** What steps leave of parameters and momenta. */
async function descend(
  device: Device,
  start: ArrayLike<number>,
  steps: readonly { rate: number; gradient: ArrayLike<number> }[],
  nesterov: boolean,
) {
  const map = { shape: [start.length], layout: "map" as const };
  const memory = allocate(device, "test", [
    { ...map, label: "parameters" },
    { ...map, label: "gradients" },
    { ...map, label: "momenta" },
    { label: "rates", shape: [1, 1, 4], layout: "map" },
  ]);
  const [parameters, gradients, momenta, rates] = memory.tensors as [Tensor, Tensor, Tensor, Tensor];
  upload(device, parameters, Float32Array.from(start));
  const graph = new Graph(0);
  sgd(graph, { parameters, gradients, momenta }, {
    rates,
    rateIndex: 1,
    momentum: MOMENTUM,
    nesterov,
    weightDecay: WEIGHT_DECAY,
  });
  const program = compile(device, graph);
  for (const { rate, gradient } of steps) {
    upload(device, gradients, Float32Array.from(gradient));
    upload(device, rates, Float32Array.of(99, rate, 99, 99));
    program.run();
  }
  const [p, m] = await readBack(device, [parameters, momenta]);
  for (const held of [program, memory]) held.free();
  return { parameters: p!.slice(0, start.length), momenta: m!.slice(0, start.length) };
}

for (const nesterov of [false, true]) {
  gpuTest(`sgd() follows its twin for steps of changing rates, nesterov: ${nesterov}`, async (device, t) => {
    for (const length of [1, 7, 4099]) {
      await t.step(`${length} parameters`, async () => {
        const expected = uniform(1, length), buffer = new Float64Array(length);
        const steps = [0.5, 0.25, 0.125].map((rate, i) => ({ rate, gradient: uniform(2 + i, length) }));
        const { parameters, momenta } = await descend(device, expected, steps, nesterov);
        for (const { rate, gradient } of steps) {
          reference(expected, gradient, buffer, {
            rate,
            momentum: MOMENTUM,
            weightDecay: WEIGHT_DECAY,
            nesterov,
          });
        }
        assertClose(parameters, expected, { what: "parameters" });
        assertClose(momenta, buffer, { what: "momenta" });
      });
    }
  });
}

// torch.optim.SGD(momentum=0.9, weight_decay=0.01) of PyTorch 1.13 in float64: the parameters after the third step.
for (
  const [nesterov, expected] of [
    [false, [0.895424956, -0.547883094, 0.249058312, 1.94725992, -3.35864741]],
    [true, [0.829241892, -0.589224994, 0.24854094, 1.9240731, -3.54206264]],
  ] as const
) {
  gpuTest(`sgd() gives PyTorch's numbers, nesterov: ${nesterov}`, async (device) => {
    const steps = [
      { rate: 0.1, gradient: [0.5, -1, 0.001, 0, 2] },
      { rate: 0.05, gradient: [-0.25, 3, 0.002, 1, 0.5] },
      { rate: 0.025, gradient: [1.5, -0.125, -0.001, -1, 0] },
    ];
    const { parameters } = await descend(device, [1, -0.5, 0.25, 2, -3], steps, nesterov);
    assertClose(parameters, expected, { rtol: 1e-6, atol: 1e-7 });
  });
}

gpuTest(
  "sgd() updates the ranges of an arena it is given, each at its own rate, and no others",
  async (device) => {
    const words = 64 * 7; // seven times ALIGNMENT
    const make = (label: string, values?: Float64Array) => {
      const memory = allocate(device, label, [{ label, shape: [words], layout: "map" }]);
      if (values) upload(device, memory.tensors[0]!, Float32Array.from(values));
      return memory;
    };
    const start = uniform(1, words), gradient = uniform(2, words);
    const arenas = { parameters: make("p", start), gradients: make("g", gradient), momenta: make("m") };
    const rates = make("rates", Float64Array.of(0.5, 0.25, 0, 0));
    const graph = new Graph(0);
    const ends: [number, number][] = [[256, 1024 + 128], [1280, 1536]];
    ends.forEach(([from, to], rateIndex) => {
      for (const range of splitRange(from, to, 512)) {
        const of = (name: keyof typeof arenas) => arenaRange(name, arenas[name].buffers[0]!.buffer, range);
        sgd(graph, { parameters: of("parameters"), gradients: of("gradients"), momenta: of("momenta") }, {
          rates: rates.tensors[0]!,
          rateIndex,
          momentum: 0,
          weightDecay: 0,
        });
      }
    });
    assert.equal(graph.dispatches.length, 3);
    const program = compile(device, graph);
    program.run();
    const [after] = await readBack(device, arenas.parameters.tensors);
    const rateAt = (byte: number) =>
      [0.5, 0.25].find((_, i) => byte >= ends[i]![0] && byte < ends[i]![1]) ?? 0;
    assertClose(after!, start.map((x, i) => x - rateAt(4 * i) * gradient[i]!), { atol: 1e-7, rtol: 1e-6 });
    program.free();
    for (const memory of [...Object.values(arenas), rates]) memory.free();
  },
);

gpuTest("sgd() refuses tensors of different sizes, without homes, and rates that are not there", (device) => {
  const memory = allocate(device, "test", [{ label: "arena", shape: [64] }, { label: "short", shape: [32] }]);
  const [arena, short] = memory.tensors as [Tensor, Tensor];
  const rates = makeTensor({ label: "rates", shape: [1, 1, 4], layout: "map" });
  const options = { rates, rateIndex: 0, momentum: 0.9, weightDecay: 0 };
  const all = { parameters: arena, gradients: arena, momenta: arena };
  assert.throws(
    () => sgd(new Graph(0), { ...all, momenta: short }, options),
    /Cannot update arena \(256 bytes\) with short \(128 bytes of f32, with a home\): equal sizes/,
  );
  const homeless = makeTensor({ label: "homeless", shape: [64] });
  assert.throws(() => sgd(new Graph(0), { ...all, gradients: homeless }, options), /without a home/);
  assert.throws(
    () => sgd(new Graph(0), all, { ...options, rateIndex: 4 }),
    /by number 4 of rates \[1,1,4\]: it holds 4, from 0/,
  );
  memory.free();
});
