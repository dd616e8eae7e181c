import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { adam, biasCorrections } from "../../../../kernels/ops/update/adam.ts";
import { arenaRange, splitRange } from "../../../../kernels/ops/update/arena_ranges.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { adam as reference } from "../../../../kernels/reference/update/adam.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, uniform } from "../../../support/gpu.ts";

/** As PyTorch's unless told. */
const SETTINGS = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 1e-2 };

interface Step {
  readonly rate: number;
  readonly gradient: ArrayLike<number>;
}

/** What steps leave of parameters and moments. */
async function descend(
  device: Device,
  start: ArrayLike<number>,
  steps: readonly Step[],
  settings: typeof SETTINGS & { decoupled: boolean },
) {
  const map = { shape: [start.length], layout: "map" as const };
  const memory = allocate(device, "test", [
    ...["parameters", "gradients", "first", "second"].map((label) => ({ ...map, label })),
    { label: "rates", shape: [1, 1, 4], layout: "map" },
  ]);
  const [parameters, gradients, first, second, rates] = memory.tensors as [
    Tensor,
    Tensor,
    Tensor,
    Tensor,
    Tensor,
  ];
  upload(device, parameters, Float32Array.from(start));
  const graph = new Graph(0);
  const indices = { rateIndex: 0, correctionIndex: 2 };
  adam(graph, { parameters, gradients, first, second }, { rates, ...indices, ...settings });
  const program = compile(device, graph);
  steps.forEach(({ rate, gradient }, i) => {
    upload(device, gradients, Float32Array.from(gradient));
    upload(device, rates, Float32Array.of(rate, 99, ...biasCorrections(settings, i + 1)));
    program.run();
  });
  const read = await readBack(device, [parameters, first, second]);
  for (const held of [program, memory]) held.free();
  return read.map((values) => values.slice(0, start.length)) as [Float32Array, Float32Array, Float32Array];
}

for (const decoupled of [false, true]) {
  gpuTest(
    `adam() follows its twin for steps of changing rates, decoupled: ${decoupled}`,
    async (device, t) => {
      for (const length of [1, 7, 4099]) {
        await t.step(`${length} parameters`, async () => {
          const expected = uniform(1, length);
          const moments = { first: new Float64Array(length), second: new Float64Array(length) };
          const steps = [0.5, 0.25, 0.125, 0.0625, 0.5].map((rate, i) => ({
            rate,
            gradient: uniform(2 + i, length),
          }));
          const settings = { ...SETTINGS, epsilon: 1e-3, decoupled };
          const [parameters, first, second] = await descend(device, expected, steps, settings);
          steps.forEach(({ rate, gradient }, i) =>
            reference(expected, gradient, moments, { ...settings, rate, t: i + 1 })
          );
          assertClose(parameters, expected, { what: "parameters" });
          assertClose(first, moments.first, { what: "first moments" });
          assertClose(second, moments.second, { what: "second moments" });
        });
      }
    },
  );
}

// PyTorch 1.13 in float64: the parameters after each of three steps.
const OF_PYTORCH = {
  "Adam(weight_decay=0.01)": {
    settings: { ...SETTINGS, decoupled: false },
    after: [
      [0.900000002, -0.400000001, 0.150000286, 1.90000005, -3.1],
      [0.885614675, -0.424626686, 0.100000428, 1.86214326, -3.14121226],
      [0.868708438, -0.433483979, 0.0806754085, 1.86268608, -3.15689101],
    ],
  },
  "AdamW(weight_decay=0.01)": {
    settings: { ...SETTINGS, decoupled: true },
    after: [
      [0.899000002, -0.399500001, 0.149751, 1.998, -3.097],
      [0.88523365, -0.424009743, 0.101417328, 1.95979416, -3.13698138],
      [0.868249828, -0.432815397, 0.0908898157, 1.96043377, -3.15224849],
    ],
  },
  "Adam(betas=(0.5, 0.75), eps=0.001)": {
    settings: { beta1: 0.5, beta2: 0.75, epsilon: 1e-3, weightDecay: 0, decoupled: false },
    after: [
      [0.900199601, -0.4000999, 0.2, 2, -3.09995002],
      [0.900199601, -0.435389889, 0.168523871, 1.9559624, -3.13661309],
      [0.879348021, -0.444412973, 0.167038638, 1.96416393, -3.14703888],
    ],
  },
};

for (const [name, { settings, after }] of Object.entries(OF_PYTORCH)) {
  gpuTest(`adam() gives the numbers of torch.optim.${name}`, async (device) => {
    const steps = [
      { rate: 0.1, gradient: [0.5, -1, 0.001, 0, 2] },
      { rate: 0.05, gradient: [-0.25, 3, 0.002, 1, 0.5] },
      { rate: 0.025, gradient: [1.5, -0.125, -0.001, -1, 0] },
    ];
    for (const [i, expected] of after.entries()) {
      const [parameters] = await descend(device, [1, -0.5, 0.25, 2, -3], steps.slice(0, i + 1), settings);
      assertClose(parameters, expected, { rtol: 1e-6, atol: 1e-7, what: `step ${i + 1}` });
    }
  });
}

Deno.test("biasCorrections() undo that moments start at zero, and end at 1", () => {
  const betas = { beta1: 0.9, beta2: 0.999 };
  assertClose(Float64Array.from(biasCorrections(betas, 1)), [10, 31.622776601683], { rtol: 1e-12 });
  assertClose(Float64Array.from(biasCorrections(betas, 1e6)), [1, 1], { rtol: 1e-12 });
  assert.deepEqual(biasCorrections({ beta1: 0, beta2: 0 }, 1), [1, 1]);
});

gpuTest("adam() updates the ranges of an arena it is given and no others", async (device) => {
  const words = 64 * 5; // five times ALIGNMENT
  const names = ["parameters", "gradients", "first", "second"] as const;
  const arenas = Object.fromEntries(names.map((name) => [
    name,
    allocate(device, name, [{ label: name, shape: [words], layout: "map" }]),
  ]));
  const rates = allocate(device, "rates", [{ label: "rates", shape: [4], layout: "map" }]);
  upload(device, arenas.gradients!.tensors[0]!, new Float32Array(words).fill(-3));
  upload(device, rates.tensors[0]!, Float32Array.of(0.5, 0.25, ...biasCorrections(SETTINGS, 1)));
  const graph = new Graph(0);
  const ends: [number, number][] = [[0, 768], [1024, 1024 + 128]];
  ends.forEach(([from, to], rateIndex) => {
    for (const range of splitRange(from, to, 512)) {
      const of = (name: typeof names[number]) => arenaRange(name, arenas[name]!.buffers[0]!.buffer, range);
      adam(graph, {
        parameters: of("parameters"),
        gradients: of("gradients"),
        first: of("first"),
        second: of("second"),
      }, { ...SETTINGS, rates: rates.tensors[0]!, rateIndex, correctionIndex: 2, decoupled: true });
    }
  });
  assert.equal(graph.dispatches.length, 3);
  const program = compile(device, graph);
  program.run();
  const [after] = await readBack(device, arenas.parameters!.tensors);
  // The first step of a gradient of any size is as long as the rate.
  const expected = after!.map((_, i) => i < 192 ? 0.5 : i >= 256 && i < 288 ? 0.25 : 0);
  assertClose(after!, expected, { rtol: 1e-6 });
  for (const held of [program, rates, ...Object.values(arenas)]) held.free();
});

gpuTest("adam() refuses tensors of different sizes, and numbers that are not there", (device) => {
  const memory = allocate(device, "test", [{ label: "arena", shape: [64] }, { label: "short", shape: [32] }]);
  const [arena, short] = memory.tensors as [Tensor, Tensor];
  const rates = makeTensor({ label: "rates", shape: [1, 1, 4], layout: "map" });
  const options = { ...SETTINGS, rates, rateIndex: 0, correctionIndex: 1, decoupled: false };
  const all = { parameters: arena, gradients: arena, first: arena, second: arena };
  assert.throws(
    () => adam(new Graph(0), { ...all, second: short }, options),
    /Cannot update arena \(256 bytes\) with short \(128 bytes of f32, with a home\): equal sizes/,
  );
  assert.throws(
    () => adam(new Graph(0), all, { ...options, correctionIndex: 3 }),
    /Cannot update arena by number 4 of rates \[1,1,4\]: it holds 4, from 0/,
  );
  memory.free();
});
