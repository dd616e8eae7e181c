import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../kernels/device.ts";
import { Graph } from "../../kernels/graph.ts";
import { arenaRange, sgd, sgdRanges } from "../../kernels/ops/sgd.ts";
import { compile } from "../../kernels/program.ts";
import { sgd as reference } from "../../kernels/reference/sgd.ts";
import { makeTensor, type Tensor } from "../../kernels/tensor.ts";
import { assertClose, gpuTest, uniform } from "../support/gpu.ts";

const MOMENTUM = 0.9, WEIGHT_DECAY = 1e-2;

gpuTest("sgd() follows PyTorch's rule for steps of changing rates", async (device, t) => {
  for (const length of [1, 7, 4099]) {
    await t.step(`${length} parameters`, async () => {
      const map = { shape: [length], layout: "map" as const };
      const memory = allocate(device, "test", [
        { ...map, label: "parameters" },
        { ...map, label: "gradients" },
        { ...map, label: "momenta" },
        { label: "rates", shape: [1, 1, 4], layout: "map" },
      ]);
      const [parameters, gradients, momenta, rates] = memory.tensors as [Tensor, Tensor, Tensor, Tensor];
      const expected = uniform(1, length), buffer = new Float64Array(length);
      upload(device, parameters, Float32Array.from(expected));
      const graph = new Graph(0);
      sgd(graph, { parameters, gradients, momenta }, {
        rates,
        rateIndex: 1,
        momentum: MOMENTUM,
        weightDecay: WEIGHT_DECAY,
      });
      const program = compile(device, graph);
      for (const [step, rate] of [0.5, 0.25, 0.125].entries()) {
        const gradient = uniform(2 + step, length);
        upload(device, gradients, Float32Array.from(gradient));
        upload(device, rates, Float32Array.of(99, rate, 99, 99));
        program.run();
        reference(expected, gradient, buffer, { rate, momentum: MOMENTUM, weightDecay: WEIGHT_DECAY });
      }
      const [p, m] = await readBack(device, [parameters, momenta]);
      assertClose(p!.slice(0, length), expected, { what: "parameters" });
      assertClose(m!.slice(0, length), buffer, { what: "momenta" });
      program.free();
      memory.free();
    });
  }
});

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
      for (const range of sgdRanges(from, to, 512)) {
        const of = (name: keyof typeof arenas) => arenaRange(name, arenas[name].buffer, range);
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

Deno.test("sgdRanges() covers a range with aligned pieces", () => {
  const MiB = 2 ** 20;
  assert.deepEqual(sgdRanges(256, 256), []);
  assert.deepEqual(sgdRanges(256, 272), [{ offset: 256, bytes: 16 }]);
  assert.deepEqual(sgdRanges(0, 64 * MiB), [{ offset: 0, bytes: 64 * MiB }]);
  assert.deepEqual(sgdRanges(512, 130 * MiB), [
    { offset: 512, bytes: 64 * MiB },
    { offset: 512 + 64 * MiB, bytes: 64 * MiB },
    { offset: 512 + 128 * MiB, bytes: 2 * MiB - 512 },
  ]);
  assert.throws(() => sgdRanges(16, 512), /Cannot split bytes 16 to 512 .* multiples of 256/);
  assert.throws(() => sgdRanges(512, 256), /not before the start/);
});

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
    /at rate 4 of rates \[1,1,4\]: it holds 4, from 0/,
  );
  memory.free();
});
