import assert from "node:assert/strict";
import { allocate, readBack, upload } from "../../../kernels/memory.ts";
import { DeviceError } from "../../../kernels/errors.ts";
import { Graph } from "../../../kernels/graph.ts";
import { add } from "../../../kernels/ops/feature/add.ts";
import { convolution } from "../../../kernels/ops/convolution/convolution.ts";
import { resizeBilinear } from "../../../kernels/ops/feature/resize_bilinear.ts";
import { compile, type Program } from "../../../kernels/program/program.ts";
import { makeTensor, type Tensor } from "../../../kernels/tensor.ts";
import { textureBytes } from "../../../kernels/shader/texture_operand.ts";
import { gpuTest, store, testDevice, uniform } from "../../support/gpu.ts";
import { skip } from "../../support/skip.ts";

/** y = resize(x · w) + itself, and its gradient by w. */
async function smallStep(): Promise<{ program: Program; y: Tensor; dw: Tensor; graph: Graph; free(): void }> {
  const device = await testDevice();
  const held = allocate(device, "inputs", [
    { label: "x", shape: [2, 5, 7, 3] },
    { label: "w", shape: [3, 3, 3, 6], layout: "kernel" },
    { label: "dw", shape: [3, 3, 3, 6], layout: "kernel" },
    { label: "dy", shape: [2, 9, 9, 6] },
  ]);
  const [x, w, dw, dy] = held.tensors as [Tensor, Tensor, Tensor, Tensor];
  [x, w, dy].forEach((tensor, i) => {
    const length = tensor.shape.reduce((a, b) => a * b, 1);
    upload(device, tensor, store(uniform(i, length), tensor.shape, tensor.layout));
  });
  const weight = makeTensor({ ...w, tracked: true, gradient: dw });
  const graph = new Graph(device.facts.sharing);
  const resized = resizeBilinear(graph, convolution(graph, x, weight, { padding: 1 }), 9, 9);
  const y = graph.keep(add(graph, resized, resized));
  graph.backward([[y, dy]], (a, b) => add(graph, a, b));
  const program = compile(device, graph);
  return { program, y: program.locate(y), dw, graph, free: () => [program, held].forEach((it) => it.free()) };
}

gpuTest("a steady step makes no buffer, bind group or pipeline", async (device) => {
  const { program, y, free } = await smallStep();
  const before = { ...device.created };
  assert.ok(before.buffers > 0 && before.bindGroups >= program.dispatches.length && before.pipelines > 0);
  for (let step = 0; step < 5; step++) program.run();
  assert.deepEqual(device.created, before);
  // The staging buffer of a reading is no part of a step.
  await readBack(device, [y]);
  assert.deepEqual(device.created, { ...before, buffers: before.buffers + 1 });
  free();
});

gpuTest("a program gives the same bits on every run, and so does one compiled anew", async (device) => {
  const one = await smallStep(), two = await smallStep();
  const readings = [];
  for (const { program, y, dw } of [one, one, two]) {
    program.run();
    readings.push(await readBack(device, [y, dw]));
  }
  assert.ok(readings[0]!.every((values) => values.some((value) => value !== 0)));
  assert.deepEqual(readings[1], readings[0]);
  assert.deepEqual(readings[2], readings[0]);
  one.free();
  two.free();
});

gpuTest("compile() reports each launch, plans the workspace and shares pipelines", async (device) => {
  const first = await smallStep();
  const { pipelines } = device.created;
  const seen: string[] = [];
  const again = compile(device, first.graph, (done, total) => seen.push(`${done}/${total}`));
  const total = first.graph.dispatches.length;
  assert.deepEqual(seen, Array.from({ length: total }, (_, i) => `${i + 1}/${total}`));
  assert.equal(device.created.pipelines, pipelines);
  const { height: rows = 0, depthOrArrayLayers: layers = 0 } = again.texture ?? {};
  const operands = textureBytes({ rows, layers });
  assert.equal(again.workspaceBytes, again.plan.arenas.reduce((a, b) => a + b, 0) + operands);
  assert.ok(again.workspaceBytes >= again.plan.lowerBound && again.plan.lowerBound > 0);
  again.free();
  first.free();
});

gpuTest("an empty graph compiles and runs", async (device) => {
  const program = compile(device, new Graph(0));
  program.run();
  assert.equal(program.workspaceBytes, 0);
  assert.deepEqual(await program.profile(), []);
  program.free();
});

gpuTest("locate() refuses a tensor whose memory other tensors take over", async () => {
  const { program, graph, free } = await smallStep();
  const inner = graph.dispatches[0]!.writes[0]!;
  assert.throws(
    () => program.locate(inner),
    (error) => error instanceof DeviceError && /memory is reused within a run; keep it/.test(error.message),
  );
  assert.throws(() => program.locate(makeTensor({ label: "stranger", shape: [4] })), DeviceError);
  free();
});

gpuTest("profile() times each launch and leaves the result as run() does", async (device) => {
  if (!device.facts.features.includes("timestamp-query")) {
    return skip(`${device.facts.name} has no timestamps`);
  }
  const { program, y, free } = await smallStep();
  program.run();
  const [before] = await readBack(device, [y]);
  const times = await program.profile();
  assert.equal(times.length, program.dispatches.length);
  assert.ok(times.every((milliseconds) => milliseconds >= 0 && milliseconds < 10_000));
  assert.deepEqual((await readBack(device, [y]))[0], before);
  free();
});
