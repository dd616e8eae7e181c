import assert from "node:assert/strict";
import { allocate, type Device, readBack, upload } from "../../kernels/device.ts";
import { ShapeError } from "../../kernels/errors.ts";
import { Graph } from "../../kernels/graph.ts";
import { guardStart, guardUpdate, readGuard } from "../../kernels/ops/guard_update.ts";
import { sgd } from "../../kernels/ops/sgd.ts";
import { compile } from "../../kernels/program.ts";
import { guardUpdate as reference } from "../../kernels/reference/guard_update.ts";
import { makeTensor, type Tensor } from "../../kernels/tensor.ts";
import { assertClose, gpuTest, uniform } from "../support/gpu.ts";

const map = (label: string, shape: number[]) => ({ label, shape, layout: "map" as const });

/** Two arenas of gradients, one of them with more than one number for each invocation that looks. */
const LENGTHS = [37, 70_001];

function open(device: Device) {
  const arenas = (kind: string) => LENGTHS.map((length, i) => map(`${kind} ${i}`, [length]));
  const memory = allocate(device, "test", [
    map("rates", [1, 1, 4]),
    map("guard", [1, 1, 4]),
    ...arenas("gradients"),
    ...arenas("parameters"),
    ...arenas("momenta"),
  ]);
  const [rates, guard, ...rest] = memory.tensors as [Tensor, Tensor, ...Tensor[]];
  const [gradients, parameters, momenta] = [0, 1, 2].map((kind) =>
    rest.slice(kind * LENGTHS.length, (kind + 1) * LENGTHS.length)
  ) as [Tensor[], Tensor[], Tensor[]];
  const graph = new Graph(0);
  guardUpdate(graph, gradients, guard);
  LENGTHS.forEach((_, i) => {
    const tensors = { parameters: parameters[i]!, gradients: gradients[i]!, momenta: momenta[i]! };
    sgd(graph, tensors, { rates, rateIndex: 0, momentum: 0.5, weightDecay: 0.25, guard });
  });
  return { memory, program: compile(device, graph), gradients, parameters, momenta, rates, guard };
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

Deno.test("guardUpdate() refuses what is no guard", () => {
  const gradients = makeTensor({ label: "gradients", shape: [8] });
  const guard = makeTensor({ label: "rates", shape: [1, 1, 4], layout: "map" });
  assert.throws(
    () => guardUpdate(new Graph(0), [gradients], guard),
    (error) =>
      error instanceof ShapeError && /Cannot guard an update by rates .*with a home/.test(error.message),
  );
});
