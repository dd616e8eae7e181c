import assert from "node:assert/strict";
import type { Device } from "../../../../kernels/device.ts";
import { allocate, readBack, upload } from "../../../../kernels/memory.ts";
import { ShapeError } from "../../../../kernels/errors.ts";
import { Graph } from "../../../../kernels/graph.ts";
import { adam, biasCorrections } from "../../../../kernels/ops/update/adam.ts";
import { guardStart, guardUpdate, readGuard } from "../../../../kernels/ops/update/guard_update.ts";
import { sgd } from "../../../../kernels/ops/update/sgd.ts";
import { compile } from "../../../../kernels/program/program.ts";
import { adam as adamReference } from "../../../../kernels/reference/update/adam.ts";
import { sgd as sgdReference } from "../../../../kernels/reference/update/sgd.ts";
import { guardUpdate as reference } from "../../../../kernels/reference/update/guard_update.ts";
import { makeTensor, type Tensor } from "../../../../kernels/tensor.ts";
import { assertClose, gpuTest, uniform } from "../../../support/gpu.ts";

const map = (label: string, shape: number[]) => ({ label, shape, layout: "map" as const });

/** Two arenas of gradients, one of them with more than one number for each invocation that looks. */
const LENGTHS = [37, 70_001];

const BETAS = { beta1: 0.9, beta2: 0.999 };

/** With `towards` the squares, which SGD has no use for, are where weight decay pulls to. */
function open(device: Device, optimizer: "sgd" | "adam" = "sgd", towards = false) {
  const arenas = (kind: string) => LENGTHS.map((length, i) => map(`${kind} ${i}`, [length]));
  const memory = allocate(device, "test", [
    map("rates", [1, 1, 4]),
    map("guard", [1, 1, 4]),
    ...arenas("gradients"),
    ...arenas("parameters"),
    ...arenas("momenta"),
    ...arenas("squares"),
  ]);
  const [rates, guard, ...rest] = memory.tensors as [Tensor, Tensor, ...Tensor[]];
  const [gradients, parameters, momenta, squares] = [0, 1, 2, 3].map((kind) =>
    rest.slice(kind * LENGTHS.length, (kind + 1) * LENGTHS.length)
  ) as [Tensor[], Tensor[], Tensor[], Tensor[]];
  const graph = new Graph(0);
  guardUpdate(graph, gradients, guard);
  LENGTHS.forEach((_, i) => {
    const start = towards && { start: squares[i]! };
    const tensors = { parameters: parameters[i]!, gradients: gradients[i]!, ...start };
    const common = { rates, rateIndex: 0, weightDecay: 0.25, guard };
    if (optimizer === "sgd") sgd(graph, { ...tensors, momenta: momenta[i]! }, { ...common, momentum: 0.5 });
    else {
      const settings = { ...common, ...BETAS, correctionIndex: 1, epsilon: 1e-3, decoupled: false };
      adam(graph, { ...tensors, first: momenta[i]!, second: squares[i]! }, settings);
    }
  });
  return { memory, program: compile(device, graph), gradients, parameters, momenta, squares, rates, guard };
}

gpuTest("guardUpdate() counts the updates it leaves out; sgd() then changes nothing", async (device) => {
  const { memory, program, gradients, parameters, momenta, rates, guard } = open(device);
  const clean = LENGTHS.map((length, i) => uniform(i, length));
  clean.forEach((values, i) => upload(device, parameters[i]!, Float32Array.from(values)));
  upload(device, rates, Float32Array.of(0.5, 0, 0, 0));
  upload(device, guard, guardStart(1024));
  let expected = [...guardStart(1024)];
  let kept = await readBack(device, [...parameters, ...momenta]);
  const largest = 3.4028234663852886e38;
  for (
    const [arena, place, value] of [
      [0, 0, largest],
      [1, 70_000, Infinity],
      [0, 36, -Infinity],
      [1, 33_333, NaN],
      [0, 5, -largest],
      [0, 5, 0],
      [1, 8192 * 4 + 3, Infinity],
    ] as const
  ) {
    const values = clean.map((before) => Float32Array.from(before));
    values[arena]![place] = value;
    values.forEach((array, i) => upload(device, gradients[i]!, array));
    program.run();
    expected = reference(values, expected);
    const [read, ...now] = await readBack(device, [guard, ...parameters, ...momenta]);
    assert.deepEqual([...read!], expected, `${value} at ${place} of arena ${arena}`);
    if (expected[1] === 1) assert.deepEqual(now, kept);
    else assert.notDeepEqual(now, kept);
    kept = now;
  }
  assert.deepEqual(readGuard(Float32Array.from(expected)), { skipped: 4, inARow: 1 });
  program.free();
  memory.free();
});

gpuTest(
  "sgd() under a guard divides the gradients by the losses' scale, and nothing else",
  async (device) => {
    const { memory, program, gradients, parameters, momenta, rates, guard } = open(device);
    const [start, gradient] = [uniform(1, LENGTHS[1]!), uniform(2, LENGTHS[1]!)];
    upload(device, parameters[1]!, Float32Array.from(start));
    upload(device, gradients[1]!, Float32Array.from(gradient, (value) => 1024 * value));
    upload(device, rates, Float32Array.of(0.5, 0, 0, 0));
    upload(device, guard, guardStart(1024));
    program.run();
    const [p, m] = await readBack(device, [parameters[1]!, momenta[1]!]);
    const buffer = gradient.map((value, i) => value + 0.25 * start[i]!);
    assertClose(m!.slice(0, LENGTHS[1]!), buffer, { what: "momenta" });
    assertClose(p!.slice(0, LENGTHS[1]!), start.map((value, i) => value - 0.5 * buffer[i]!), {
      what: "parameters",
    });
    program.free();
    memory.free();
  },
);

gpuTest("sgd() under a guard pulls to the start by the weight decay", async (device) => {
  const { memory, program, gradients, parameters, squares, rates, guard } = open(device, "sgd", true);
  const length = LENGTHS[1]!,
    [values, gradient, start] = [1, 2, 3].map((seed) => uniform(seed, length)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
  upload(device, parameters[1]!, Float32Array.from(values));
  upload(device, squares[1]!, Float32Array.from(start));
  upload(device, gradients[1]!, Float32Array.from(gradient, (value) => 1024 * value));
  upload(device, rates, Float32Array.of(0.5, 0, 0, 0));
  upload(device, guard, guardStart(1024));
  program.run();
  sgdReference(values, gradient, new Float64Array(length), {
    rate: 0.5,
    momentum: 0.5,
    weightDecay: 0.25,
    start,
  });
  const [p, s] = await readBack(device, [parameters[1]!, squares[1]!]);
  assertClose(p!.slice(0, length), values, { what: "parameters" });
  assert.deepEqual(s!.slice(0, length), Float32Array.from(start));
  program.free();
  memory.free();
});

gpuTest(
  "adam() under a guard divides the gradients before it squares them, and changes nothing where it leaves out",
  async (device) => {
    const { memory, program, gradients, parameters, momenta, squares, rates, guard } = open(device, "adam");
    const length = LENGTHS[1]!, [start, gradient] = [uniform(1, length), uniform(2, length)];
    const scaled = Float32Array.from(gradient, (value) => 1024 * value);
    upload(device, parameters[1]!, Float32Array.from(start));
    upload(device, gradients[1]!, scaled);
    upload(device, rates, Float32Array.of(0.5, ...biasCorrections(BETAS, 1), 0));
    upload(device, guard, guardStart(1024));
    program.run();
    const held = [parameters[1]!, momenta[1]!, squares[1]!];
    const after = await readBack(device, held);
    const moments = { first: new Float64Array(length), second: new Float64Array(length) };
    const law = { ...BETAS, rate: 0.5, t: 1, epsilon: 1e-3, weightDecay: 0.25, decoupled: false };
    adamReference(start, gradient, moments, law);
    [start, moments.first, moments.second].forEach((expected, i) =>
      assertClose(after[i]!.slice(0, length), expected, { what: held[i]!.label })
    );
    upload(device, gradients[1]!, scaled.fill(NaN, 4098, 4099));
    program.run();
    assert.deepEqual(await readBack(device, held), after);
    program.free();
    memory.free();
  },
);

Deno.test("guardUpdate() refuses what is no guard", () => {
  const gradients = makeTensor({ label: "gradients", shape: [8] });
  const guard = makeTensor({ label: "rates", shape: [1, 1, 4], layout: "map" });
  assert.throws(
    () => guardUpdate(new Graph(0), [gradients], guard),
    (error) =>
      error instanceof ShapeError && /Cannot guard an update by rates .*with a home/.test(error.message),
  );
});
